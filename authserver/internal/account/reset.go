package account

import (
	"context"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

var errNoMail = fault.New(fault.Unavailable, "This server sends no email. Ask the person who runs it for a link.")

// ResetPath is where a reset link leads; the token follows it.
const ResetPath = "/reset?token="

// RequestReset sends a link to choose a new password, if the address is
// somebody's; the answer does not say. Errors: fault.Invalid (no address at
// all), fault.RateLimited, fault.Unavailable (no mail server is set up).
func (r *Recovery) RequestReset(ctx context.Context, email, language string, v Visitor) error {
	email = authserver.NormalizeEmail(email)
	if broken := authserver.CheckEmail(email); len(broken) > 0 {
		return invalid(broken)
	}
	if !r.People.CanMail() {
		return errNoMail
	}
	s := r.People
	if err := s.take(ctx, "reset-address", v.Address, s.deps.Settings.Throttles.SigninAddress); err != nil {
		return err
	}
	if err := s.take(ctx, "reset", email, s.deps.Settings.Throttles.Reset); err != nil {
		return err
	}
	return s.emails.write(ctx, &authserver.User{Email: email}, authserver.EmailMessage{Kind: authserver.EmailMessageReset, Language: language}, askedFor)
}

// ResetLink makes a link for the operator to hand over, and returns its path.
// fault.NotFound: nobody active has the address.
func (r *Recovery) ResetLink(ctx context.Context, email string) (string, error) {
	u, err := r.People.findByEmail(ctx, authserver.NormalizeEmail(email))
	if err != nil {
		return "", err
	}
	if u.ID == "" {
		return "", fault.New(fault.NotFound, "No active user has this address")
	}
	token, err := r.newReset(ctx, u, "", authserver.Origin{})
	if err != nil {
		return "", err
	}
	return ResetPath + token.Reveal(), nil
}

// newReset makes a link of u to an address; "": the operator hands it over. from is
// where it was asked for.
func (r *Recovery) newReset(ctx context.Context, u *authserver.User, address string, from authserver.Origin) (token secret.Token, err error) {
	err = r.People.deps.Store.InTx(ctx, func(ctx context.Context) error {
		if token, err = r.newLink(ctx, authserver.LinkReset, secret.ResetLink, u, address, r.LinkLife()); err != nil {
			return err
		}
		return r.People.deps.Events.Record(ctx, authserver.Event{Kind: authserver.EventResetRequested, UserID: u.ID, Origin: from})
	})
	return token, err
}

// CheckResetLink returns whose password a link can change. ErrLinkGone: none's.
func (r *Recovery) CheckResetLink(ctx context.Context, text string) (*authserver.User, error) {
	u, _, err := r.resetLink(ctx, text)
	return u, err
}

// resetLink is CheckResetLink. mailed: whoever has the link reads what is sent to the
// address; else the operator has handed it over.
func (r *Recovery) resetLink(ctx context.Context, text string) (u *authserver.User, mailed bool, err error) {
	l, u, err := r.find(ctx, authserver.LinkReset, secret.ResetLink, text)
	if err != nil {
		return nil, false, err
	}
	if l.Email != "" && l.Email != u.Email {
		return nil, false, ErrLinkGone
	}
	return u, l.Email != "", nil
}

// Reset uses a link: the password is replaced, and what endingReset says ends in the
// same transaction. Passkeys and connected accounts open nothing until the person
// has restored them (KeepSuspended). A link that came by email confirms the address; if
// that is news, applications that were registered before go, for everybody. Of callers that come
// together one wins. Errors: ErrLinkGone, fault.Invalid with every broken rule.
func (r *Recovery) Reset(ctx context.Context, text, password, language string) error {
	u, mailed, err := r.resetLink(ctx, text)
	if err != nil {
		return err
	}
	s := r.People
	if err := s.checkNewPassword(password, u); err != nil {
		return err
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	now := s.now()
	return s.deps.Store.InTx(ctx, func(ctx context.Context) error {
		// The user's row first: two links of one user must not wait for each other.
		won, err := s.deps.Store.ReplacePassword(ctx, u.ID, u.PasswordHash, hash, &now)
		if err == nil && !won {
			err = ErrLinkGone
		}
		if err == nil {
			err = r.claim(ctx, authserver.LinkReset, text)
		}
		var before []string // clients of whoever had the account
		if err == nil && mailed && !u.EmailConfirmed() {
			before, err = r.confirmByReset(ctx, u)
		}
		if err == nil {
			err = s.endForReset(ctx, u.ID)
		}
		if err == nil {
			err = s.forgetClients(ctx, u.ID, before)
		}
		if err != nil {
			return err
		}
		if err := s.learnLanguage(ctx, u, Visitor{Language: language}); err != nil {
			return err
		}
		return s.deps.Events.Record(ctx, authserver.Event{
			Kind: authserver.EventPasswordChanged, UserID: u.ID, Details: map[string]string{"by": "link"},
		})
	})
}

// confirmByReset confirms the address of u, who has opened a link that was sent to it,
// in the transaction of ctx. While it was not confirmed, somebody else may have set
// up the second factor, which would keep the owner out: it goes. The same with
// applications, whose secrets that person has: it stops them and returns their ids.
func (r *Recovery) confirmByReset(ctx context.Context, u *authserver.User) ([]string, error) {
	at := r.People.now()
	if _, err := r.Links.ConfirmEmail(ctx, u.ID, u.Email, at); err != nil {
		return nil, err
	}
	now, err := r.People.deps.Store.FindUser(ctx, u.ID) // a second factor may have come since the link was looked at
	if err == nil {
		err = r.dropFactor(ctx, now)
	}
	if err != nil {
		return nil, err
	}
	return r.People.disableOwnedClients(ctx, u.ID, at)
}

// dropFactor is confirmByReset of the second factor.
func (r *Recovery) dropFactor(ctx context.Context, u *authserver.User) error {
	err := r.People.deps.Events.Record(ctx, authserver.Event{
		Kind: authserver.EventEmailConfirmed, UserID: u.ID, Details: map[string]string{"by": "reset"},
	})
	if err != nil || !u.SecondFactor {
		return err
	}
	if err := r.People.deps.Store.DeleteSecondFactor(ctx, u.ID); err != nil {
		return err
	}
	return r.People.deps.Events.Record(ctx, authserver.Event{
		Kind: authserver.EventSecondFactorOff, UserID: u.ID, Details: map[string]string{"by": "reset"},
	})
}

// forgetClients deletes clients of a user that were disabled, and ends what was issued to
// them, to anybody.
func (s *Service) forgetClients(ctx context.Context, userID string, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	if err := s.endOwnedClients(ctx, userID, ids, true); err != nil {
		return err
	}
	for _, id := range ids {
		err := s.deps.Events.Record(ctx, authserver.Event{
			Kind: authserver.EventClientDeleted, UserID: userID, ClientID: id, Details: map[string]string{"by": "reset"},
		})
		if err != nil {
			return err
		}
	}
	return nil
}
