package web

import (
	"net/http"

	"latchkey/authserver/internal/account"
)

func (s *Server) canSignUp() bool { return s.People.Settings.Signup != account.SignupClosed }

func (s *Server) showSignup(w http.ResponseWriter, r *http.Request) error {
	in, err := s.current(r, false)
	if err != nil {
		return err
	}
	if in != nil {
		return redirect(w, r, onward(returnTo(r)))
	}
	code := r.URL.Query().Get("invite_code")
	v := s.signupView(w, r, code)
	v.Fields = map[string]string{"invite_code": code, "email": r.URL.Query().Get("email")}
	return s.render(w, r, http.StatusOK, "signup", v)
}

func (s *Server) signupView(w http.ResponseWriter, r *http.Request, code string) *view {
	v := s.newView(w, r, "signup.title")
	v.ReturnTo = returnTo(r)
	v.formTargets, v.Asking = returnLeadsTo(v.ReturnTo), s.asking(r, v.ReturnTo)
	mode := s.People.Settings.Signup
	v.Data = struct{ Closed, InviteOnly, AskCode bool }{
		mode == account.SignupClosed, mode == account.SignupInvite, mode == account.SignupInvite || code != "",
	}
	return v
}

func (s *Server) signup(w http.ResponseWriter, r *http.Request) error {
	f := r.PostForm
	cookie, err := s.People.SignUpHere(r.Context(), account.Signup{
		Email: f.Get("email"), Password: f.Get("password"),
		FirstName: f.Get("first_name"), LastName: f.Get("last_name"), InviteCode: f.Get("invite_code"),
	}, visitor(r))
	if err != nil {
		v := s.signupView(w, r, f.Get("invite_code"))
		v.Fields = map[string]string{
			"email": f.Get("email"), "first_name": f.Get("first_name"),
			"last_name": f.Get("last_name"), "invite_code": f.Get("invite_code"),
		}
		status, err := s.refuse(w, v, err)
		if err != nil {
			return err
		}
		return s.render(w, r, status, "signup", v)
	}
	s.signedIn(w, cookie)
	return redirect(w, r, onward(returnTo(r)))
}
