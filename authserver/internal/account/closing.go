package account

import (
	"context"
	"log/slog"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

// RestorePath is where a link to restore a closed account leads; the token follows
// it.
const RestorePath = "/restore?token="

// restoreLife is how long a person who has just signed in to a closed account has to
// press the button.
const restoreLife = 15 * time.Minute

// ErasureGrace is how long a deleted account can be restored; 0: not at all.
func (s *Service) ErasureGrace() time.Duration { return s.deps.Settings.ErasureGrace }

// Erases reports whether the data of a family is erased with its last member.
func (s *Service) Erases() bool { return s.deps.Settings.Erases }

// Close deletes the account of a user as the person asks: everything ends at once, as
// endingDeleted says. Nothing is erased for the grace period, within which the
// account can be restored; without one it is deleted for good. It returns the user as
// they were, with the time of erasure; an email has a link that restores. Errors: as
// Delete.
func (s *Service) Close(ctx context.Context, userID string) (*authserver.User, error) {
	var u *authserver.User
	err := s.deps.Store.InTx(ctx, func(ctx context.Context) (err error) {
		if u, err = s.deps.Store.FindUser(ctx, userID); err != nil {
			return err
		}
		if s.deps.Settings.ErasureGrace <= 0 {
			return s.leave(ctx, userID, true)
		}
		return s.closeAccount(ctx, u)
	})
	return u, err
}

func (s *Service) closeAccount(ctx context.Context, u *authserver.User) error {
	if err := s.deps.Store.LockFamily(ctx, u.FamilyID); err != nil {
		return err
	}
	if _, err := s.mayLeave(ctx, u); err != nil {
		return err
	}
	now := s.now()
	eraseAt := now.Add(s.deps.Settings.ErasureGrace)
	won, err := s.deps.Store.CloseUser(ctx, u.ID, now, eraseAt)
	if err == nil && !won {
		err = fault.New(fault.NotFound, "User not found")
	}
	if err != nil {
		return err
	}
	owned, err := s.disableOwnedClients(ctx, u.ID, now)
	if err != nil {
		return err
	}
	if err := s.end(ctx, u.ID, endingDeleted, ""); err != nil {
		return err
	}
	if err := s.endOwnedClients(ctx, u.ID, owned, false); err != nil {
		return err
	}
	err = s.deps.Events.Record(ctx, authserver.Event{
		Kind: authserver.EventUserClosed, UserID: u.ID, Details: map[string]string{"erase_at": eraseAt.Format(time.RFC3339)},
	})
	if err != nil {
		return err
	}
	u.DeactivatedAt, u.EraseAt = &now, &eraseAt
	return nil
}

// restoreLink makes a link that restores the account of u until a time.
func (s *Service) restoreLink(ctx context.Context, u *authserver.User, until time.Time) (secret.Token, error) {
	token, now := secret.New(secret.RestoreLink), s.now()
	return token, s.deps.Store.CreateLink(ctx, authserver.Link{
		Digest: token.Digest(), Kind: authserver.LinkRestore, UserID: u.ID, Email: u.Email, Bound: secret.DigestOf(u.PasswordHash),
		CreatedAt: now, ExpiresAt: until,
	})
}

// offerRestore is what a sign-in to a closed account leads to: nothing but the
// question whether to restore it. first is what signInHere says.
func (s *Service) offerRestore(ctx context.Context, u *authserver.User, first func(ctx context.Context) error) (SigninResult, error) {
	var result SigninResult
	err := s.deps.Store.InTx(ctx, func(ctx context.Context) (err error) {
		if first != nil {
			if err := first(ctx); err != nil {
				return err
			}
		}
		result.Restore, err = s.restoreLink(ctx, u, s.now().Add(restoreLife))
		return err
	})
	return result, err
}

// CheckRestoreLink returns whose account a link restores. ErrLinkGone: nobody's.
func (s *Service) CheckRestoreLink(ctx context.Context, text string) (*authserver.User, error) {
	token, err := secret.Parse(secret.RestoreLink, text)
	if err != nil {
		return nil, ErrLinkGone
	}
	_, u, err := s.deps.Store.FindLink(ctx, authserver.LinkRestore, token.Digest(), s.now())
	if fault.Is(err, fault.NotFound) {
		return nil, ErrLinkGone
	}
	return u, err
}

// Restore uses a link: the account is as it was, but what ended does not come back.
// ErrLinkGone: it is used, expired, or the account has been erased.
func (s *Service) Restore(ctx context.Context, text string) error {
	u, err := s.CheckRestoreLink(ctx, text)
	if err != nil {
		return err
	}
	return s.deps.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.deps.Store.LockFamily(ctx, u.FamilyID); err != nil {
			return err
		}
		now := s.now()
		won, err := s.deps.Store.RestoreUser(ctx, u.ID, now)
		if err == nil && won {
			won, err = s.deps.Store.ClaimLink(ctx, authserver.LinkRestore, secret.DigestOf(text), now)
		}
		if err != nil {
			return err
		}
		if !won {
			return ErrLinkGone
		}
		if err := s.deps.Store.VoidLinks(ctx, u.ID, now); err != nil {
			return err
		}
		if err := s.enableOwnedClients(ctx, u); err != nil {
			return err
		}
		return s.record(ctx, authserver.EventUserRestored, u.ID)
	})
}

const erasureEvery = time.Second // how often closed accounts are looked at

// RunErasures erases closed accounts whose time has come, until ctx ends. Every
// replica may run it.
func (s *Service) RunErasures(ctx context.Context) {
	tick := time.NewTicker(erasureEvery)
	defer tick.Stop()
	for {
		if err := s.eraseDue(ctx); err != nil && ctx.Err() == nil {
			s.deps.Logger.LogAttrs(ctx, slog.LevelError, "erasure of closed accounts", slog.String("error", err.Error()))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (s *Service) eraseDue(ctx context.Context) error {
	due, err := s.deps.Store.ListErasable(ctx, s.now())
	if err != nil {
		return err
	}
	for _, id := range due {
		if err := s.deps.Store.InTx(ctx, func(ctx context.Context) error { return s.erase(ctx, id) }); err != nil {
			return err
		}
	}
	return nil
}

// erase erases a closed account, in the transaction of ctx, unless it was restored
// or erased meanwhile.
func (s *Service) erase(ctx context.Context, userID string) error {
	u, err := s.deps.Store.FindUser(ctx, userID)
	if err != nil {
		return err
	}
	if err := s.deps.Store.LockFamily(ctx, u.FamilyID); err != nil {
		return err
	}
	won, err := s.deps.Store.ClaimErasure(ctx, userID, s.now())
	if err != nil || !won {
		return err
	}
	u.EraseAt = nil // as CountClosed sees it now
	last, err := s.mayLeave(ctx, u)
	if err != nil {
		return err
	}
	if err := s.deps.Store.DeleteOwnedClients(ctx, userID); err != nil {
		return err
	}
	return s.forget(ctx, u, last)
}
