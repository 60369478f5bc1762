package web

import (
	"context"
	"net/http"
	"slices"

	"github.com/a-h/templ"
	"github.com/gorilla/mux"

	"latchkey/authserver"
	"latchkey/authserver/internal/web/page"
)

func (s *Server) identitiesView(w http.ResponseWriter, r *http.Request, in *authserver.Signin) (*page.View, templ.Component, error) {
	found, err := s.sso.Identities(r.Context(), in.User.ID)
	if err != nil {
		return nil, nil, err
	}
	data := page.IdentitiesView{Providers: s.providers(), NeedsPassword: s.people.NeedsPassword(in)}
	data.Connected = s.identityViews(found)
	v := s.personalView(w, r, in, "identities.title")
	switch r.URL.Query().Get("done") {
	case "connected":
		v.Notice = "identities.connected"
	case "disconnected":
		v.Notice = "identities.disconnected"
	}
	v.Path = identitiesPath // a refused connection is shown at another address
	v.FormTargets = s.providerTargets()
	return v, page.IdentitiesPage(v, data), nil
}

func (s *Server) identityViews(found []authserver.Identity) []page.IdentityView {
	views := make([]page.IdentityView, len(found))
	for i, one := range found {
		views[i] = page.IdentityView{Identity: one, Label: one.Provider}
		if s.sso != nil {
			views[i].Label = s.sso.Label(one.Provider)
		}
	}
	return views
}

const identitiesPath = "/settings/identities"

// providerTargets is where forms that lead to a provider may lead, for the CSP.
func (s *Server) providerTargets() (targets string) {
	for _, origin := range s.sso.Origins() {
		targets += leadsTo(origin)
	}
	return targets
}

func (s *Server) showIdentities(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	v, body, err := s.identitiesView(w, r, in)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, v, body)
}

// askDropIdentity says what taking a connection back does.
func (s *Server) askDropIdentity(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	found, err := s.sso.Identities(r.Context(), in.User.ID)
	if err != nil {
		return err
	}
	id := mux.Vars(r)["id"]
	views := s.identityViews(found)
	i := slices.IndexFunc(views, func(one page.IdentityView) bool { return one.ID == id })
	if i < 0 {
		return errNowhere
	}
	one := &views[i]
	facts := []page.Fact{{Key: "connected", Cell: page.ListCell{At: &one.CreatedAt}}}
	if one.Email != "" {
		facts = append([]page.Fact{{Key: "account", Cell: page.ListCell{Text: one.Email}}}, facts...)
	}
	return s.askFirst(w, r, in, page.AskView{
		Key: "identity_end", Back: identitiesPath, Action: identitiesPath, Fields: []page.Carried{{Name: "id", Value: id}},
		Facts: facts, NeedsPassword: s.people.NeedsPassword(in),
	}, one.Label)
}

// dropIdentity takes a connection back.
func (s *Server) dropIdentity(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	if err := s.sso.Disconnect(r.Context(), in.User.ID, r.PostForm.Get("id")); err != nil {
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
