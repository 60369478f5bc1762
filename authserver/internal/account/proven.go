package account

import (
	"context"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

// AdmitSignin counts one try to sign in from v's address, for ways in that have
// no password to check. Errors: fault.RateLimited, fault.Unavailable.
func (s *Service) AdmitSignin(ctx context.Context, v Visitor) error {
	return s.take(ctx, "signin-address", v.Address, s.deps.Settings.Throttles.SigninAddress)
}

// AdmitSecondFactor counts one second factor tried by the user, whatever it is.
// Errors: as AdmitSignin.
func (s *Service) AdmitSecondFactor(ctx context.Context, userID string) error {
	return s.take(ctx, "second-factor", userID, s.deps.Settings.Throttles.SecondFactor)
}

// SignInProven signs u in at a browser, who was proved to be there with
// everything this user needs: by a passkey whose device verified the person. u is as
// read before the proof counted: a password reset since then suspends passkeys.
// Errors: ErrBadCredentials (deactivated, or another password, since u was read).
func (s *Service) SignInProven(ctx context.Context, u *authserver.User, v Visitor, replaced secret.Token) (SigninResult, error) {
	return s.signInHere(ctx, u, v, replaced, nil)
}

// FinishSignInProven is FinishSignIn for a second factor that was checked
// elsewhere: a passkey of the user who gave the right password. Errors:
// fault.NotFound (nothing is pending any more).
func (s *Service) FinishSignInProven(ctx context.Context, pending secret.Token, userID string, v Visitor, replaced secret.Token) (SigninResult, error) {
	u, err := s.deps.Store.FindPendingSignin(ctx, pending.Digest(), s.now())
	if err == nil && u.ID != userID {
		err = fault.New(fault.NotFound, "No such pending sign-in")
	}
	if err != nil {
		return SigninResult{}, err
	}
	return s.signInHere(ctx, u, v, replaced, func(ctx context.Context) error {
		return s.deps.Store.TakePendingSignin(ctx, pending.Digest())
	})
}
