package account

import (
	"context"
	"time"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/pkg/fault"
)

// errDelete is the refusal of docs/contract.md, "Reset and deletion".
var errDelete = fault.New(fault.Invalid, "Failed to delete account")

// Delete removes a user for good: deactivated, every sign-in, grant and key
// ended, the address free, personal data gone, and with the last member the
// family's data, all decided in one transaction. The resource API is told
// through an outbox message that survives a crash. Errors: fault.Invalid (the
// last admin of a family that has other members), fault.NotFound.
func (s *Service) Delete(ctx context.Context, userID string) error {
	return s.leave(ctx, userID, true)
}

// Deactivate stops a user, until Reactivate. The family's data stays. Errors:
// as Delete.
func (s *Service) Deactivate(ctx context.Context, userID string) error {
	return s.leave(ctx, userID, false)
}

func (s *Service) leave(ctx context.Context, userID string, forGood bool) error {
	return s.deps.Store.InTx(ctx, func(ctx context.Context) error {
		u, err := s.deps.Store.FindUser(ctx, userID)
		if err != nil {
			return err
		}
		if err := s.deps.Store.LockFamily(ctx, u.FamilyID); err != nil {
			return err
		}
		last, err := s.mayLeave(ctx, u)
		if err != nil {
			return err
		}
		now := s.now()
		was, err := s.deps.Store.Deactivate(ctx, u.ID, !forGood, now) // the user's row first: see grant.Service.End
		if err != nil {
			return err
		}
		owned, err := s.disableOwnedClients(ctx, u.ID, now)
		if err != nil {
			return err
		}
		ending := endingDeactivated
		if forGood {
			ending = endingDeleted
		}
		if err := s.end(ctx, u.ID, ending, ""); err != nil {
			return err
		}
		if err := s.endOwnedClients(ctx, u.ID, owned, forGood); err != nil {
			return err
		}
		if !forGood {
			if !was {
				return fault.New(fault.Conflict, "The user is already deactivated")
			}
			return s.record(ctx, authserver.EventUserDeactivated, u.ID)
		}
		return s.forget(ctx, u, last)
	})
}

// forget erases what is known of a user who has left, and with the last member has
// the family's data erased, in the transaction of ctx.
func (s *Service) forget(ctx context.Context, u *authserver.User, last bool) error {
	if err := s.record(ctx, authserver.EventUserDeleted, u.ID); err != nil {
		return err
	}
	now := s.now()
	if err := s.deps.Store.ForgetUser(ctx, u.ID, now); err != nil || !last {
		return err
	}
	if err := s.deps.Store.ForgetFamily(ctx, u.FamilyID); err != nil {
		return err
	}
	return s.deps.Store.AddOutboxMessage(ctx, authserver.OutboxMessage{
		ID: uuid.NewString(), Kind: authserver.OutboxEraseFamily, Subject: u.FamilyID, Payload: u.ID, CreatedAt: now,
	})
}

// disableOwnedClients stops the applications a user has registered, for everybody
// who allowed them: their owner is not there any more. It returns their ids.
func (s *Service) disableOwnedClients(ctx context.Context, userID string, now time.Time) ([]string, error) {
	if err := s.deps.Store.DisableOwnedClients(ctx, userID, now); err != nil {
		return nil, err
	}
	return s.deps.Store.OwnedClients(ctx, userID)
}

// enableOwnedClients takes disableOwnedClients back, of u as it was before it came back.
func (s *Service) enableOwnedClients(ctx context.Context, u *authserver.User) error {
	if u.DeactivatedAt == nil {
		return nil
	}
	return s.deps.Store.EnableOwnedClients(ctx, u.ID, *u.DeactivatedAt)
}

// endOwnedClients ends what was issued to clients that were disabled, and deletes
// them if their owner leaves for good.
func (s *Service) endOwnedClients(ctx context.Context, userID string, owned []string, forGood bool) error {
	for _, id := range owned {
		if err := s.deps.Grants.End(ctx, authserver.GrantFilter{ClientID: id}, authserver.EndClientDeleted); err != nil {
			return err
		}
	}
	if !forGood {
		return nil
	}
	return s.deps.Store.DeleteOwnedClients(ctx, userID)
}

// mayLeave refuses the last admin of a family that has other members. last: u
// is the last member; one who has closed the account and may restore it is one.
func (s *Service) mayLeave(ctx context.Context, u *authserver.User) (last bool, err error) {
	members, err := s.deps.Store.ListMembers(ctx, u.FamilyID)
	if err != nil {
		return false, err
	}
	others, admins := 0, 0
	for _, m := range members {
		if m.ID != u.ID {
			others++
			if m.Role == authserver.RoleAdmin {
				admins++
			}
		}
	}
	if u.Active() && u.Role == authserver.RoleAdmin && others > 0 && admins == 0 {
		return false, errDelete.WithDetails([]string{"Admin can't leave a family that has other members: make another member admin first, or remove the others"})
	}
	if others > 0 {
		return false, nil
	}
	closed, err := s.deps.Store.CountClosed(ctx, u.FamilyID)
	if u.Closed() {
		closed-- // u
	}
	return closed <= 0, err
}

// Reactivate takes Deactivate back. Errors: fault.NotFound, fault.Conflict (the
// address has another owner now).
func (s *Service) Reactivate(ctx context.Context, userID string) error {
	return s.deps.Store.InTx(ctx, func(ctx context.Context) error {
		u, err := s.deps.Store.FindUser(ctx, userID)
		if err != nil {
			return err
		}
		if err := s.deps.Store.Reactivate(ctx, userID); err != nil {
			return err
		}
		if err := s.enableOwnedClients(ctx, u); err != nil {
			return err
		}
		return s.record(ctx, authserver.EventUserReactivated, userID)
	})
}
