package account

import (
	"context"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/fault"
)

// Whatever can sign in later or act alone (a password, a second factor, recovery
// codes, a passkey, an account at a provider, an API key, a client and its
// secret, the address that links are sent to), and the person's data and account
// as a whole, are touched only after the person has proved to be present, not
// long before, by what the account had already. Signing in proves it, and so do
// the password and a code of the second factor. Setting up something new proves
// nothing: a sign-in that is renewed keeps the time of its last proof. The adapters
// hold tables of which route asks for what.

// confirmedFor is how long a proof counts.
const confirmedFor = 10 * time.Minute

// Confirmed reports whether the person at sign-in in has proved to be present
// not long ago.
func (s *Service) Confirmed(in *authserver.Signin) bool {
	return s.now().Sub(in.ConfirmedAt) <= confirmedFor
}

// NeedsPassword reports whether Reconfirm will ask for the password.
func (s *Service) NeedsPassword(in *authserver.Signin) bool {
	return !s.Confirmed(in) && in.User.PasswordHash != ""
}

// ErrSignInAgain refuses a person without a password who has signed in too long ago.
var ErrSignInAgain = fault.New(fault.Forbidden, "For this, you must have signed in within the last ten minutes. Sign out, sign in and try again.")

// Reconfirm asks the person at sign-in in for the password again, unless they
// have proved to be present not long ago. Errors: fault.Invalid (it is wrong),
// ErrSignInAgain, fault.RateLimited.
func (s *Service) Reconfirm(ctx context.Context, in *authserver.Signin, password string) error {
	switch {
	case s.Confirmed(in):
		return nil
	case in.User.PasswordHash == "":
		return ErrSignInAgain
	}
	return s.confirmPassword(ctx, in, password)
}

// confirm asks the person at sign-in in for the password in any case; one who
// has none must have signed in not long ago. Errors: as Reconfirm.
func (s *Service) confirm(ctx context.Context, in *authserver.Signin, password string) error {
	if in.User.PasswordHash == "" {
		return s.Reconfirm(ctx, in, "")
	}
	return s.confirmPassword(ctx, in, password)
}

// confirmPassword compares the password. The limits of sign-in count here too, the
// failures at this sign-in alone. fault.Invalid: it is wrong.
func (s *Service) confirmPassword(ctx context.Context, in *authserver.Signin, password string) error {
	fresh, err := s.deps.Store.FindUser(ctx, in.User.ID)
	if err != nil {
		return err
	}
	err = s.tryPassword(ctx, fresh, fresh.Email+"\x00"+in.ID, password)
	if fault.Is(err, fault.Unauthenticated) {
		return invalid(authserver.Violations{{Field: "password", Rule: "password.wrong", Message: "The password is wrong"}})
	}
	if err != nil {
		return err
	}
	in.User.PasswordHash, in.ConfirmedAt = fresh.PasswordHash, s.now()
	return s.deps.Store.ConfirmSignin(ctx, in.Digest, in.ConfirmedAt)
}

// errConfirmationRequired refuses a device whose person has signed in too long ago.
var errConfirmationRequired = fault.New(fault.Forbidden,
	"This needs a sign-in of the last 10 minutes. Sign in again and repeat the request").WithCode("confirmation_required")

// ConfirmedGrant is Confirmed for a grant of the product's own apps: the sign-in
// that opened it is the proof, and refreshing renews nothing.
// errConfirmationRequired: it is too long ago.
func (s *Service) ConfirmedGrant(ctx context.Context, grantID string) error {
	opened, err := s.deps.Store.GrantOpenedAt(ctx, grantID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	if err != nil || s.now().Sub(opened) > confirmedFor {
		return errConfirmationRequired.WithCause(err)
	}
	return nil
}
