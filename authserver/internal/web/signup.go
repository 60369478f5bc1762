package web

import (
	"net/http"

	"github.com/a-h/templ"

	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/web/page"
)

func (s *Server) canSignUp() bool { return s.people.SignupMode() != account.SignupClosed }

func (s *Server) showSignup(w http.ResponseWriter, r *http.Request) error {
	in, err := s.current(r)
	if err != nil {
		return err
	}
	if in != nil {
		return redirect(w, r, page.Onward(returnTo(r)))
	}
	code := r.URL.Query().Get("invite_code")
	v, body := s.signupView(w, r, code)
	v.Fields = map[string]string{"invite_code": code, "email": r.URL.Query().Get("email")}
	return s.render(w, r, http.StatusOK, v, body)
}

func (s *Server) signupView(w http.ResponseWriter, r *http.Request, code string) (*page.View, templ.Component) {
	v := s.entryView(w, r, "signup.title")
	v.Asking = s.asking(r, v.ReturnTo)
	mode := s.people.SignupMode()
	return v, page.SignUpPage(v, page.SignUpView{
		Closed: mode == account.SignupClosed, InviteOnly: mode == account.SignupInvite,
		AskCode: mode == account.SignupInvite || code != "", Providers: s.providers(),
	})
}

func (s *Server) signup(w http.ResponseWriter, r *http.Request) error {
	f := r.PostForm
	cookie, err := s.people.SignUpHere(r.Context(), account.Signup{
		Email: f.Get("email"), Password: f.Get("password"),
		FirstName: f.Get("first_name"), LastName: f.Get("last_name"), InviteCode: f.Get("invite_code"),
	}, s.visitor(w, r))
	if err != nil {
		v, body := s.signupView(w, r, f.Get("invite_code"))
		return s.again(w, r, v, body, err, "email", "first_name", "last_name", "invite_code")
	}
	s.signedIn(w, cookie)
	return redirect(w, r, page.Onward(returnTo(r)))
}
