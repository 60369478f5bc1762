package account

import (
	"context"
	"log/slog"
	"strings"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

// Signup is what a person fills in to get an account.
type Signup struct {
	Email      string
	Password   string
	FirstName  string
	LastName   string
	InviteCode string // of the instance; needed when sign-up is by invitation
}

// Profile is what is left of a sign-up once it is checked.
func (in *Signup) user() (*authserver.User, authserver.Violations) {
	u := &authserver.User{
		Email:     authserver.NormalizeEmail(in.Email),
		FirstName: strings.TrimSpace(in.FirstName),
		LastName:  strings.TrimSpace(in.LastName),
		UILayout:  "dashboard",
		Role:      authserver.RoleAdmin,
	}
	broken := authserver.CheckEmail(u.Email)
	broken = append(broken, authserver.CheckName("first_name", u.FirstName)...)
	return u, append(broken, authserver.CheckName("last_name", u.LastName)...)
}

// invalid turns violations into the error of contract section 4.3; the
// violations themselves are its cause, for pages that show them by field.
func invalid(v authserver.Violations) error {
	return fault.New(fault.Invalid, v[0].Message).WithErrors(v.Messages()...).WithCause(v)
}

// SignUp creates a user with a family of their own. then runs in the same
// transaction: what must exist with the user is made there. Errors:
// fault.Forbidden (sign-up closed, invite code), fault.Invalid (with every
// broken rule), fault.RateLimited, fault.Unavailable.
func (s *Service) SignUp(ctx context.Context, in Signup, v Visitor, then func(ctx context.Context, u *authserver.User) error) (*authserver.User, error) {
	if err := s.take(ctx, "signup", v.Address, s.Settings.Throttles.Signup); err != nil {
		return nil, err
	}
	if err := s.maySignUp(ctx, &in, v); err != nil {
		return nil, err
	}
	u, broken := in.user()
	if rules := authserver.CheckPassword(in.Password); len(rules) > 0 {
		return nil, invalid(append(rules, broken...))
	}
	if len(broken) > 0 {
		return nil, invalid(broken)
	}
	hash, err := s.hasher.hash(ctx, in.Password)
	if err != nil {
		return nil, err
	}
	u.PasswordHash = hash
	if err := s.create(ctx, u, &in, then); err != nil {
		return nil, err
	}
	s.audit(ctx, authserver.EventSignup, slog.String("user_id", u.ID), slog.String("family_id", u.FamilyID))
	return u, nil
}

// maySignUp applies the operator's policy before anything else is looked at.
func (s *Service) maySignUp(_ context.Context, _ *Signup, _ Visitor) error {
	if s.Settings.Signup == SignupClosed {
		return fault.New(fault.Forbidden, "Sign-up is closed")
	}
	return nil
}

func (s *Service) create(ctx context.Context, u *authserver.User, _ *Signup, then func(ctx context.Context, u *authserver.User) error) error {
	u.ID, u.FamilyID, u.CreatedAt = uuid.NewString(), uuid.NewString(), s.now()
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		operator, err := s.Store.ClaimOperator(ctx, u.ID, u.CreatedAt)
		if err != nil {
			return err
		}
		u.Operator = operator
		family := authserver.Family{ID: u.FamilyID, Name: authserver.FamilyNameFor(u), CreatedAt: u.CreatedAt}
		if err := s.Store.CreateFamily(ctx, family); err != nil {
			return err
		}
		u.FamilyName = family.Name
		if err := s.Store.CreateUser(ctx, u); err != nil {
			if fault.Is(err, fault.Conflict) {
				return invalid(authserver.EmailTaken())
			}
			return err
		}
		if then == nil {
			return nil
		}
		return then(ctx, u)
	})
}

// SignUpHere is SignUp at a browser, which is then signed in.
func (s *Service) SignUpHere(ctx context.Context, in Signup, v Visitor) (secret.Token, error) {
	var cookie secret.Token
	_, err := s.SignUp(ctx, in, v, func(ctx context.Context, u *authserver.User) error {
		var err error
		cookie, err = s.openSignin(ctx, u, v)
		return err
	})
	return cookie, err
}
