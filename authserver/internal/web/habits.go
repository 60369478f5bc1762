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
	"latchkey/pkg/habit"
)

// habitsLife is how long a browser keeps how the person at it likes pages to be, for
// when nobody is signed in.
const habitsLife = 365 * 24 * time.Hour

type habitsKey struct{}

// knowing is r as the request of the person in: pages are as the account says.
func (s *Server) knowing(w http.ResponseWriter, r *http.Request, in *authserver.Signin) *http.Request {
	kept, here := in.User.Habits(), s.habitsHere(r)
	if kept.Theme == "" && kept.Language == "" {
		kept.Theme, kept.Language = here.Theme, here.Language
	} else if kept.Theme != here.Theme || kept.Language != here.Language {
		s.setHabits(w, kept)
	}
	return r.WithContext(context.WithValue(r.Context(), habitsKey{}, kept))
}

// habits are those of the person who is known to send r, or of the browser.
func (s *Server) habits(r *http.Request) authserver.Habits {
	if kept, ok := r.Context().Value(habitsKey{}).(authserver.Habits); ok {
		return kept
	}
	return s.habitsHere(r)
}

// habitsHere are those of the browser. What makes no sense is as if it was not there.
func (s *Server) habitsHere(r *http.Request) authserver.Habits {
	var values []string
	for _, one := range r.CookiesNamed(habit.Cookie(s.secure)) {
		values = append(values, one.Value)
	}
	theme, language := habit.Parse(values, s.site.Speaks)
	return authserver.Habits{Theme: theme, Language: language}
}

func (s *Server) setHabits(w http.ResponseWriter, h authserver.Habits) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure follows the issuer: a plain http issuer could not set it
		Name: habit.Cookie(s.secure), Value: habit.Value(h.Theme, h.Language), Path: "/", MaxAge: int(habitsLife / time.Second),
		HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode,
	})
}

// habitsView is the page for whoever is there, who need not be signed in.
func (s *Server) habitsView(w http.ResponseWriter, r *http.Request) (*page.View, *authserver.Signin, error) {
	in, err := s.current(r)
	if err != nil {
		return nil, nil, err
	}
	if in == nil {
		return s.entryView(w, r, "habits.title"), nil, nil
	}
	v := s.personalView(w, s.knowing(w, r, in), in, "habits.title")
	v.ReturnTo = returnTo(r)
	return v, in, nil
}

func (s *Server) showHabits(w http.ResponseWriter, r *http.Request) error {
	v, in, err := s.habitsView(w, r)
	if err != nil {
		return err
	}
	kept := s.habitsHere(r)
	if in != nil {
		kept = in.User.Habits()
	}
	v.Fields = map[string]string{"theme": kept.Theme, "language": kept.Language, "time_zone": kept.TimeZone}
	return s.render(w, r, http.StatusOK, v, page.HabitsPage(v))
}

// keepHabits keeps them with the account, and in the browser for when nobody is
// signed in.
func (s *Server) keepHabits(w http.ResponseWriter, r *http.Request) error {
	v, in, err := s.habitsView(w, r)
	if err != nil {
		return err
	}
	h := authserver.Habits{Theme: r.PostForm.Get("theme"), Language: r.PostForm.Get("language")}
	if in != nil {
		h.TimeZone = strings.TrimSpace(r.PostForm.Get("time_zone"))
		err = s.people.Keep(r.Context(), &in.User, h, s.site.Speaks)
	} else {
		err = account.CheckHabits(h, s.site.Speaks)
	}
	if err != nil {
		return s.again(w, r, v, page.HabitsPage(v), err, "theme", "language", "time_zone")
	}
	s.setHabits(w, h)
	if v.ReturnTo != "" {
		return redirect(w, r, v.ReturnTo)
	}
	return redirect(w, r, page.HabitsPath+"?done=saved")
}

// here is the address of a page that a form may lead back to; "": none, or it holds
// what belongs into no other address.
func here(r *http.Request) string {
	q := r.URL.Query()
	if r.Method != http.MethodGet || q.Has("token") || q.Has("code") || q.Has("return_to") || r.URL.Path == page.HabitsPath || strings.HasPrefix(r.URL.Path, "/auth/") {
		return ""
	}
	u := url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
	q.Del("done")
	if r.URL.Query().Has("done") {
		u.RawQuery = q.Encode()
	}
	return safePath(u.RequestURI())
}
