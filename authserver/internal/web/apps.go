package web

import (
	"errors"
	"net/http"
	"net/url"

	"latchkey/authserver"
	"latchkey/authserver/internal/consent"
)

// applicationView is an application the person has allowed.
type applicationView struct {
	authserver.Application
	Name     string
	Initial  string
	Host     string
	Local    bool
	Operator bool // registered by the operator; else "not verified"
	Own      bool // registered by the person
	Scopes   []string
	Link     string // to the page that takes it back
}

func newApplicationView(a authserver.Application) applicationView {
	v := applicationView{
		Application: a, Name: plainName(a.Client.Name), Operator: a.Client.OwnerID == "",
		Own: a.Client.OwnerID == a.Consent.UserID, Scopes: strongest(a.Consent.Scopes),
		Link: "/settings/applications/one?client_id=" + url.QueryEscape(a.Client.ID),
	}
	v.Initial = initial(v.Name)
	if len(a.Client.RedirectURIs) > 0 {
		v.Host, v.Local = redirectHost(a.Client.RedirectURIs[0])
	}
	return v
}

func (s *Server) showApplications(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	found, err := s.Consents.List(r.Context(), in.User.ID)
	if err != nil {
		return err
	}
	list := make([]applicationView, 0, len(found))
	for _, a := range found {
		list = append(list, newApplicationView(a))
	}
	v := s.personalView(w, r, in, "apps.title")
	return s.render(w, r, http.StatusOK, v, appsPage(v, list))
}

func (s *Server) showApplication(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	a, err := s.Consents.Find(r.Context(), in.User.ID, r.URL.Query().Get("client_id"))
	if err != nil {
		return err
	}
	data := newApplicationView(*a)
	v := s.personalView(w, r, in, "app.title", data.Name)
	v.Path = "/settings/applications"
	return s.render(w, r, http.StatusOK, v, appPage(v, data))
}

func (s *Server) revokeApplication(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	err := s.Consents.Revoke(r.Context(), in.User.ID, r.PostForm.Get("client_id"))
	if err != nil && !errors.Is(err, consent.ErrNone) { // gone already is what was wanted
		return err
	}
	return redirect(w, r, "/settings/applications?done=app-revoked")
}
