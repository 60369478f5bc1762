package web

import (
	"net/http"
	"time"

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
	v.formHosts = redirectOriginOf(v.ReturnTo)
	v.Data = struct{ CanSignUp bool }{s.canSignUp()}
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
	s.signedIn(w, result.Cookie)
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
	s.setCookie(w, signinName, secret.Token{}, -time.Second)
	return redirect(w, r, onward(returnTo(r)))
}

// landing says what this server is, or greets who is signed in.
func (s *Server) landing(w http.ResponseWriter, r *http.Request) error {
	in, err := s.current(r, false)
	if err != nil && !fault.Is(err, fault.Unavailable) {
		return err
	}
	v := s.newView(w, r, "landing.title")
	v.Signin = in
	v.Data = struct{ CanSignUp bool }{s.canSignUp()}
	return s.render(w, r, http.StatusOK, "landing", v)
}
