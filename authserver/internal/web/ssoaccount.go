package web

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/sso"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

// newcomerView is the page of somebody a provider vouched for and whom nobody
// here is connected with.
type newcomerView struct {
	*sso.Welcome
	AskCode bool // the account has a second factor
	Own     bool // not into the family of the invitation
}

func (s *Server) newcomerCookie(r *http.Request) secret.Token {
	return s.readCookie(r, newcomerName, secret.LinkingCode)
}

func (s *Server) showNewcomer(w http.ResponseWriter, r *http.Request) error {
	v, data, err := s.newcomerView(w, r)
	if err != nil {
		return s.newcomerGone(w, r, err)
	}
	return s.render(w, r, http.StatusOK, v, newcomerPage(v, data))
}

func (s *Server) newcomerView(w http.ResponseWriter, r *http.Request) (*view, newcomerView, error) {
	found, err := s.SSO.Newcomer(r.Context(), s.newcomerCookie(r))
	if err != nil {
		return nil, newcomerView{}, err
	}
	v := s.newView(w, r, "sso.finish.title")
	v.formTargets = returnLeadsTo(found.ReturnTo)
	v.Fields = map[string]string{"first_name": found.FirstName, "last_name": found.LastName, "email": found.Email}
	return v, newcomerView{Welcome: found}, nil
}

// newcomerGone sends a browser without a good linking code back to the sign-in.
func (s *Server) newcomerGone(w http.ResponseWriter, r *http.Request, err error) error {
	if fault.Is(err, fault.Unauthenticated) {
		s.setCookie(w, newcomerName, secret.Token{}, -time.Second)
		return redirect(w, r, "/signin")
	}
	return err
}

// newcomer connects an existing account, or makes one.
func (s *Server) newcomer(w http.ResponseWriter, r *http.Request) error {
	code, f := s.newcomerCookie(r), r.PostForm
	var cookie secret.Token
	var to string
	var err error
	switch f.Get("intent") {
	case "connect":
		cookie, to, err = s.SSO.LinkHere(r.Context(), code, sso.Credentials{
			Email: f.Get("email"), Password: f.Get("password"), OTPCode: f.Get("otp_code"),
		}, visitor(r), s.signinCookie(r))
	case "create":
		first, last := f.Get("first_name"), f.Get("last_name")
		cookie, to, err = s.SSO.CreateHere(r.Context(), code, sso.Names{First: &first, Last: &last},
			f.Get("family") != "own", visitor(r), s.signinCookie(r))
	default:
		return errForm
	}
	if err != nil {
		return s.newcomerAgain(w, r, err)
	}
	s.signedIn(w, cookie)
	s.setCookie(w, newcomerName, secret.Token{}, -time.Second)
	return redirect(w, r, onward(to))
}

var errFactorToo = fault.New(fault.Unauthenticated, "This account has a second factor. Enter your password again, and the code.")

func (s *Server) newcomerAgain(w http.ResponseWriter, r *http.Request, refused error) error {
	v, data, err := s.newcomerView(w, r)
	if err != nil {
		return s.newcomerGone(w, r, err)
	}
	data.Own = r.PostForm.Get("family") == "own"
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
	status, err := s.refuse(w, v, refused)
	if err != nil {
		return err
	}
	return s.render(w, r, status, v, newcomerPage(v, data))
}

// identity is a connected account as its owner sees it.
type identity struct {
	authserver.Identity
	Label string
}

type identitiesView struct {
	Connected     []identity
	NeedsPassword bool
}

func (s *Server) identitiesView(w http.ResponseWriter, r *http.Request, in *authserver.Signin) (*view, templ.Component, error) {
	found, err := s.SSO.Identities(r.Context(), in.User.ID)
	if err != nil {
		return nil, nil, err
	}
	data := identitiesView{NeedsPassword: s.People.NeedsPassword(in)}
	for _, one := range found {
		data.Connected = append(data.Connected, identity{one, s.SSO.Label(one.Provider)})
	}
	v := s.personalView(w, r, in, "identities.title")
	switch r.URL.Query().Get("done") {
	case "connected":
		v.Notice = "identities.connected"
	case "disconnected":
		v.Notice = "identities.disconnected"
	}
	v.Path = "/settings/security"
	for _, origin := range s.SSO.Origins() {
		v.formTargets += leadsTo(origin)
	}
	return v, identitiesPage(v, data), nil
}

func (s *Server) showIdentities(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	v, page, err := s.identitiesView(w, r, in)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, v, page)
}

// dropIdentity takes a connection back.
func (s *Server) dropIdentity(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	err := s.People.Reconfirm(r.Context(), in, r.PostForm.Get("password"))
	if err == nil {
		err = s.SSO.Disconnect(r.Context(), in.User.ID, r.PostForm.Get("id"))
	}
	if err != nil {
		return s.identitiesAgain(w, r, in, err)
	}
	return redirect(w, r, "/settings/identities?done=disconnected")
}

func (s *Server) identitiesAgain(w http.ResponseWriter, r *http.Request, in *authserver.Signin, refused error) error {
	v, page, err := s.identitiesView(w, r, in)
	if err != nil {
		return err
	}
	return s.again(w, r, v, page, refused)
}

func (s *Server) exportIdentities(ctx context.Context, in *authserver.Signin) (any, error) {
	if s.SSO == nil {
		return []object{}, nil
	}
	found, err := s.SSO.Identities(ctx, in.User.ID)
	return each(found, func(one authserver.Identity) object {
		return object{
			"id": one.ID, "provider": one.Provider, "subject": one.Subject, "email": one.Email,
			"created_at": one.CreatedAt.UTC(), "last_used_at": one.UsedAt,
		}
	}), err
}
