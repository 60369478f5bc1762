package web

import (
	"errors"
	"net/http"

	"github.com/a-h/templ"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/web/page"
)

func (s *Server) profileView(w http.ResponseWriter, r *http.Request, in *authserver.Signin) *page.View {
	v := s.personalView(w, r, in, "profile.title")
	v.Fields = map[string]string{"first_name": in.User.FirstName, "last_name": in.User.LastName}
	return v
}

func (s *Server) showProfile(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	v := s.profileView(w, r, in)
	return s.render(w, r, http.StatusOK, v, page.ProfilePage(v, s.people.CanMail()))
}

func (s *Server) changeProfile(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	err := s.recovery.Rename(r.Context(), &in.User, r.PostForm.Get("seen"), r.PostForm.Get("first_name"), r.PostForm.Get("last_name"))
	if err != nil {
		v := s.profileView(w, r, in)
		return s.again(w, r, v, page.ProfilePage(v, s.people.CanMail()), err, "first_name", "last_name")
	}
	return redirect(w, r, "/settings/account?done=saved")
}

func (s *Server) emailView(w http.ResponseWriter, r *http.Request, in *authserver.Signin) (*page.View, templ.Component) {
	v := s.personalView(w, r, in, "email.title")
	return v, page.EmailPage(v, s.people.CanMail(), r.URL.Query().Has("sent"))
}

func (s *Server) showEmail(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	v, body := s.emailView(w, r, in)
	return s.render(w, r, http.StatusOK, v, body)
}

func (s *Server) changeEmail(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	f := r.PostForm
	changed, err := s.recovery.RequestEmail(r.Context(), in, f.Get("email"), f.Get("password"), s.language(r))
	switch {
	case err != nil:
		v, body := s.emailView(w, r, in)
		return s.again(w, r, v, body, err, "email")
	case changed:
		return redirect(w, r, "/settings/account?done=email")
	}
	return redirect(w, r, "/settings/email?sent")
}

// showConfirmEmail asks before it changes anything: mail scanners open links.
func (s *Server) showConfirmEmail(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	return s.confirmPage(w, r, in, r.URL.Query().Get("token"), nil)
}

func (s *Server) confirmPage(w http.ResponseWriter, r *http.Request, in *authserver.Signin, token string, refused error) error {
	email, err := s.recovery.CheckEmailLink(r.Context(), &in.User, token)
	if errors.Is(err, account.ErrLinkGone) {
		return s.linkGone(w, r, "/settings/email", "linkgone.email")
	}
	if err != nil {
		return err
	}
	v := s.personalView(w, r, in, "confirm.title")
	body := page.ConfirmPage(v, token, email)
	if refused != nil {
		return s.again(w, r, v, body, refused)
	}
	return s.render(w, r, http.StatusOK, v, body)
}

func (s *Server) confirmEmail(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	token := r.PostForm.Get("token")
	err := s.recovery.ConfirmEmail(r.Context(), &in.User, token, s.language(r))
	if errors.Is(err, account.ErrLinkGone) {
		return s.linkGone(w, r, "/settings/email", "linkgone.email")
	}
	if err != nil {
		return s.confirmPage(w, r, in, token, err)
	}
	return redirect(w, r, "/settings/account?done=email")
}

func (s *Server) confirmationView(w http.ResponseWriter, r *http.Request, in *authserver.Signin) (*page.View, templ.Component) {
	v := s.personalView(w, r, in, "confirm_own.title")
	return v, page.UnconfirmedPage(v, r.URL.Query().Has("sent"))
}

// showConfirmation offers to send another link that confirms the address.
func (s *Server) showConfirmation(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	if in.User.EmailConfirmed() || !s.people.CanMail() {
		return redirect(w, r, "/settings/account")
	}
	v, body := s.confirmationView(w, r, in)
	return s.render(w, r, http.StatusOK, v, body)
}

func (s *Server) sendConfirmation(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	if err := s.recovery.AskConfirmation(r.Context(), &in.User, s.language(r)); err != nil {
		v, body := s.confirmationView(w, r, in)
		return s.again(w, r, v, body, err)
	}
	return redirect(w, r, "/settings/email/confirmation?sent")
}

const confirmGone = "linkgone.own"

// showConfirmOwn works at any browser: whoever has the link reads the mailbox.
func (s *Server) showConfirmOwn(w http.ResponseWriter, r *http.Request) error {
	return s.confirmOwnPage(w, r, r.URL.Query().Get("token"), nil)
}

func (s *Server) confirmOwnPage(w http.ResponseWriter, r *http.Request, token string, refused error) error {
	u, err := s.recovery.CheckOwnLink(r.Context(), token)
	if errors.Is(err, account.ErrLinkGone) {
		return s.linkGone(w, r, "/settings/email/confirmation", confirmGone)
	}
	if err != nil {
		return err
	}
	v := s.newView(w, r, "confirm_own.title")
	body := page.ConfirmOwnPage(v, token, u)
	if refused != nil {
		return s.again(w, r, v, body, refused)
	}
	return s.render(w, r, http.StatusOK, v, body)
}

func (s *Server) confirmOwn(w http.ResponseWriter, r *http.Request) error {
	token := r.PostForm.Get("token")
	err := s.recovery.ConfirmOwn(r.Context(), token)
	if errors.Is(err, account.ErrLinkGone) {
		return s.linkGone(w, r, "/settings/email/confirmation", confirmGone)
	}
	if err != nil {
		return s.confirmOwnPage(w, r, token, err)
	}
	return redirect(w, r, "/?done=email-confirmed")
}

func (s *Server) confirmOwnAgain(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.recovery.CheckOwnLink(r.Context(), r.PostForm.Get("token")); errors.Is(err, account.ErrLinkGone) {
		return errFormGone
	}
	return s.confirmOwnPage(w, r, r.PostForm.Get("token"), authserver.ErrStaleForm)
}
