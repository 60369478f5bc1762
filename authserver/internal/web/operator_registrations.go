package web

import (
	"net/http"

	"latchkey/authserver"
	"latchkey/authserver/internal/web/page"
	"latchkey/pkg/fault"
)

// listServers shows the resource servers: those that may introspect.
func (s *Server) listServers(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	q, err := searchOf(r.URL.Query(), nil)
	if err != nil {
		return err
	}
	q.State = authserver.ClientServer
	found, err := s.operator.Clients(r.Context(), q)
	if err != nil {
		return err
	}
	q.State = ""
	d := listView("servers", "servers", q, nil, []string{"server", "method", "created"})
	d.Total, d.Next = found.Total, found.Next
	for _, c := range found.Rows {
		d.Rows = append(d.Rows, page.ListRow{Cells: []page.ListCell{
			{Text: page.PlainName(c.Name), Fine: c.ID, Href: oneClient(c.ID)}, methodCell(c), {At: &c.CreatedAt},
		}})
	}
	return s.showList(w, r, in, d)
}

// listRegistrations shows how clients may introduce themselves, and the tokens that let
// them.
func (s *Server) listRegistrations(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	all, err := s.clients.Tokens(r.Context())
	if err != nil {
		return err
	}
	d := page.RegistrationsView{Mode: s.clients.Mode}
	all, d.Window = windowed(r, "from", all, page.Rows)
	for i := range all {
		d.Tokens = append(d.Tokens, page.RegistrationTokenView{RegistrationToken: all[i], State: all[i].State(s.now())})
	}
	v := s.personalView(w, r, in, "operator.registrations.title")
	return s.render(w, r, http.StatusOK, v, page.OperatorRegistrationsPage(v, d))
}

const registrationsPath = page.OperatorPath + "/registrations"

func newRegistrationToken() page.ActView {
	return page.ActView{Key: "operator.registrations.new", Back: registrationsPath, Token: true}
}

func (s *Server) showNewToken(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	return s.ask(w, r, in, newRegistrationToken(), nil)
}

func (s *Server) createToken(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	text, err := s.operator.NewRegistrationToken(r.Context(), &in.User, r.PostForm.Get("note"), r.PostForm.Get("uses"), r.PostForm.Get("days"))
	if err != nil {
		return s.ask(w, r, in, newRegistrationToken(), err)
	}
	d := newRegistrationToken()
	v := s.personalView(w, r, in, d.Key+".submit")
	return s.render(w, r, http.StatusOK, v, page.OperatorOncePage(v, d.Back, d.Key, text.String(), text.Reveal()))
}

func (s *Server) askRevokeToken(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	return s.ask(w, r, in, page.ActView{Key: "operator.registrations.revoke", Back: registrationsPath, Danger: true}, nil)
}

func (s *Server) revokeToken(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	if err := s.operator.RevokeRegistrationToken(r.Context(), &in.User, idOf(r)); err != nil && !fault.Is(err, fault.NotFound) {
		return err // gone already is what was wanted
	}
	return redirect(w, r, registrationsPath+"?done=token-revoked")
}
