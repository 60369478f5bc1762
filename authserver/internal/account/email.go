package account

import (
	"context"
	"strings"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

// Where links to confirm an address lead; the token follows. EmailPath: of another
// address, which the person signs in for: who reads a mistyped one must not get the
// account. ConfirmPath: of the address the account has.
const (
	EmailPath   = "/settings/email/confirm?token="
	ConfirmPath = "/confirm?token="
)

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
	if !r.People.CanMail() {
		return true, r.changeEmail(ctx, u, email, language)
	}
	return false, s.emails.write(ctx, u, authserver.EmailMessage{
		Kind: authserver.EmailMessageConfirm, To: email, Language: language, Bound: boundTo(u),
	}, askedFor)
}

// boundTo is what an email that waits for its link is bound to: a new password makes it
// void, as it does a link, and so does another address.
func boundTo(u *authserver.User) string {
	return secret.DigestOf(u.PasswordHash + "\x00" + u.Email).String()
}

// CheckEmailLink returns the address that a link of u confirms. ErrLinkGone: it
// is not good, or not u's.
func (r *Recovery) CheckEmailLink(ctx context.Context, u *authserver.User, text string) (string, error) {
	l, owner, err := r.find(ctx, authserver.LinkEmail, secret.EmailLink, text)
	if err == nil && (owner.ID != u.ID || l.Email == owner.Email) {
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
	now := r.People.now()
	return r.swapEmail(ctx, u, email, language, &now, func(ctx context.Context) error {
		return r.claim(ctx, authserver.LinkEmail, text)
	})
}

func (r *Recovery) claim(ctx context.Context, kind, text string) error {
	won, err := r.Links.ClaimLink(ctx, kind, secret.DigestOf(text), r.People.now())
	if err == nil && !won {
		return ErrLinkGone
	}
	return err
}

// changeEmail gives u another address at once, which nobody has confirmed.
func (r *Recovery) changeEmail(ctx context.Context, u *authserver.User, email, language string) error {
	return r.swapEmail(ctx, u, email, language, nil, func(context.Context) error { return nil })
}

// swapEmail replaces the address, if claim agrees; links to the old one are void, and
// it is told. The user's row comes first, as in Reset.
func (r *Recovery) swapEmail(ctx context.Context, u *authserver.User, email, language string, confirmed *time.Time, claim func(ctx context.Context) error) error {
	return r.People.deps.Store.InTx(ctx, func(ctx context.Context) error {
		if err := r.People.deps.Store.HoldUser(ctx, u.ID); err != nil {
			return err
		}
		won, err := r.Links.ChangeEmail(ctx, u.ID, u.Email, email, confirmed)
		if fault.Is(err, fault.Conflict) {
			return invalid(authserver.EmailTaken())
		}
		if err == nil && !won {
			return fault.New(fault.Conflict, "The address was changed in the meantime. Reload the page and try again.")
		}
		if err != nil {
			return err
		}
		if err := claim(ctx); err != nil {
			return err
		}
		if err := r.Links.VoidLinks(ctx, u.ID, r.People.now()); err != nil {
			return err
		}
		if err := r.People.record(ctx, authserver.EventEmailChanged, u.ID); err != nil {
			return err
		}
		if err := r.People.emails.write(ctx, u, authserver.EmailMessage{Kind: authserver.EmailMessageChanged, Language: language}, told); err != nil {
			return err
		}
		now := *u // with the other address
		now.Email = email
		return r.People.emails.write(ctx, &now, authserver.EmailMessage{
			Kind: authserver.EmailMessageNew, Language: language, Page: "/settings/security",
		}, told)
	})
}

// CheckOwnLink returns whose address a link confirms. ErrLinkGone: nobody's.
func (r *Recovery) CheckOwnLink(ctx context.Context, text string) (*authserver.User, error) {
	l, u, err := r.find(ctx, authserver.LinkEmail, secret.EmailLink, text)
	if err == nil && l.Email != u.Email {
		return nil, ErrLinkGone
	}
	return u, err
}

// ConfirmOwn uses a link: the address of its user is confirmed. Of callers that come
// together one wins. ErrLinkGone: it is not good.
func (r *Recovery) ConfirmOwn(ctx context.Context, text string) error {
	u, err := r.CheckOwnLink(ctx, text)
	if err != nil {
		return err
	}
	return r.People.deps.Store.InTx(ctx, func(ctx context.Context) error {
		won, err := r.Links.ConfirmEmail(ctx, u.ID, u.Email, r.People.now())
		if err == nil && !won {
			err = ErrLinkGone
		}
		if err == nil {
			err = r.claim(ctx, authserver.LinkEmail, text)
		}
		if err != nil {
			return err
		}
		return r.People.record(ctx, authserver.EventEmailConfirmed, u.ID)
	})
}

// AskConfirmation sends u another link that confirms the address. Errors:
// fault.Conflict (it is confirmed), fault.RateLimited, fault.Unavailable.
func (r *Recovery) AskConfirmation(ctx context.Context, u *authserver.User, language string) error {
	switch {
	case u.EmailConfirmed():
		return fault.New(fault.Conflict, "Your address is confirmed already.")
	case !r.People.CanMail():
		return errNoMail
	}
	if err := r.People.take(ctx, "confirm-email", u.ID, r.People.deps.Settings.Throttles.Reset); err != nil {
		return err
	}
	return r.People.askConfirmation(ctx, u, language)
}

func (s *Service) askConfirmation(ctx context.Context, u *authserver.User, language string) error {
	return s.emails.write(ctx, u, authserver.EmailMessage{Kind: authserver.EmailMessageConfirmOwn, Language: language}, told)
}

var errNamed = fault.New(fault.Conflict, "Your name was changed in the meantime. Saving again replaces it with what you entered.")

// Rename changes how u is called. seen is NamesSeen of what the form showed; "": whatever
// it is now. fault.Invalid lists every broken rule; fault.Conflict: it is another name.
func (r *Recovery) Rename(ctx context.Context, u *authserver.User, seen, first, last string) error {
	first, last = strings.TrimSpace(first), strings.TrimSpace(last)
	broken := append(authserver.CheckName("first_name", first), authserver.CheckName("last_name", last)...)
	if len(broken) > 0 {
		return invalid(broken)
	}
	if seen != "" && seen != u.NamesSeen() {
		return errNamed
	}
	ok, err := r.Links.SetNames(ctx, u, first, last)
	if err == nil && !ok {
		err = errNamed
	}
	return err
}
