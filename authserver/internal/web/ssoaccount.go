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
	found, err := s.sso.Newcomer(r.Context(), s.unlinkedCookie(r))
	if err != nil {
		return nil, page.UnlinkedView{}, err
	}
	v := s.newView(w, r, "sso.finish.title")
	v.FormTargets = returnLeadsTo(found.ReturnTo)
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
		}, visitor(r), s.signinCookie(r))
	case "create":
		first, last := f.Get("first_name"), f.Get("last_name")
		cookie, to, err = s.sso.CreateHere(r.Context(), code, sso.Names{First: &first, Last: &last},
			f.Get("family") != "own", visitor(r), s.signinCookie(r))
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
	return s.refused(w, r, v, page.UnlinkedPage(v, data), refused)
}

func (s *Server) identitiesView(w http.ResponseWriter, r *http.Request, in *authserver.Signin) (*page.View, templ.Component, error) {
	found, err := s.sso.Identities(r.Context(), in.User.ID)
	if err != nil {
		return nil, nil, err
	}
	data := page.IdentitiesView{Providers: s.providers(), NeedsPassword: s.people.NeedsPassword(in)}
	for _, one := range found {
		data.Connected = append(data.Connected, page.IdentityView{Identity: one, Label: s.sso.Label(one.Provider)})
	}
	v := s.personalView(w, r, in, "identities.title")
	switch r.URL.Query().Get("done") {
	case "connected":
		v.Notice = "identities.connected"
	case "disconnected":
		v.Notice = "identities.disconnected"
	}
	v.Path = "/settings/security"
	for _, origin := range s.sso.Origins() {
		v.FormTargets += leadsTo(origin)
	}
	return v, page.IdentitiesPage(v, data), nil
}

// providers are the sign-in providers a person can choose.
func (s *Server) providers() []page.Provider {
	found := s.sso.Providers() // nil has none
	list := make([]page.Provider, 0, len(found))
	for _, one := range found {
		list = append(list, page.Provider{Name: one.Name, Label: one.Label})
	}
	return list
}

func (s *Server) showIdentities(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	v, body, err := s.identitiesView(w, r, in)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, v, body)
}

// dropIdentity takes a connection back.
func (s *Server) dropIdentity(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	err := s.people.Reconfirm(r.Context(), in, r.PostForm.Get("password"))
	if err == nil {
		err = s.sso.Disconnect(r.Context(), in.User.ID, r.PostForm.Get("id"))
	}
	if err != nil {
		return s.identitiesAgain(w, r, in, err)
	}
	return redirect(w, r, "/settings/identities?done=disconnected")
}

func (s *Server) identitiesAgain(w http.ResponseWriter, r *http.Request, in *authserver.Signin, refused error) error {
	v, body, err := s.identitiesView(w, r, in)
	if err != nil {
		return err
	}
	return s.again(w, r, v, body, refused)
}

func (s *Server) exportIdentities(ctx context.Context, in *authserver.Signin) (any, error) {
	if s.sso == nil {
		return []object{}, nil
	}
	found, err := s.sso.Identities(ctx, in.User.ID)
	return each(found, func(one authserver.Identity) object {
		return object{
			"id": one.ID, "provider": one.Provider, "subject": one.Subject, "email": one.Email,
			"created_at": one.CreatedAt.UTC(), "last_used_at": one.UsedAt,
		}
	}), err
}
