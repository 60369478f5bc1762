package web

import (
	"net/http"

	"github.com/a-h/templ"

	"latchkey/authserver"
	"latchkey/authserver/internal/web/page"
	"latchkey/pkg/fault"
)

func (s *Server) security(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	v := s.personalView(w, r, in, "security.title")
	left, err := s.people.RecoveryCodesLeft(r.Context(), &in.User)
	if err != nil {
		return err
	}
	keys, err := s.passkeys.List(r.Context(), in.User.ID)
	if err != nil {
		return err
	}
	data := page.SecurityView{CodesLeft: left, NoSealer: !s.people.CanSeal(), Passkeys: len(keys), Providers: len(s.providers()) > 0}
	return s.render(w, r, http.StatusOK, v, page.SecurityPage(v, data))
}

func (s *Server) showPassword(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	v := s.personalView(w, r, in, "password.title")
	return s.render(w, r, http.StatusOK, v, page.PasswordPage(v))
}

func (s *Server) changePassword(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	cookie, err := s.people.ChangePassword(r.Context(), in, r.PostForm.Get("password"), r.PostForm.Get("new_password"), s.visitor(w, r))
	if err != nil {
		v := s.personalView(w, r, in, "password.title")
		return s.again(w, r, v, page.PasswordPage(v), err)
	}
	s.signedIn(w, cookie)
	return redirect(w, r, keepPath+"?done=password")
}

func (s *Server) setupView(w http.ResponseWriter, r *http.Request, in *authserver.Signin) (*page.View, templ.Component, error) {
	setup, err := s.people.BeginSecondFactor(r.Context(), in)
	if err != nil {
		return nil, nil, err
	}
	qr, err := page.NewQRCode(setup.URI)
	if err != nil {
		return nil, nil, err
	}
	v := s.personalView(w, r, in, "setup.title")
	return v, page.SetupPage(v, setup.Key, qr), nil
}

func (s *Server) showSecondFactor(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	if in.User.SecondFactor {
		return redirect(w, r, "/settings/security")
	}
	if !s.people.Confirmed(in) {
		return s.askConfirmation(w, r, in, nil)
	}
	v, body, err := s.setupView(w, r, in)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, v, body)
}

func (s *Server) confirmSecondFactor(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	if !r.PostForm.Has("otp_code") { // the confirmation that the page had asked for
		return redirect(w, r, r.URL.Path)
	}
	codes, err := s.people.ConfirmSecondFactor(r.Context(), in, r.PostForm.Get("otp_code"))
	if fault.Is(err, fault.Conflict) {
		return redirect(w, r, "/settings/security")
	}
	if err != nil {
		v, body, setupErr := s.setupView(w, r, in)
		if setupErr != nil {
			return setupErr
		}
		return s.again(w, r, v, body, err)
	}
	in.User.SecondFactor = true
	cookie, err := s.people.RenewSignin(r.Context(), in, s.visitor(w, r))
	if err != nil {
		return err
	}
	s.signedIn(w, cookie)
	return s.showCodes(w, r, in, codes)
}

// showCodes shows recovery codes, this once: they are not stored readably.
func (s *Server) showCodes(w http.ResponseWriter, r *http.Request, in *authserver.Signin, codes []string) error {
	v := s.personalView(w, r, in, "recovery.title")
	return s.render(w, r, http.StatusOK, v, page.CodesPage(v, codes))
}

func (s *Server) showDisable(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	if !in.User.SecondFactor {
		return redirect(w, r, "/settings/security")
	}
	v := s.personalView(w, r, in, "disable.title")
	return s.render(w, r, http.StatusOK, v, page.DisablePage(v))
}

func (s *Server) disableSecondFactor(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	err := s.people.DisableSecondFactor(r.Context(), in, r.PostForm.Get("password"), r.PostForm.Get("otp_code"))
	if err != nil {
		v := s.personalView(w, r, in, "disable.title")
		return s.again(w, r, v, page.DisablePage(v), err)
	}
	return redirect(w, r, "/settings/security?done=second-factor-off")
}

func (s *Server) showRenewCodes(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	if !in.User.SecondFactor {
		return redirect(w, r, "/settings/security")
	}
	v := s.personalView(w, r, in, "renew.title")
	return s.render(w, r, http.StatusOK, v, page.RenewPage(v))
}

func (s *Server) renewCodes(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	codes, err := s.people.RenewRecoveryCodes(r.Context(), &in.User, r.PostForm.Get("otp_code"))
	if err != nil {
		v := s.personalView(w, r, in, "renew.title")
		return s.again(w, r, v, page.RenewPage(v), err)
	}
	return s.showCodes(w, r, in, codes)
}
