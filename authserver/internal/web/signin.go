package web

import (
	"net/http"

	"latchkey/authserver/internal/account"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

// SignIn sends the browser to the sign-in page, and from there back to r.
func (s *Server) SignIn(w http.ResponseWriter, r *http.Request) {
	_ = redirect(w, r, withReturn("/signin", safePath(r.URL.RequestURI()))) // never fails
}

func (s *Server) showSignin(w http.ResponseWriter, r *http.Request) error {
	in, err := s.current(r, false)
	if err != nil {
		return err
	}
	if in != nil {
		return redirect(w, r, onward(returnTo(r)))
	}
	return s.render(w, r, http.StatusOK, "signin", s.signinView(w, r))
}

func (s *Server) signinView(w http.ResponseWriter, r *http.Request) *view {
	v := s.newView(w, r, "signin.title")
	v.ReturnTo = returnTo(r)
	v.formTargets, v.Asking = returnLeadsTo(v.ReturnTo), s.asking(r, v.ReturnTo)
	if r.Method != http.MethodPost {
		v.Notice = notices[r.URL.Query().Get("done")]
	}
	v.Data = struct{ CanSignUp, Passkey bool }{s.canSignUp(), s.Passkeys.Available()}
	return v
}

func (s *Server) signin(w http.ResponseWriter, r *http.Request) error {
	email, password := r.PostForm.Get("email"), r.PostForm.Get("password")
	result, err := s.People.SignIn(r.Context(), email, password, visitor(r), s.signinCookie(r))
	if err != nil {
		v := s.signinView(w, r)
		v.Fields = map[string]string{"email": email}
		status, err := s.refuse(w, v, err)
		if err != nil {
			return err
		}
		return s.render(w, r, status, "signin", v)
	}
	if !result.Pending.IsZero() {
		s.setCookie(w, pendingName, result.Pending, pendingLife)
		return redirect(w, r, withReturn("/signin/second-factor", returnTo(r)))
	}
	s.signedIn(w, result.Cookie)
	return redirect(w, r, onward(returnTo(r)))
}

func (s *Server) showSecondStep(w http.ResponseWriter, r *http.Request) error {
	_, err := s.People.PendingSignin(r.Context(), s.readCookie(r, pendingName, secret.Signin))
	if fault.Is(err, fault.NotFound) {
		return redirect(w, r, withReturn("/signin", returnTo(r)))
	}
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, "secondstep", s.secondStepView(w, r))
}

func (s *Server) secondStepView(w http.ResponseWriter, r *http.Request) *view {
	v := s.newView(w, r, "secondstep.title")
	v.Data = struct{ Passkey bool }{s.offersPasskey(r)}
	v.ReturnTo = returnTo(r)
	v.formTargets = returnLeadsTo(v.ReturnTo)
	return v
}

func (s *Server) secondStep(w http.ResponseWriter, r *http.Request) error {
	pending := s.readCookie(r, pendingName, secret.Signin)
	cookie, err := s.People.FinishSignIn(r.Context(), pending, r.PostForm.Get("otp_code"), visitor(r), s.signinCookie(r))
	switch {
	case fault.Is(err, fault.NotFound):
		return redirect(w, r, withReturn("/signin", returnTo(r)))
	case fault.Is(err, fault.Unauthenticated):
		return s.again(w, r, "secondstep", s.secondStepView(w, r), account.ErrWrongCode)
	case err != nil:
		return s.again(w, r, "secondstep", s.secondStepView(w, r), err)
	}
	s.signedIn(w, cookie)
	return redirect(w, r, onward(returnTo(r)))
}

func (s *Server) showSignout(w http.ResponseWriter, r *http.Request) error {
	in, err := s.current(r, false)
	if err != nil {
		return err
	}
	if in == nil {
		return redirect(w, r, onward(returnTo(r)))
	}
	v := s.newView(w, r, "signout.title")
	v.Signin, v.ReturnTo = in, returnTo(r)
	return s.render(w, r, http.StatusOK, "signout", v)
}

func (s *Server) signout(w http.ResponseWriter, r *http.Request) error {
	if cookie := s.signinCookie(r); !cookie.IsZero() {
		if err := s.People.SignOut(r.Context(), cookie); err != nil {
			return err
		}
	}
	s.forgetSignin(w)
	return redirect(w, r, onward(returnTo(r)))
}

// landing says what this server is, or greets who is signed in.
func (s *Server) landing(w http.ResponseWriter, r *http.Request) error {
	in, err := s.current(r, false)
	if err != nil && !fault.Is(err, fault.Unavailable) {
		return err
	}
	v := s.newView(w, r, "landing.title")
	v.Signin, v.Path = in, r.URL.Path
	v.Notice = notices[r.URL.Query().Get("done")]
	v.Data = struct {
		CanSignUp bool
		Sections  []section
	}{s.canSignUp(), sections[1:]}
	return s.render(w, r, http.StatusOK, "landing", v)
}
