package web

import (
	"net/http"

	"github.com/a-h/templ"

	"latchkey/authserver/internal/account"
)

func (s *Server) canSignUp() bool { return s.People.Settings.Signup != account.SignupClosed }

func (s *Server) showSignup(w http.ResponseWriter, r *http.Request) error {
	in, err := s.current(r)
	if err != nil {
		return err
	}
	if in != nil {
		return redirect(w, r, onward(returnTo(r)))
	}
	code := r.URL.Query().Get("invite_code")
	v, page := s.signupView(w, r, code)
	v.Fields = map[string]string{"invite_code": code, "email": r.URL.Query().Get("email")}
	return s.render(w, r, http.StatusOK, v, page)
}

type signupView struct {
	Closed     bool
	InviteOnly bool
	AskCode    bool // an invitation is offered or needed
}

func (s *Server) signupView(w http.ResponseWriter, r *http.Request, code string) (*view, templ.Component) {
	v := s.newView(w, r, "signup.title")
	v.ReturnTo = returnTo(r)
	v.formTargets, v.Asking = returnLeadsTo(v.ReturnTo), s.asking(r, v.ReturnTo)
	mode := s.People.Settings.Signup
	return v, signupPage(v, signupView{
		Closed: mode == account.SignupClosed, InviteOnly: mode == account.SignupInvite,
		AskCode: mode == account.SignupInvite || code != "",
	})
}

func (s *Server) signup(w http.ResponseWriter, r *http.Request) error {
	f := r.PostForm
	cookie, err := s.People.SignUpHere(r.Context(), account.Signup{
		Email: f.Get("email"), Password: f.Get("password"),
		FirstName: f.Get("first_name"), LastName: f.Get("last_name"), InviteCode: f.Get("invite_code"),
	}, visitor(r))
	if err != nil {
		v, page := s.signupView(w, r, f.Get("invite_code"))
		return s.again(w, r, v, page, err, "email", "first_name", "last_name", "invite_code")
	}
	s.signedIn(w, cookie)
	return redirect(w, r, onward(returnTo(r)))
}
