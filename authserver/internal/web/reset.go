package web

import (
	"errors"
	"net/http"

	"github.com/a-h/templ"

	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/web/page"
)

func (s *Server) showForgot(w http.ResponseWriter, r *http.Request) error {
	v, body := s.forgotView(w, r)
	v.Fields = map[string]string{"email": r.URL.Query().Get("email")}
	return s.render(w, r, http.StatusOK, v, body)
}

func (s *Server) forgotView(w http.ResponseWriter, r *http.Request) (*page.View, templ.Component) {
	v := s.newView(w, r, "forgot.title")
	return v, page.ForgotPage(v, s.people.CanMail(), r.URL.Query().Has("sent"))
}

// forgot answers the same for every address, known or not.
func (s *Server) forgot(w http.ResponseWriter, r *http.Request) error {
	err := s.recovery.RequestReset(r.Context(), r.PostForm.Get("email"), s.language(r), s.visitor(w, r))
	if err != nil {
		v, body := s.forgotView(w, r)
		return s.again(w, r, v, body, err, "email")
	}
	return redirect(w, r, "/forgot?sent")
}

func (s *Server) showReset(w http.ResponseWriter, r *http.Request) error {
	return s.resetPage(w, r, r.URL.Query().Get("token"), nil)
}

// resetPage asks for the new password, or says that the link is gone.
func (s *Server) resetPage(w http.ResponseWriter, r *http.Request, token string, refused error) error {
	u, err := s.recovery.CheckResetLink(r.Context(), token)
	if errors.Is(err, account.ErrLinkGone) {
		return s.linkGone(w, r, "/forgot", "linkgone.reset")
	}
	if err != nil {
		return err
	}
	v := s.newView(w, r, "reset.title")
	body := page.ResetPage(v, token, u.Email)
	if refused != nil {
		return s.again(w, r, v, body, refused)
	}
	return s.render(w, r, http.StatusOK, v, body)
}

func (s *Server) reset(w http.ResponseWriter, r *http.Request) error {
	token := r.PostForm.Get("token")
	err := s.recovery.Reset(r.Context(), token, r.PostForm.Get("new_password"), s.language(r))
	if errors.Is(err, account.ErrLinkGone) {
		return s.linkGone(w, r, "/forgot", "linkgone.reset")
	}
	if err != nil {
		return s.resetPage(w, r, token, err)
	}
	s.forgetSignin(w)
	return redirect(w, r, "/signin?done=password-reset")
}

// linkGone is the page of a link that is used, expired or made up: 404, because
// a server that forgets links cannot tell which.
func (s *Server) linkGone(w http.ResponseWriter, r *http.Request, onward, text string) error {
	v := s.newView(w, r, "linkgone.title")
	return s.render(w, r, http.StatusNotFound, v, page.LinkGonePage(v, onward, text))
}
