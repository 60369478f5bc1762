package web

import (
	"net/http"
	"slices"
	"strings"

	"github.com/gorilla/mux"

	"latchkey/authserver"
	"latchkey/authserver/internal/web/page"
	"latchkey/pkg/fault"
	"latchkey/pkg/httpserver"
)

// operatorOnly is a handler for those who look after the instance; for anybody else
// there is nothing.
type operatorOnly person

func (h operatorOnly) bind(s *Server, unsigned httpserver.Handler) httpserver.Handler {
	return person(func(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
		if !in.User.Operator {
			return errNowhere
		}
		return h(w, r, in)
	}).bind(s, unsigned)
}

// operatorRoutes are the pages of the people in charge.
func (s *Server) operatorRoutes() []route {
	const root = page.OperatorPath
	routes := slices.Concat([]route{
		{path: root, get: operatorOnly(s.showOverview)},
		{path: page.HealthPath, get: operatorOnly(s.showHealth)},
		{path: page.LookPath, get: operatorOnly(s.showLook)},
		{path: root + "/people/{id}", get: operatorOnly(s.showPerson)},
		{path: root + "/families/{id}", get: operatorOnly(s.showOneFamily)},
		{path: root + "/applications/one", get: operatorOnly(s.showOneClient)},
		{path: root + "/applications/one/delete", get: operatorOnly(s.askDeleteClient), post: operatorOnly(s.deleteAnyClient), confirm: freshSignin},
		{path: root + "/keys/{id}", get: operatorOnly(s.showOneKey)},
		{path: root + "/keys/{id}/tier", get: operatorOnly(s.askTier), post: operatorOnly(s.setTier), confirm: freshSignin},
		{path: root + "/keys/{id}/revoke", get: operatorOnly(s.askRevokeKey), post: operatorOnly(s.revokeAnyKey), confirm: freshSignin},
		{path: registrationsPath, get: operatorOnly(s.listRegistrations)},
		{path: registrationsPath + "/new", get: operatorOnly(s.showNewToken), post: operatorOnly(s.createToken), confirm: freshSignin},
		{path: registrationsPath + "/{id}/revoke", get: operatorOnly(s.askRevokeToken), post: operatorOnly(s.revokeToken), confirm: freshSignin},
		{path: root + "/invites", get: operatorOnly(s.listInvites)},
		{path: root + "/invites/new", get: operatorOnly(s.showNewInvite), post: operatorOnly(s.createInvite), confirm: freshSignin},
		{path: root + "/invites/{id}/revoke", get: operatorOnly(s.askRevokeInvite), post: operatorOnly(s.revokeInvite), confirm: freshSignin},
	}, s.clientRoutes(root+"/applications/one"),
		listRoutes(s, s.peopleList()), listRoutes(s, s.familyList()), listRoutes(s, s.clientList()), listRoutes(s, s.serverList()),
		listRoutes(s, s.keyList()), listRoutes(s, s.erasureList()), listRoutes(s, s.eventList()))
	acts := s.personActs()
	for _, name := range operatorActs {
		routes = append(routes, route{
			path: root + "/people/{id}/" + name, confirm: freshSignin,
			get: operatorOnly(func(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
				return s.askAct(w, r, in, name)
			}),
			post: operatorOnly(func(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
				return s.doAct(w, r, in, name, acts[name])
			}),
		})
	}
	return routes
}

var errNowhere = fault.New(fault.NotFound, "There is nothing at this address.")

func (s *Server) showLook(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	v := s.personalView(w, r, in, "look.title")
	return s.render(w, r, http.StatusOK, v, page.OperatorLookPage(v))
}

func (s *Server) showFacts(w http.ResponseWriter, r *http.Request, in *authserver.Signin, d page.FactsView) error {
	for i := range d.Lists {
		one := &d.Lists[i]
		one.Rows, one.Window = windowed(r, one.Key, one.Rows, page.Rows)
	}
	v := s.personalView(w, r, in, "operator.title", d.Name)
	return s.render(w, r, http.StatusOK, v, page.OperatorFactsPage(v, d))
}

// actView is personalView for the page that asks d.
func (s *Server) actView(w http.ResponseWriter, r *http.Request, in *authserver.Signin, d page.ActView) *page.View {
	key, args := d.Heading()
	return s.personalView(w, r, in, key, args...)
}

// ask shows the page that asks before something is done.
func (s *Server) ask(w http.ResponseWriter, r *http.Request, in *authserver.Signin, d page.ActView, err error) error {
	d.Action = r.URL.RequestURI()
	v := s.actView(w, r, in, d)
	v.Fields = map[string]string{"days": "7", "uses": "1"}
	body := page.OperatorActPage(v, d)
	if err != nil {
		return s.again(w, r, v, body, err, "email", "note", "days", "uses", "tier")
	}
	return s.render(w, r, http.StatusOK, v, body)
}

// address is where this server is, without a slash at its end.
func (s *Server) address() string { return strings.TrimRight(s.issuer, "/") }

func idOf(r *http.Request) string { return mux.Vars(r)["id"] }
