package account

import (
	"context"

	"latchkey/authserver"
)

// guesser is whose failures a try with the address counts among: of everybody at
// once, or, at a browser that the person has signed in at before, of that
// browser alone. So nobody elsewhere can lock the person out there.
func (s *Service) guesser(ctx context.Context, email string, v Visitor) (string, error) {
	if v.Browser.IsZero() {
		return email, nil
	}
	known, err := s.deps.Store.KnowsBrowser(ctx, v.Browser, email)
	if err != nil || !known {
		return email, err
	}
	return email + "\x00" + v.Browser.String(), nil
}

// createSignin stores a sign-in. fresh: the person has to hear of the browser.
func (s *Service) createSignin(ctx context.Context, in *authserver.Signin, v Visitor) (fresh bool, err error) {
	if err := s.deps.Store.CreateSignin(ctx, in); err != nil || v.Browser.IsZero() {
		return false, err
	}
	return s.deps.Store.KnowBrowser(ctx, v.Browser, in.User.ID, in.CreatedAt)
}

// origins are the details of a sign-in: fresh where the person has to hear of it.
func origins(origin string, fresh bool) map[string]string {
	details := map[string]string{}
	if origin != "" {
		details["origin"] = origin
	}
	if fresh {
		details[detailFresh] = "true"
	}
	return details
}

// learnLanguage notes which language a person reads who signs in, for emails. It comes
// before the sign-in holds the user's row, or two sign-ins would wait for each other.
func (s *Service) learnLanguage(ctx context.Context, u *authserver.User, v Visitor) error {
	if v.Language == "" || v.Language == u.Language || u.ChosenLanguage != "" {
		return nil
	}
	u.Language = v.Language
	return s.deps.Store.SetLanguage(ctx, u.ID, v.Language)
}
