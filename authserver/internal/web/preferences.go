package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/web/page"
	"latchkey/pkg/preference"
)

// preferencesLife is how long a browser keeps how the person at it likes pages to be, for
// when nobody is signed in.
const preferencesLife = 365 * 24 * time.Hour

type preferencesKey struct{}

// knowing is r as the request of the person in: pages are as the account says.
func (s *Server) knowing(w http.ResponseWriter, r *http.Request, in *authserver.Signin) *http.Request {
	kept, here := in.User.Preferences(), s.preferencesHere(r)
	if kept.Theme == "" && kept.Language == "" {
		kept.Theme, kept.Language = here.Theme, here.Language
	} else if kept.Theme != here.Theme || kept.Language != here.Language {
		s.setPreferences(w, kept)
	}
	return r.WithContext(context.WithValue(r.Context(), preferencesKey{}, kept))
}

// preferences are those of the person who is known to send r, or of the browser.
func (s *Server) preferences(r *http.Request) authserver.Preferences {
	if kept, ok := r.Context().Value(preferencesKey{}).(authserver.Preferences); ok {
		return kept
	}
	return s.preferencesHere(r)
}

// preferencesHere are those of the browser. What makes no sense is as if it was not there.
func (s *Server) preferencesHere(r *http.Request) authserver.Preferences {
	var values []string
	for _, one := range r.CookiesNamed(preference.Cookie(s.secure)) {
		values = append(values, one.Value)
	}
	theme, language := preference.Parse(values, s.site.Speaks)
	return authserver.Preferences{Theme: theme, Language: language}
}

func (s *Server) setPreferences(w http.ResponseWriter, p authserver.Preferences) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure follows the issuer: a plain http issuer could not set it
		Name: preference.Cookie(s.secure), Value: preference.Value(p.Theme, p.Language), Path: "/", MaxAge: int(preferencesLife / time.Second),
		HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode,
	})
}

// preferencesView is the page for whoever is there, who need not be signed in.
func (s *Server) preferencesView(w http.ResponseWriter, r *http.Request) (*page.View, *authserver.Signin, error) {
	in, err := s.current(r)
	if err != nil {
		return nil, nil, err
	}
	if in == nil {
		return s.entryView(w, r, "preferences.title"), nil, nil
	}
	v := s.personalView(w, s.knowing(w, r, in), in, "preferences.title")
	v.ReturnTo = returnTo(r)
	return v, in, nil
}

func (s *Server) showPreferences(w http.ResponseWriter, r *http.Request) error {
	v, in, err := s.preferencesView(w, r)
	if err != nil {
		return err
	}
	kept := s.preferencesHere(r)
	if in != nil {
		kept = in.User.Preferences()
	}
	v.Fields = map[string]string{"theme": kept.Theme, "language": kept.Language, "time_zone": kept.TimeZone}
	return s.render(w, r, http.StatusOK, v, page.PreferencesPage(v))
}

// savePreferences keeps them with the account, and in the browser for when nobody is
// signed in.
func (s *Server) savePreferences(w http.ResponseWriter, r *http.Request) error {
	v, in, err := s.preferencesView(w, r)
	if err != nil {
		return err
	}
	chosen := authserver.Preferences{Theme: r.PostForm.Get("theme"), Language: r.PostForm.Get("language")}
	if in != nil {
		chosen.TimeZone = strings.TrimSpace(r.PostForm.Get("time_zone"))
		err = s.people.SavePreferences(r.Context(), &in.User, chosen, s.site.Speaks)
	} else {
		err = account.CheckPreferences(chosen, s.site.Speaks)
	}
	if err != nil {
		return s.again(w, r, v, page.PreferencesPage(v), err, "theme", "language", "time_zone")
	}
	s.setPreferences(w, chosen)
	if v.ReturnTo != "" {
		return redirect(w, r, v.ReturnTo)
	}
	return redirect(w, r, page.PreferencesPath+"?done=saved")
}

// here is the address of a page that a form may lead back to; "": none, or it holds
// what belongs into no other address.
func here(r *http.Request) string {
	q := r.URL.Query()
	if r.Method != http.MethodGet || q.Has("token") || q.Has("code") || q.Has("return_to") || r.URL.Path == page.PreferencesPath || strings.HasPrefix(r.URL.Path, "/auth/") {
		return ""
	}
	u := url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
	q.Del("done")
	if r.URL.Query().Has("done") {
		u.RawQuery = q.Encode()
	}
	return safePath(u.RequestURI())
}
