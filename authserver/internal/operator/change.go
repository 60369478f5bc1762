package operator

import (
	"context"
	"strconv"
	"strings"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/event"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

var (
	errOneself = fault.New(fault.Invalid, "You can't do this to your own account here. Use your own settings.")
	errLast    = fault.New(fault.Invalid, "You are the only operator. Make someone else an operator first.")

	errDismissed = fault.New(fault.Forbidden, "You are no longer an operator. Nothing was done.")
)

// another returns a user who is not by. Errors: fault.NotFound, fault.Invalid.
func (s *Service) another(ctx context.Context, by *authserver.User, id string) (*authserver.User, error) {
	if id == by.ID {
		return nil, errOneself
	}
	return s.user(ctx, id)
}

// Deactivate stops a user until Reactivate. Errors: fault.NotFound, fault.Conflict
// (it was done before), fault.Invalid (oneself, or the last admin of a family that
// has other members).
func (s *Service) Deactivate(ctx context.Context, by *authserver.User, id string) error {
	u, err := s.another(ctx, by, id)
	if err != nil {
		return err
	}
	return s.deps.People.Deactivate(event.WithActor(ctx, by.ID), u.ID)
}

// Reactivate takes Deactivate back. Errors: fault.NotFound, fault.Conflict (the
// address has another owner now).
func (s *Service) Reactivate(ctx context.Context, by *authserver.User, id string) error {
	u, err := s.another(ctx, by, id)
	if err != nil {
		return err
	}
	return s.deps.People.Reactivate(event.WithActor(ctx, by.ID), u.ID)
}

// SignOut ends every sign-in of a user, at browsers and in the product's own apps.
func (s *Service) SignOut(ctx context.Context, by *authserver.User, id string) error {
	u, err := s.another(ctx, by, id)
	if err != nil {
		return err
	}
	return s.deps.People.SignOutEverywhere(event.WithActor(ctx, by.ID), u)
}

// DropSecondFactor turns the second factor of a user off, who has lost it. The user
// is signed out everywhere. fault.Conflict: the user has none.
func (s *Service) DropSecondFactor(ctx context.Context, by *authserver.User, id string) error {
	u, err := s.another(ctx, by, id)
	if err != nil {
		return err
	}
	return s.deps.People.DropSecondFactor(event.WithActor(ctx, by.ID), u)
}

// ResetLink returns the path of a link with which an active user chooses a new
// password, to hand over. It works once.
func (s *Service) ResetLink(ctx context.Context, by *authserver.User, id string) (path string, err error) {
	u, err := s.another(ctx, by, id)
	if err != nil {
		return "", err
	}
	if !u.Active() {
		return "", fault.New(fault.Conflict, "This account is not active.")
	}
	return s.deps.Recovery.ResetLink(event.WithActor(ctx, by.ID), u.Email)
}

// Appoint makes an active user an operator. fault.Conflict: the user is one, or is
// not active.
func (s *Service) Appoint(ctx context.Context, by *authserver.User, id string) error {
	return s.setOperator(ctx, by, id, true)
}

// Dismiss takes Appoint back, also for oneself. fault.Invalid: nobody would be left.
func (s *Service) Dismiss(ctx context.Context, by *authserver.User, id string) error {
	return s.setOperator(ctx, by, id, false)
}

func (s *Service) setOperator(ctx context.Context, by *authserver.User, id string, on bool) error {
	u, err := s.user(ctx, id)
	if err != nil {
		return err
	}
	return s.deps.Store.InTx(event.WithActor(ctx, by.ID), func(ctx context.Context) error {
		n, err := s.deps.Store.CountOperators(ctx)
		if err == nil {
			err = s.stillOperator(ctx, by) // whoever dismisses holds all operators too
		}
		switch {
		case err != nil:
			return err
		case n < 2 && !on && u.Operator:
			return errLast
		}
		return s.deps.People.SetOperator(ctx, u.ID, on)
	})
}

// DeleteClient removes anybody's client and ends everything issued to it. Errors:
// fault.NotFound, fault.Forbidden (the client of the product's own apps).
func (s *Service) DeleteClient(ctx context.Context, by *authserver.User, id string) error {
	return s.deps.Clients.Delete(event.WithActor(ctx, by.ID), id)
}

// SetTier gives anybody's API key another tier. Errors: fault.NotFound,
// fault.Invalid (there is no such tier), fault.Conflict (it is not the one that was seen).
func (s *Service) SetTier(ctx context.Context, by *authserver.User, id, seen, tier string) error {
	_, err := s.deps.Keys.SetTier(event.WithActor(ctx, by.ID), id, seen, tier)
	return err
}

// RevokeKey ends anybody's API key. fault.NotFound: there is no such key, or it has
// ended.
func (s *Service) RevokeKey(ctx context.Context, by *authserver.User, id string) error {
	return s.deps.Keys.Revoke(event.WithActor(ctx, by.ID), "", id)
}

// maxInviteDays is how long an invite that an operator makes is good at most.
const maxInviteDays = 365

var errDays = fault.New(fault.Invalid, "Enter a number of days from 1 to 365.").WithCause(authserver.Violations{{
	Field: "days", Rule: "days.range", Message: "Enter a number of days from 1 to 365.",
}})

// Invite makes an invite code of the instance that is good for so many days. email
// "": for anybody. fault.Invalid: the address is none, or days is no number from 1 to
// 365.
func (s *Service) Invite(ctx context.Context, by *authserver.User, email, note, days string) (secret.Token, error) {
	n, err := strconv.Atoi(strings.TrimSpace(days))
	if err != nil || n < 1 || n > maxInviteDays {
		return secret.Token{}, errDays
	}
	var code secret.Token
	err = s.handOut(ctx, by, func(ctx context.Context) (err error) {
		_, code, err = s.deps.People.CreateInvite(ctx, email, note, time.Duration(n)*24*time.Hour)
		return err
	})
	return code, err
}

// handOut runs what makes something for others, while by is held and still is an operator:
// what an operator hands out ends with the right to.
func (s *Service) handOut(ctx context.Context, by *authserver.User, makes func(ctx context.Context) error) error {
	return s.deps.Store.InTx(event.WithActor(ctx, by.ID), func(ctx context.Context) error {
		if err := s.deps.Store.HoldUser(ctx, by.ID); err != nil {
			return err
		}
		if err := s.stillOperator(ctx, by); err != nil {
			return err
		}
		return makes(ctx)
	})
}

// stillOperator returns errDismissed if by is no operator any more.
func (s *Service) stillOperator(ctx context.Context, by *authserver.User) error {
	now, err := s.user(ctx, by.ID)
	if err == nil && (!now.Operator || !now.Active()) {
		err = errDismissed
	}
	return err
}

// RevokeInvite makes an open code worthless. fault.NotFound: there is none.
func (s *Service) RevokeInvite(ctx context.Context, by *authserver.User, id string) error {
	return s.deps.People.RevokeInvite(event.WithActor(ctx, by.ID), id)
}
