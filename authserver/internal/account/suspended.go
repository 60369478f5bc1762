package account

import (
	"context"
	"slices"

	"latchkey/authserver"
)

// endForReset ends what endingReset ends, drops a second factor whose set-up was
// begun and not finished, and suspends what the person is asked about, in the
// transaction of ctx, which has changed the password.
func (s *Service) endForReset(ctx context.Context, userID string) error {
	if err := s.deps.Store.DropUnconfirmedFactor(ctx, userID); err != nil {
		return err
	}
	if err := s.deps.Store.SuspendWaysIn(ctx, userID, s.now()); err != nil {
		return err
	}
	return s.end(ctx, userID, endingReset, "")
}

// Suspended is what a reset has set aside.
type Suspended struct {
	Passkeys   []authserver.Passkey
	Identities []authserver.Identity
}

// Suspended returns what a reset of u has set aside, to be asked about.
func (s *Service) Suspended(ctx context.Context, u *authserver.User) (Suspended, error) {
	passkeys, identities, err := s.deps.Store.ListSuspended(ctx, u.ID)
	return Suspended{passkeys, identities}, err
}

// KeepSuspended restores the passkeys and connected accounts of u with these ids; the
// rest of what was suspended goes for good.
func (s *Service) KeepSuspended(ctx context.Context, u *authserver.User, ids []string) error {
	return s.deps.Store.InTx(ctx, func(ctx context.Context) error {
		asked, err := s.deps.Store.EndReview(ctx, u.ID)
		if err != nil || !asked {
			return err
		}
		found, err := s.Suspended(ctx, u)
		if err != nil {
			return err
		}
		for _, p := range found.Passkeys {
			if err := s.keepOne(ctx, ids, p.ID, u.ID, s.deps.Store.RestorePasskey, authserver.EventPasskeyRemoved); err != nil {
				return err
			}
		}
		for _, i := range found.Identities {
			if err := s.keepOne(ctx, ids, i.ID, u.ID, s.deps.Store.RestoreIdentity, authserver.EventIdentityUnlinked); err != nil {
				return err
			}
		}
		return s.deps.Store.DeleteSuspended(ctx, u.ID)
	})
}

// keepOne restores what is among the ids, and notes what goes.
func (s *Service) keepOne(ctx context.Context, ids []string, id, userID string, restore func(context.Context, string, string) error, kind string) error {
	if slices.Contains(ids, id) {
		return restore(ctx, userID, id)
	}
	return s.deps.Events.Record(ctx, authserver.Event{
		Kind: kind, UserID: userID, SubjectID: id, Details: map[string]string{"by": "reset"},
	})
}
