package web

import (
	"net/http"

	"github.com/a-h/templ"

	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/web/page"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

// SignIn sends the browser to the sign-in page, and from there back to r.
func (s *Server) SignIn(w http.ResponseWriter, r *http.Request) {
	_ = redirect(w, r, page.WithReturn("/signin", safePath(r.URL.RequestURI()))) // never fails
}

func (s *Server) showSignin(w http.ResponseWriter, r *http.Request) error {
	in, err := s.current(r)
	if err != nil {
		return err
	}
	if in != nil {
		return redirect(w, r, page.Onward(returnTo(r)))
	}
	v, body := s.signinView(w, r)
	return s.render(w, r, http.StatusOK, v, body)
}

func (s *Server) signinView(w http.ResponseWriter, r *http.Request) (*page.View, templ.Component) {
	v := s.entryView(w, r, "signin.title")
	v.Asking = s.asking(r, v.ReturnTo)
	if r.Method != http.MethodPost {
		v.Notice = notices[r.URL.Query().Get("done")]
	}
	return v, page.SignInPage(v, page.SignInView{CanSignUp: s.canSignUp(), Passkeys: s.passkeys.Available(), Providers: s.providers()})
}

func (s *Server) signin(w http.ResponseWriter, r *http.Request) error {
	email, password := r.PostForm.Get("email"), r.PostForm.Get("password")
	result, err := s.people.SignIn(r.Context(), email, password, s.visitor(w, r), s.signinCookie(r))
	if err != nil {
		v, body := s.signinView(w, r)
		return s.again(w, r, v, body, err, "email")
	}
	return s.afterSignin(w, r, result, returnTo(r))
}

func (s *Server) showSecondStep(w http.ResponseWriter, r *http.Request) error {
	_, err := s.people.PendingSignin(r.Context(), s.readCookie(r, pendingName, secret.Signin))
	if fault.Is(err, fault.NotFound) {
		return redirect(w, r, page.WithReturn("/signin", returnTo(r)))
	}
	if err != nil {
		return err
	}
	v, body := s.secondStepView(w, r)
	return s.render(w, r, http.StatusOK, v, body)
}

func (s *Server) secondStepView(w http.ResponseWriter, r *http.Request) (*page.View, templ.Component) {
	v := s.entryView(w, r, "secondstep.title")
	return v, page.SecondStepPage(v, s.offersPasskey(r))
}

func (s *Server) secondStep(w http.ResponseWriter, r *http.Request) error {
	pending := s.readCookie(r, pendingName, secret.Signin)
	result, err := s.people.FinishSignIn(r.Context(), pending, r.PostForm.Get("otp_code"), s.visitor(w, r), s.signinCookie(r))
	switch {
	case fault.Is(err, fault.NotFound):
		return redirect(w, r, page.WithReturn("/signin", returnTo(r)))
	case err != nil:
		if fault.Is(err, fault.Unauthenticated) {
			err = account.ErrWrongCode
		}
		v, body := s.secondStepView(w, r)
		return s.again(w, r, v, body, err)
	}
	return s.afterSignin(w, r, result, returnTo(r))
}

func (s *Server) showSignout(w http.ResponseWriter, r *http.Request) error {
	in, err := s.current(r)
	if err != nil {
		return err
	}
	if in == nil {
		return redirect(w, r, page.Onward(returnTo(r)))
	}
	v := s.newView(w, r, "signout.title")
	v.Signin, v.ReturnTo = in, returnTo(r)
	return s.render(w, r, http.StatusOK, v, page.SignOutPage(v))
}

func (s *Server) signout(w http.ResponseWriter, r *http.Request) error {
	if cookie := s.signinCookie(r); !cookie.IsZero() {
		if err := s.people.SignOut(r.Context(), cookie); err != nil {
			return err
		}
	}
	s.forgetSignin(w)
	return redirect(w, r, page.Onward(returnTo(r)))
}

// landing says what this server is, or greets who is signed in.
func (s *Server) landing(w http.ResponseWriter, r *http.Request) error {
	in, err := s.current(r)
	if err != nil && !fault.Is(err, fault.Unavailable) {
		return err
	}
	if err == nil && in != nil {
		return s.home(w, r, in)
	}
	v := s.newView(w, r, "landing.title")
	v.Notice = notices[r.URL.Query().Get("done")]
	return s.render(w, r, http.StatusOK, v, page.LandingPage(v, s.canSignUp()))
}
