package web

import (
	"net/http"

	"github.com/a-h/templ"

	"latchkey/authserver/internal/account"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

// SignIn sends the browser to the sign-in page, and from there back to r.
func (s *Server) SignIn(w http.ResponseWriter, r *http.Request) {
	_ = redirect(w, r, withReturn("/signin", safePath(r.URL.RequestURI()))) // never fails
}

func (s *Server) showSignin(w http.ResponseWriter, r *http.Request) error {
	in, err := s.current(r)
	if err != nil {
		return err
	}
	if in != nil {
		return redirect(w, r, onward(returnTo(r)))
	}
	v, page := s.signinView(w, r)
	return s.render(w, r, http.StatusOK, v, page)
}

func (s *Server) signinView(w http.ResponseWriter, r *http.Request) (*view, templ.Component) {
	v := s.newView(w, r, "signin.title")
	v.ReturnTo = returnTo(r)
	v.formTargets, v.Asking = returnLeadsTo(v.ReturnTo), s.asking(r, v.ReturnTo)
	if r.Method != http.MethodPost {
		v.Notice = notices[r.URL.Query().Get("done")]
	}
	return v, signinPage(v, s.canSignUp(), s.Passkeys.Available())
}

func (s *Server) signin(w http.ResponseWriter, r *http.Request) error {
	email, password := r.PostForm.Get("email"), r.PostForm.Get("password")
	result, err := s.People.SignIn(r.Context(), email, password, visitor(r), s.signinCookie(r))
	if err != nil {
		v, page := s.signinView(w, r)
		return s.again(w, r, v, page, err, "email")
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
	v, page := s.secondStepView(w, r)
	return s.render(w, r, http.StatusOK, v, page)
}

func (s *Server) secondStepView(w http.ResponseWriter, r *http.Request) (*view, templ.Component) {
	v := s.newView(w, r, "secondstep.title")
	v.ReturnTo = returnTo(r)
	v.formTargets = returnLeadsTo(v.ReturnTo)
	return v, secondStepPage(v, s.offersPasskey(r))
}

func (s *Server) secondStep(w http.ResponseWriter, r *http.Request) error {
	pending := s.readCookie(r, pendingName, secret.Signin)
	cookie, err := s.People.FinishSignIn(r.Context(), pending, r.PostForm.Get("otp_code"), visitor(r), s.signinCookie(r))
	switch {
	case fault.Is(err, fault.NotFound):
		return redirect(w, r, withReturn("/signin", returnTo(r)))
	case err != nil:
		if fault.Is(err, fault.Unauthenticated) {
			err = account.ErrWrongCode
		}
		v, page := s.secondStepView(w, r)
		return s.again(w, r, v, page, err)
	}
	s.signedIn(w, cookie)
	return redirect(w, r, onward(returnTo(r)))
}

func (s *Server) showSignout(w http.ResponseWriter, r *http.Request) error {
	in, err := s.current(r)
	if err != nil {
		return err
	}
	if in == nil {
		return redirect(w, r, onward(returnTo(r)))
	}
	v := s.newView(w, r, "signout.title")
	v.Signin, v.ReturnTo = in, returnTo(r)
	return s.render(w, r, http.StatusOK, v, signoutPage(v))
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
	in, err := s.current(r)
	if err != nil && !fault.Is(err, fault.Unavailable) {
		return err
	}
	v := s.newView(w, r, "landing.title")
	v.Signin, v.Path = in, r.URL.Path
	v.Notice = notices[r.URL.Query().Get("done")]
	if in != nil {
		return s.render(w, r, http.StatusOK, v, homePage(v))
	}
	return s.render(w, r, http.StatusOK, v, landingPage(v, s.canSignUp()))
}
