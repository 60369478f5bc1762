package account

import (
	"context"
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
	InviteCode string // of the instance, or into a family

	device *authserver.Device
}

// user is what is left of a sign-up once it is checked.
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

// check looks at everything that was filled in, in the order of
// docs/contract.md, "Sign up": password, device, then the rest.
func (in *Signup) check() (*authserver.User, error) {
	u, broken := in.user()
	if rules := authserver.CheckPassword(in.Password, u); len(rules) > 0 {
		return nil, invalid(append(rules, broken...))
	}
	if in.device != nil {
		if err := authserver.CheckDevice(in.device); err != nil {
			return nil, err
		}
	}
	if len(broken) > 0 {
		return nil, invalid(broken)
	}
	return u, nil
}

// invalid turns violations into the error of docs/contract.md, "Other error
// shapes"; the violations themselves are its cause, for pages that show them by
// field.
func invalid(v authserver.Violations) error {
	return fault.New(fault.Invalid, v[0].Message).WithErrors(v.Messages()...).WithCause(v)
}

// SignUp creates a user with a family of their own, or in the family they were
// invited to. then runs in the same transaction: what must exist with the user
// is made there. Errors: fault.Forbidden (sign-up closed, invite code),
// fault.Invalid (with every broken rule), fault.RateLimited, fault.Unavailable.
func (s *Service) SignUp(ctx context.Context, in Signup, v Visitor, then func(ctx context.Context, u *authserver.User) error) (*authserver.User, error) {
	if err := s.take(ctx, "signup", v.Address, s.deps.Settings.Throttles.Signup); err != nil {
		return nil, err
	}
	in.InviteCode = strings.TrimSpace(in.InviteCode)
	t, err := s.admit(ctx, &in, v)
	if err != nil {
		return nil, err
	}
	u, err := in.check()
	if err != nil {
		return nil, err
	}
	if u.PasswordHash, err = s.hasher.hash(ctx, in.Password); err != nil {
		return nil, err
	}
	u.ID, u.CreatedAt, u.Language = uuid.NewString(), s.now(), v.Language
	u.PasswordAt = &u.CreatedAt
	err = s.deps.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.create(ctx, u, t); err != nil {
			return err
		}
		if !u.EmailConfirmed() {
			if err := s.askConfirmation(ctx, u, ""); err != nil {
				return err
			}
		}
		return then(ctx, u)
	})
	if err != nil {
		return nil, err
	}
	return u, nil
}

// create stores the user with a family, in a transaction.
func (s *Service) create(ctx context.Context, u *authserver.User, t ticket) error {
	if err := s.use(ctx, t, u); err != nil {
		return err
	}
	operator, err := s.deps.Store.ClaimOperator(ctx, u.ID, u.CreatedAt)
	if err != nil {
		return err
	}
	u.Operator = operator
	if t.invitation != nil {
		u.FamilyID, u.FamilyName, u.Role = t.invitation.FamilyID, t.invitation.FamilyName, t.invitation.Role
		if err := s.joinable(ctx, u.FamilyID); err != nil {
			return err
		}
	} else if err := s.newFamily(ctx, u); err != nil {
		return err
	}
	err = s.deps.Store.CreateUser(ctx, u)
	if fault.Is(err, fault.Conflict) {
		return invalid(authserver.EmailTaken())
	}
	if err != nil {
		return err
	}
	e := authserver.Event{Kind: authserver.EventSignup, UserID: u.ID, FamilyID: u.FamilyID}
	if t.invitation != nil {
		e.Kind, e.SubjectID = authserver.EventMemberJoined, t.invitation.ID
	}
	return s.deps.Events.Record(ctx, e)
}

// joinable locks the family, and refuses one that has no member left: its data may
// be erased already.
func (s *Service) joinable(ctx context.Context, familyID string) error {
	if err := s.deps.Store.LockFamily(ctx, familyID); err != nil {
		return err
	}
	members, err := s.deps.Store.ListMembers(ctx, familyID)
	if err == nil && len(members) == 0 {
		return errInvite
	}
	return err
}

func (s *Service) newFamily(ctx context.Context, u *authserver.User) error {
	f := authserver.Family{ID: uuid.NewString(), Name: authserver.FamilyNameFor(u), CreatedAt: s.now()}
	u.FamilyID, u.FamilyName = f.ID, f.Name
	return s.deps.Store.CreateFamily(ctx, f)
}

// SignUpHere is SignUp at a browser, which is then signed in.
func (s *Service) SignUpHere(ctx context.Context, in Signup, v Visitor) (secret.Token, error) {
	var made opened
	_, err := s.SignUp(ctx, in, v, func(ctx context.Context, u *authserver.User) error {
		err := s.deps.Store.NoteSignin(ctx, u.ID, s.now(), authserver.UserAgentText(v.UserAgent))
		if err == nil {
			made, err = s.openSignin(ctx, u, v, s.now())
		}
		return err
	})
	return made.cookie, err
}
