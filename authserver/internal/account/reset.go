package account

import (
	"context"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

// ResetPath is where a reset link leads; the token follows it.
const ResetPath = "/reset?token="

// RequestReset sends a link to choose a new password, if the address is
// somebody's; the answer does not say. Errors: fault.Invalid (no address at
// all), fault.RateLimited, fault.Unavailable (no mail server is set up, or too
// many emails wait).
func (r *Recovery) RequestReset(ctx context.Context, email, language string, v Visitor) error {
	email = authserver.NormalizeEmail(email)
	if broken := authserver.CheckEmail(email); len(broken) > 0 {
		return invalid(broken)
	}
	if r.Mail == nil {
		return fault.New(fault.Unavailable, "This server sends no email. Ask the person who runs it for a link.")
	}
	s := r.People
	if err := s.take(ctx, "reset-address", v.Address, s.deps.Settings.Throttles.SigninAddress); err != nil {
		return err
	}
	if err := s.take(ctx, "reset", email, s.deps.Settings.Throttles.Reset); err != nil {
		return err
	}
	from := s.deps.Events.Origin(ctx)
	return r.later(func(ctx context.Context) error { return r.writeReset(ctx, email, language, from) })
}

func (r *Recovery) writeReset(ctx context.Context, email, language string, from authserver.Origin) error {
	u, err := r.People.findByEmail(ctx, email)
	if err != nil || u.ID == "" {
		return err
	}
	token, err := r.resetLink(ctx, u, from)
	if err != nil {
		return err
	}
	r.send(ctx, u.ID, authserver.EmailMessage{
		Kind: authserver.EmailMessageReset, To: u.Email, Name: u.DisplayName(), Language: language,
		Path: ResetPath + token.Reveal(), Life: r.LinkLife(),
	})
	return nil
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
	token, err := r.resetLink(ctx, u, authserver.Origin{})
	if err != nil {
		return "", err
	}
	return ResetPath + token.Reveal(), nil
}

func (r *Recovery) resetLink(ctx context.Context, u *authserver.User, from authserver.Origin) (token secret.Token, err error) {
	s := r.People
	err = s.deps.Store.InTx(ctx, func(ctx context.Context) error {
		if token, err = r.newLink(ctx, authserver.LinkReset, secret.ResetLink, u, u.Email); err != nil {
			return err
		}
		return s.deps.Events.Record(ctx, authserver.Event{Kind: authserver.EventResetRequested, UserID: u.ID, Origin: from})
	})
	return token, err
}

// CheckResetLink returns whose password a link can change. ErrLinkGone: none's.
func (r *Recovery) CheckResetLink(ctx context.Context, text string) (*authserver.User, error) {
	l, u, err := r.find(ctx, authserver.LinkReset, secret.ResetLink, text)
	if err == nil && l.Email != u.Email {
		return nil, ErrLinkGone
	}
	return u, err
}

// Reset uses a link: the password is replaced, and what EndingReset says ends in the
// same transaction. Passkeys and connected accounts open nothing until the person
// has restored them (KeepSuspended). Of callers that come
// together one wins. Errors: ErrLinkGone, fault.Invalid with every broken rule.
func (r *Recovery) Reset(ctx context.Context, text, password, language string) error {
	u, err := r.CheckResetLink(ctx, text)
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
	err = s.deps.Store.InTx(ctx, func(ctx context.Context) error {
		// The user's row first: two links of one user must not wait for each other.
		won, err := s.deps.Store.ReplacePassword(ctx, u.ID, u.PasswordHash, hash)
		if err == nil && won {
			won, err = r.Links.ClaimLink(ctx, authserver.LinkReset, secret.DigestOf(text), s.now())
		}
		if err != nil {
			return err
		}
		if !won {
			return ErrLinkGone
		}
		err = s.deps.Events.Record(ctx, authserver.Event{
			Kind: authserver.EventPasswordChanged, UserID: u.ID, Details: map[string]string{"by": "link"},
		})
		if err != nil {
			return err
		}
		return s.endForReset(ctx, u.ID)
	})
	if err != nil {
		return err
	}
	r.notify(ctx, u, authserver.EmailMessage{Kind: authserver.EmailMessagePasswordChanged, To: u.Email, Language: language, Path: "/forgot"})
	return nil
}
