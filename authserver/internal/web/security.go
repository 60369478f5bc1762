package web

import (
	"net/http"

	"github.com/a-h/templ"

	"latchkey/authserver"
	"latchkey/pkg/fault"
)

type securityView struct {
	CodesLeft int
	NoSealer  bool
	Passkeys  int
}

func (s *Server) security(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	v := s.personalView(w, r, in, "security.title")
	left, err := s.People.RecoveryCodesLeft(r.Context(), &in.User)
	if err != nil {
		return err
	}
	keys, err := s.Passkeys.List(r.Context(), in.User.ID)
	if err != nil {
		return err
	}
	data := securityView{CodesLeft: left, NoSealer: s.People.Sealer == nil, Passkeys: len(keys)}
	return s.render(w, r, http.StatusOK, v, securityPage(v, data))
}

func (s *Server) showPassword(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	v := s.personalView(w, r, in, "password.title")
	return s.render(w, r, http.StatusOK, v, passwordPage(v))
}

func (s *Server) changePassword(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	cookie, err := s.People.ChangePassword(r.Context(), in, r.PostForm.Get("password"), r.PostForm.Get("new_password"), visitor(r))
	if err != nil {
		v := s.personalView(w, r, in, "password.title")
		return s.again(w, r, v, passwordPage(v), err)
	}
	s.signedIn(w, cookie)
	return redirect(w, r, "/settings/security?done=password")
}

func (s *Server) setupView(w http.ResponseWriter, r *http.Request, in *authserver.Signin) (*view, templ.Component, error) {
	setup, err := s.People.BeginSecondFactor(r.Context(), &in.User)
	if err != nil {
		return nil, nil, err
	}
	qr, err := newQRCode(setup.URI)
	if err != nil {
		return nil, nil, err
	}
	v := s.personalView(w, r, in, "setup.title")
	return v, setupPage(v, setup.Key, qr), nil
}

func (s *Server) showSecondFactor(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	if in.User.SecondFactor {
		return redirect(w, r, "/settings/security")
	}
	v, page, err := s.setupView(w, r, in)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, v, page)
}

func (s *Server) confirmSecondFactor(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	codes, err := s.People.ConfirmSecondFactor(r.Context(), &in.User, r.PostForm.Get("otp_code"))
	if fault.Is(err, fault.Conflict) {
		return redirect(w, r, "/settings/security")
	}
	if err != nil {
		v, page, setupErr := s.setupView(w, r, in)
		if setupErr != nil {
			return setupErr
		}
		return s.again(w, r, v, page, err)
	}
	in.User.SecondFactor = true
	cookie, err := s.People.RenewSignin(r.Context(), in, visitor(r))
	if err != nil {
		return err
	}
	s.signedIn(w, cookie)
	return s.showCodes(w, r, in, codes)
}

// showCodes shows recovery codes, this once: they are not stored readably.
func (s *Server) showCodes(w http.ResponseWriter, r *http.Request, in *authserver.Signin, codes []string) error {
	v := s.personalView(w, r, in, "recovery.title")
	return s.render(w, r, http.StatusOK, v, codesPage(v, codes))
}

func (s *Server) showDisable(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	if !in.User.SecondFactor {
		return redirect(w, r, "/settings/security")
	}
	v := s.personalView(w, r, in, "disable.title")
	return s.render(w, r, http.StatusOK, v, disablePage(v))
}

func (s *Server) disableSecondFactor(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	err := s.People.DisableSecondFactor(r.Context(), in, r.PostForm.Get("password"), r.PostForm.Get("otp_code"))
	if err != nil {
		v := s.personalView(w, r, in, "disable.title")
		return s.again(w, r, v, disablePage(v), err)
	}
	return redirect(w, r, "/settings/security?done=second-factor-off")
}

func (s *Server) showRenewCodes(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	if !in.User.SecondFactor {
		return redirect(w, r, "/settings/security")
	}
	v := s.personalView(w, r, in, "renew.title")
	return s.render(w, r, http.StatusOK, v, renewPage(v))
}

func (s *Server) renewCodes(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	codes, err := s.People.RenewRecoveryCodes(r.Context(), &in.User, r.PostForm.Get("otp_code"))
	if err != nil {
		v := s.personalView(w, r, in, "renew.title")
		return s.again(w, r, v, renewPage(v), err)
	}
	return s.showCodes(w, r, in, codes)
}
