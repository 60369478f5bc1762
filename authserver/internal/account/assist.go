package account

import (
	"context"

	"latchkey/authserver"
	"latchkey/pkg/fault"
)

// What an operator does for, or to, somebody else.

// SetOperator says whether an active user may look after the instance. Links that the user
// handed over as an operator end with it.
// fault.Conflict: it is so already, or the user is not active.
func (s *Service) SetOperator(ctx context.Context, userID string, on bool) error {
	return s.deps.Store.InTx(ctx, func(ctx context.Context) error {
		done, err := s.deps.Store.SetOperator(ctx, userID, on)
		if err != nil {
			return err
		}
		if !done {
			return fault.New(fault.Conflict, "Nothing has changed: it was already so, or the account is not active.")
		}
		if on {
			return s.record(ctx, authserver.EventOperatorOn, userID)
		}
		if err := s.deps.Store.VoidHandedOut(ctx, userID, s.now()); err != nil {
			return err
		}
		return s.record(ctx, authserver.EventOperatorOff, userID)
	})
}

// SignOutEverywhere ends every sign-in of u: browsers and devices of the JSON
// sign-in. Applications that the user allowed keep working.
func (s *Service) SignOutEverywhere(ctx context.Context, u *authserver.User) error {
	return s.deps.Store.InTx(ctx, func(ctx context.Context) error { return s.signOut(ctx, u) })
}

func (s *Service) signOut(ctx context.Context, u *authserver.User) error {
	if err := s.end(ctx, u.ID, endingSignOut, ""); err != nil {
		return err
	}
	return s.record(ctx, authserver.EventSignoutAll, u.ID)
}

// DropSecondFactor turns the second factor of u off, who has lost it, and signs u out
// everywhere. fault.Conflict: there is none.
func (s *Service) DropSecondFactor(ctx context.Context, u *authserver.User) error {
	if !u.SecondFactor {
		return fault.New(fault.Conflict, "This account has no second factor.")
	}
	return s.deps.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.deps.Store.DeleteSecondFactor(ctx, u.ID); err != nil {
			return err
		}
		if err := s.record(ctx, authserver.EventSecondFactorOff, u.ID); err != nil {
			return err
		}
		return s.signOut(ctx, u)
	})
}
