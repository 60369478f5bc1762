package account

import (
	"context"
	"strings"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

// EmailPath is where a link to confirm an address leads; the token follows it.
const EmailPath = "/settings/email/confirm?token="

// RequestEmail begins to change the address of the person at in, who gives the
// password, or has signed in a moment ago and has none. With
// a mail server the new address gets a link first, and what happens to an
// address that has an account is told to that address only. Without one the
// address changes at once: changed. Errors: fault.Invalid, fault.RateLimited,
// fault.Unavailable.
func (r *Recovery) RequestEmail(ctx context.Context, in *authserver.Signin, email, password, language string) (changed bool, err error) {
	s, u := r.People, &in.User
	email = authserver.NormalizeEmail(email)
	broken := authserver.CheckEmail(email)
	if len(broken) == 0 && email == u.Email {
		broken = authserver.Violations{{Field: "email", Rule: "email.same", Message: "This is your address already"}}
	}
	if len(broken) > 0 {
		return false, invalid(broken)
	}
	if err := s.take(ctx, "email-change", u.ID, s.deps.Settings.Throttles.Reset); err != nil {
		return false, err
	}
	if err := s.confirm(ctx, in, password); err != nil {
		return false, err
	}
	if r.Mail == nil {
		return true, r.changeEmail(ctx, u, email, language)
	}
	asked := *u
	return false, r.later(func(ctx context.Context) error { return r.writeConfirmation(ctx, &asked, email, language) })
}

func (r *Recovery) writeConfirmation(ctx context.Context, u *authserver.User, email, language string) error {
	owner, err := r.People.findByEmail(ctx, email)
	if err != nil {
		return err
	}
	if owner.ID != "" {
		r.send(ctx, owner.ID, authserver.EmailMessage{
			Kind: authserver.EmailMessageTaken, To: email, Name: owner.DisplayName(), Language: language, Path: "/forgot",
		})
		return nil
	}
	token, err := r.newLink(ctx, authserver.LinkEmail, secret.EmailLink, u, email)
	if err != nil {
		return err
	}
	r.send(ctx, u.ID, authserver.EmailMessage{
		Kind: authserver.EmailMessageConfirm, To: email, Language: language,
		Path: EmailPath + token.Reveal(), Life: r.LinkLife(),
	})
	return nil
}

// CheckEmailLink returns the address that a link of u confirms. ErrLinkGone: it
// is not good, or not u's.
func (r *Recovery) CheckEmailLink(ctx context.Context, u *authserver.User, text string) (string, error) {
	l, owner, err := r.find(ctx, authserver.LinkEmail, secret.EmailLink, text)
	if err == nil && owner.ID != u.ID {
		return "", ErrLinkGone
	}
	if err != nil {
		return "", err
	}
	return l.Email, nil
}

// ConfirmEmail uses a link of u: the address it was sent to becomes u's.
// Errors: ErrLinkGone, fault.Invalid (somebody has the address meanwhile).
func (r *Recovery) ConfirmEmail(ctx context.Context, u *authserver.User, text, language string) error {
	email, err := r.CheckEmailLink(ctx, u, text)
	if err != nil {
		return err
	}
	err = r.People.deps.Store.InTx(ctx, func(ctx context.Context) error {
		return r.swapEmail(ctx, u, email, func() error {
			won, err := r.Links.ClaimLink(ctx, authserver.LinkEmail, secret.DigestOf(text), r.People.now())
			if err == nil && !won {
				return ErrLinkGone
			}
			return err
		})
	})
	if err == nil {
		r.emailChanged(ctx, u, language)
	}
	return err
}

// changeEmail gives u another address at once.
func (r *Recovery) changeEmail(ctx context.Context, u *authserver.User, email, language string) error {
	err := r.People.deps.Store.InTx(ctx, func(ctx context.Context) error {
		return r.swapEmail(ctx, u, email, func() error { return nil })
	})
	if err == nil {
		r.emailChanged(ctx, u, language)
	}
	return err
}

// swapEmail replaces the address in the transaction of ctx, if claim agrees;
// links to the old one are void. The user's row comes first, as in Reset.
func (r *Recovery) swapEmail(ctx context.Context, u *authserver.User, email string, claim func() error) error {
	won, err := r.Links.ChangeEmail(ctx, u.ID, u.Email, email)
	if fault.Is(err, fault.Conflict) {
		return invalid(authserver.EmailTaken())
	}
	if err == nil && !won {
		return fault.New(fault.Conflict, "The address was changed meanwhile. Load the page again.")
	}
	if err != nil {
		return err
	}
	if err := claim(); err != nil {
		return err
	}
	if err := r.Links.VoidLinks(ctx, u.ID, r.People.now()); err != nil {
		return err
	}
	return r.People.record(ctx, authserver.EventEmailChanged, u.ID)
}

func (r *Recovery) emailChanged(ctx context.Context, u *authserver.User, language string) {
	r.notify(ctx, u, authserver.EmailMessage{Kind: authserver.EmailMessageChanged, To: u.Email, Language: language})
}

// Rename changes how u is called. fault.Invalid lists every broken rule.
func (r *Recovery) Rename(ctx context.Context, u *authserver.User, first, last string) error {
	first, last = strings.TrimSpace(first), strings.TrimSpace(last)
	broken := append(authserver.CheckName("first_name", first), authserver.CheckName("last_name", last)...)
	if len(broken) > 0 {
		return invalid(broken)
	}
	return r.Links.SetNames(ctx, u.ID, first, last)
}
