package web

import (
	"net/http"
	"strings"
	"time"

	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/sso"
	"latchkey/authserver/internal/web/page"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

func (s *Server) unlinkedCookie(r *http.Request) secret.Token {
	return s.readCookie(r, unlinkedName, secret.LinkingCode)
}

func (s *Server) showUnlinked(w http.ResponseWriter, r *http.Request) error {
	v, data, err := s.unlinkedView(w, r)
	if err != nil {
		return s.unlinkedGone(w, r, err)
	}
	return s.render(w, r, http.StatusOK, v, page.UnlinkedPage(v, data))
}

func (s *Server) unlinkedView(w http.ResponseWriter, r *http.Request) (*page.View, page.UnlinkedView, error) {
	found, err := s.sso.Unlinked(r.Context(), s.unlinkedCookie(r))
	if err != nil {
		return nil, page.UnlinkedView{}, err
	}
	v := s.newView(w, r, "sso.finish.title")
	v.LeadsAnywhere = authorizes(found.ReturnTo)
	v.Fields = map[string]string{"first_name": found.FirstName, "last_name": found.LastName, "email": found.Email}
	return v, page.UnlinkedView{
		Provider: found.Provider, Email: found.Email, MayCreate: found.MayCreate, Invitation: found.Invitation,
	}, nil
}

// unlinkedGone sends a browser without a good linking code back to the sign-in.
func (s *Server) unlinkedGone(w http.ResponseWriter, r *http.Request, err error) error {
	if fault.Is(err, fault.Unauthenticated) {
		s.setCookie(w, unlinkedName, secret.Token{}, -time.Second)
		return redirect(w, r, "/signin")
	}
	return err
}

// link connects an account here with the one at the provider: the person's own,
// or a new one.
func (s *Server) link(w http.ResponseWriter, r *http.Request) error {
	code, f := s.unlinkedCookie(r), r.PostForm
	var cookie secret.Token
	var to string
	var err error
	switch f.Get("intent") {
	case "connect":
		cookie, to, err = s.sso.LinkHere(r.Context(), code, sso.Credentials{
			Email: f.Get("email"), Password: f.Get("password"), OTPCode: f.Get("otp_code"),
		}, s.visitor(w, r), s.signinCookie(r))
	case "create":
		first, last := f.Get("first_name"), f.Get("last_name")
		cookie, to, err = s.sso.CreateHere(r.Context(), code, sso.Names{First: &first, Last: &last},
			sso.Family(f.Get("family")), s.visitor(w, r), s.signinCookie(r))
	default:
		return errForm
	}
	if err != nil {
		return s.linkAgain(w, r, err)
	}
	s.signedIn(w, cookie)
	s.setCookie(w, unlinkedName, secret.Token{}, -time.Second)
	return redirect(w, r, page.Onward(to))
}

var errFactorToo = fault.New(fault.Unauthenticated, "This account has a second factor. Enter your password again, and the code.")

func (s *Server) linkAgain(w http.ResponseWriter, r *http.Request, refused error) error {
	v, data, err := s.unlinkedView(w, r)
	if err != nil {
		return s.unlinkedGone(w, r, err)
	}
	data.Family = r.PostForm.Get("family")
	if f := faultOf(refused); f != nil && f.Fields["mfa_required"] != nil {
		data.AskCode = true
		refused = errFactorToo
		if strings.TrimSpace(r.PostForm.Get("otp_code")) != "" {
			refused = account.ErrWrongCode
		}
	}
	for _, name := range []string{"email", "first_name", "last_name"} {
		if r.PostForm.Has(name) {
			v.Fields[name] = r.PostForm.Get(name)
		}
	}
	return s.refused(w, r, v, page.UnlinkedPage(v, data), refused)
}
