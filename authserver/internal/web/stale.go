package web

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/web/page"
	"latchkey/pkg/fault"
	"latchkey/pkg/httpserver"
)

// A form outlives its page: another tab has signed in or out, the cookies were
// cleared, the browser was restored. Nobody has to begin from the start then: the
// form is shown again with what was filled in, and leads where it led before.

// stale answers a form of t whose page had expired.
func (s *Server) stale(t route) httpserver.Handler {
	if t.again != nil {
		return httpserver.Handler(t.again)
	}
	return person(func(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
		if ofSomebodyElse(r, in.User.ID) {
			return errFormOther
		}
		if t.picture != nil { // no page brings a file back
			return t.picture(w, r, in, authserver.ErrStaleForm)
		}
		v := s.personalView(w, r, in, "stale.title")
		v.ReturnTo = returnTo(r)
		data := page.StaleView{Action: r.URL.Path}
		for _, name := range slices.Sorted(maps.Keys(r.PostForm)) {
			switch name {
			case authserver.FormTokenField, "return_to", "decision": // which is taken on the page that asks
			case "password", "new_password", "otp_code":
				data.Asked = append(data.Asked, name)
			default:
				data.Carried = append(data.Carried, page.Carried{Name: name, Value: r.PostForm.Get(name)})
			}
		}
		return s.refused(w, r, v, page.StalePage(v, data), authserver.ErrStaleForm)
	}).bind(s, func(w http.ResponseWriter, r *http.Request) error {
		v, body := s.signinView(w, r)
		if strings.HasPrefix(r.URL.Path, "/settings/") {
			v.ReturnTo = safePath(r.URL.Path)
		}
		return s.again(w, r, v, body, authserver.ErrStaleForm)
	})
}

// meanwhile reports whether somebody has signed in at the browser since the page
// was loaded; then the person goes on. Whoever gave another address is told: they
// would go on as somebody else.
func (s *Server) meanwhile(w http.ResponseWriter, r *http.Request) (bool, error) {
	in, err := s.current(r)
	if err != nil || in == nil {
		return false, err
	}
	if email := authserver.NormalizeEmail(r.PostForm.Get("email")); email != "" && email != in.User.Email {
		v := s.newView(w, r, "signout.title")
		v.Signin, v.ReturnTo = in, page.WithReturn("/signin", returnTo(r))
		return true, s.refused(w, r, v, page.SignOutPage(v), errOther)
	}
	return true, redirect(w, r, page.Onward(returnTo(r)))
}

func (s *Server) signinAgain(w http.ResponseWriter, r *http.Request) error {
	if gone, err := s.meanwhile(w, r); gone || err != nil {
		return err
	}
	v, body := s.signinView(w, r)
	return s.again(w, r, v, body, authserver.ErrStaleForm, "email")
}

func (s *Server) signupAgain(w http.ResponseWriter, r *http.Request) error {
	if gone, err := s.meanwhile(w, r); gone || err != nil {
		return err
	}
	v, body := s.signupView(w, r, r.PostForm.Get("invite_code"))
	return s.again(w, r, v, body, authserver.ErrStaleForm, "email", "first_name", "last_name", "invite_code")
}

func (s *Server) secondStepAgain(w http.ResponseWriter, r *http.Request) error {
	if gone, err := s.meanwhile(w, r); gone || err != nil {
		return err
	}
	v, body := s.secondStepView(w, r)
	return s.again(w, r, v, body, authserver.ErrStaleForm)
}

func (s *Server) forgotAgain(w http.ResponseWriter, r *http.Request) error {
	v, body := s.forgotView(w, r)
	return s.again(w, r, v, body, authserver.ErrStaleForm, "email")
}

func (s *Server) resetAgain(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.recovery.CheckResetLink(r.Context(), r.PostForm.Get("token")); errors.Is(err, account.ErrLinkGone) {
		return errFormGone
	}
	return s.resetPage(w, r, r.PostForm.Get("token"), authserver.ErrStaleForm)
}

func (s *Server) restoreAgain(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.people.CheckRestoreLink(r.Context(), r.PostForm.Get("token")); errors.Is(err, account.ErrLinkGone) {
		return errFormGone
	}
	return s.restorePage(w, r, r.PostForm.Get("token"), authserver.ErrStaleForm)
}

func (s *Server) appFactorAgain(w http.ResponseWriter, r *http.Request) error {
	v := s.appFactorView(w, r)
	return s.again(w, r, v, page.AppFactorPage(v), authserver.ErrStaleForm)
}

func (s *Server) linkExpired(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.sso.Unlinked(r.Context(), s.unlinkedCookie(r)); fault.Is(err, fault.Unauthenticated) {
		return errFormGone
	}
	return s.linkAgain(w, r, authserver.ErrStaleForm)
}
