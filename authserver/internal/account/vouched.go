package account

import (
	"context"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

// SignInVouched signs u in at a browser whose person a provider has identified,
// without a password. A user who has a second factor is asked for it. Errors: ErrBadCredentials (deactivated meanwhile).
func (s *Service) SignInVouched(ctx context.Context, u *authserver.User, v Visitor, replaced secret.Token) (SigninResult, error) {
	if u.SecondFactor {
		return s.await(ctx, u)
	}
	return s.signInHere(ctx, u, v, replaced, nil)
}

// SignInChecked signs u in at a browser after everything this user needs was
// checked. It joins the transaction of ctx. Errors: ErrBadCredentials
// (deactivated, another password or a second factor, since u was read).
func (s *Service) SignInChecked(ctx context.Context, u *authserver.User, v Visitor, replaced secret.Token) (secret.Token, error) {
	result, err := s.signInHere(ctx, u, v, replaced, nil)
	if err == nil && result.Cookie.IsZero() {
		err = ErrBadCredentials
	}
	return result.Cookie, err
}

// OpenDevice registers the device and issues its tokens, after everything this
// user needs was checked; grants opened on the device before end. It joins the
// transaction of ctx. origin says which way the person came in. Errors:
// fault.Malformed (device), ErrBadCredentials (as SignInChecked).
func (s *Service) OpenDevice(ctx context.Context, u *authserver.User, d authserver.Device, origin string) (*authserver.Tokens, error) {
	if err := authserver.CheckDevice(&d); err != nil {
		return nil, err
	}
	var tokens *authserver.Tokens
	err := s.deps.Store.InTx(ctx, func(ctx context.Context) (err error) {
		if err := s.deps.Store.NoteSignin(ctx, u.ID, s.now(), ""); err != nil {
			return err
		}
		if err := s.stillGood(ctx, u); err != nil {
			return err
		}
		if tokens, err = s.openDevice(ctx, u, &d, origin); err != nil {
			return err
		}
		return s.signedIn(ctx, u, &d, origin)
	})
	return tokens, err
}

// AdmitSignup counts one sign-up from v's address. Errors: fault.RateLimited,
// fault.Unavailable.
func (s *Service) AdmitSignup(ctx context.Context, v Visitor) error {
	return s.take(ctx, "signup", v.Address, s.deps.Settings.Throttles.Signup)
}

// SignUpVouched creates a user without a password, in the family of invitation
// (nil: a family of their own), which is used up. The address must be proved to
// be the person's. It joins the transaction of ctx. Errors: fault.Invalid with
// every broken rule, fault.Forbidden (the invitation is gone).
func (s *Service) SignUpVouched(ctx context.Context, in Signup, invitation *authserver.Invitation) (*authserver.User, error) {
	u, broken := in.user()
	if len(broken) > 0 {
		return nil, invalid(broken)
	}
	var t ticket
	if invitation != nil {
		t = ticket{code: invitation.Digest, invitation: invitation}
	}
	u.ID, u.CreatedAt = uuid.NewString(), s.now()
	u.EmailConfirmedAt, u.New = &u.CreatedAt, true
	err := s.deps.Store.InTx(ctx, func(ctx context.Context) error { return s.create(ctx, u, t) })
	if err != nil {
		return nil, err
	}
	return u, nil
}

// TokensRefused is TokenRefused as an error: err, or fault.RateLimited when it
// was one refusal too many from v's address.
func (s *Service) TokensRefused(ctx context.Context, err error, v Visitor) error {
	if fault.Is(err, fault.Unauthenticated) {
		if wait := s.TokenRefused(ctx, v.Address); wait > 0 {
			return throttled(wait)
		}
	}
	return err
}
