package account

import (
	"context"
	"time"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

var (
	errInviteNeeded = fault.New(fault.Forbidden, "Invite code is required")
	errInvite       = fault.New(fault.Forbidden, "Invalid invite code")
	errClosed       = fault.New(fault.Forbidden, "Sign-up is closed")
)

// CreateInvite makes an invite code of the instance. life 0: without end;
// email "": for anybody. fault.Invalid: the address is none.
func (s *Service) CreateInvite(ctx context.Context, email, note string, life time.Duration) (*authserver.Invite, secret.Token, error) {
	email = authserver.NormalizeEmail(email)
	if email != "" {
		if broken := authserver.CheckEmail(email); len(broken) > 0 {
			return nil, secret.Token{}, invalid(broken)
		}
	}
	if life < 0 {
		return nil, secret.Token{}, fault.New(fault.Invalid, "The life of an invite code cannot be negative")
	}
	code := secret.New(secret.InviteCode)
	i := authserver.Invite{ID: uuid.NewString(), Digest: code.Digest(), Email: email, Note: note, MadeBy: s.deps.Events.MakerOf(ctx), CreatedAt: s.now()}
	if life > 0 {
		end := i.CreatedAt.Add(life)
		i.ExpiresAt = &end
	}
	err := s.deps.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.deps.Store.CreateInvite(ctx, i); err != nil {
			return err
		}
		return s.deps.Events.Record(ctx, authserver.Event{Kind: authserver.EventInviteCreated, SubjectID: i.ID})
	})
	if err != nil {
		return nil, secret.Token{}, err
	}
	return &i, code, nil
}

// Invites lists every invite code's record, newest first.
func (s *Service) Invites(ctx context.Context) ([]authserver.Invite, error) {
	return s.deps.Store.ListInvites(ctx)
}

// RevokeInvite makes an open code worthless. fault.NotFound: there is none.
func (s *Service) RevokeInvite(ctx context.Context, id string) error {
	missing := fault.New(fault.NotFound, "There is no open invite code with this ID")
	if !authserver.ValidID(id) {
		return missing
	}
	return s.deps.Store.InTx(ctx, func(ctx context.Context) error {
		ok, err := s.deps.Store.RevokeInvite(ctx, id, s.now())
		if err == nil && !ok {
			return missing
		}
		if err != nil {
			return err
		}
		return s.deps.Events.Record(ctx, authserver.Event{Kind: authserver.EventInviteRevoked, SubjectID: id})
	})
}

// JoinPath is where an invitation into a family leads; the code follows it.
const JoinPath = "/join?code="

// ticket is what an invite code stands for.
type ticket struct {
	code       secret.Digest
	invite     bool                   // of the instance
	invitation *authserver.Invitation // into a family
}

// mailed reports whether the code was sent to the address it is bound to, and shown
// to nobody else: whoever has it reads what is sent there.
func (t ticket) mailed() bool { return t.invitation != nil && t.invitation.Mailed }

// admit applies the operator's policy and looks the code up, without using it.
// It comes first, before anything else is looked at (docs/contract.md, "Sign
// up"): who has no code learns nothing about addresses. Wrong codes count per
// address.
func (s *Service) admit(ctx context.Context, in *Signup, v Visitor) (ticket, error) {
	if s.deps.Settings.Signup == SignupClosed {
		return ticket{}, errClosed
	}
	if in.InviteCode == "" {
		if s.deps.Settings.Signup == SignupInvite {
			return ticket{}, errInviteNeeded
		}
		return ticket{}, nil
	}
	limits := s.deps.Settings.Throttles.Invite
	if err := s.blocked(ctx, "invite", v.Address, limits); err != nil {
		return ticket{}, err
	}
	t, err := s.readCode(ctx, in)
	if fault.Is(err, fault.Forbidden) {
		if err := s.take(ctx, "invite", v.Address, limits); err != nil {
			return ticket{}, err
		}
	}
	return t, err
}

func (s *Service) readCode(ctx context.Context, in *Signup) (ticket, error) {
	code, err := secret.Parse(secret.InviteCode, in.InviteCode)
	if err != nil {
		return ticket{}, errInvite
	}
	t := ticket{code: code.Digest()}
	email := authserver.NormalizeEmail(in.Email)
	if t.invite, err = s.deps.Store.InviteOpen(ctx, t.code, email, s.now()); err != nil || t.invite {
		return t, err
	}
	t.invitation, err = s.deps.Store.FindInvitation(ctx, t.code, s.now())
	if fault.Is(err, fault.NotFound) || err == nil && t.invitation.Email != email {
		return ticket{}, errInvite
	}
	return t, err
}

// use claims the code in the transaction that creates the user: of two sign-ups
// with one code one wins, and a sign-up that fails uses no code up.
func (s *Service) use(ctx context.Context, t ticket, u *authserver.User) error {
	var won bool
	var err error
	switch {
	case t.invitation != nil:
		won, err = s.deps.Store.ClaimInvitation(ctx, t.code, u.Email, u.ID, u.CreatedAt)
	case t.invite:
		won, err = s.deps.Store.ClaimInvite(ctx, t.code, u.Email, u.ID, u.CreatedAt)
	default:
		return nil
	}
	if t.mailed() {
		u.EmailConfirmedAt = &u.CreatedAt
	}
	if err == nil && !won {
		return errInvite
	}
	return err
}
