package web

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"latchkey/authserver"
	"latchkey/authserver/internal/web/page"
	"latchkey/pkg/fault"
	"latchkey/pkg/scope"
)

var (
	clientStates  = []string{authserver.ClientVouched, authserver.ClientOwned, authserver.ClientIntroduced, authserver.ClientDisabled}
	clientColumns = []string{"application", "origin", "scopes", "created"}
)

// scopesCell is what may be done, in words.
func scopesCell(s scope.Set) page.ListCell {
	switch {
	case s.Satisfies(scope.ReadWrite):
		return page.ListCell{Key: "client.scopes.write"}
	case s.Satisfies(scope.Read):
		return page.ListCell{Key: "client.scopes.read"}
	}
	return page.ListCell{}
}

// methodCell is how a client proves who it is.
func methodCell(c *authserver.Client) page.ListCell {
	return page.ListCell{Key: "client.kind." + c.AuthMethod}
}

func countCell(n int) page.ListCell { return page.ListCell{Text: strconv.Itoa(n)} }

// clientAt is the address of a page of a client: act is "" for the client's own, or what
// is done there.
func clientAt(id, act string) string {
	return page.OperatorPath + "/applications/one" + act + "?" + url.Values{"client": {id}}.Encode()
}

func oneClient(id string) string { return clientAt(id, "") }

func (s *Server) clientList() listing[*authserver.Client] {
	return listing[*authserver.Client]{
		key: "applications", file: "applications", filters: chosenBy(clientStates), orders: ordinary, columns: clientColumns,
		find: s.operator.Clients, rows: oneByOne(clientListRow), heads: clientHeads, line: clientLine,
	}
}

// serverList is the resource servers: those that may introspect.
func (s *Server) serverList() listing[*authserver.Client] {
	return listing[*authserver.Client]{
		key: "servers", file: "resource-servers", orders: ordinary, columns: []string{"server", "method", "created"},
		find: func(ctx context.Context, q authserver.Search) (authserver.Found[*authserver.Client], error) {
			q.State = authserver.ClientServer
			return s.operator.Clients(ctx, q)
		},
		rows: oneByOne(func(one **authserver.Client) page.ListRow {
			c := *one
			return page.ListRow{Cells: []page.ListCell{{Text: page.PlainName(c.Name), Fine: c.ID, Href: oneClient(c.ID)}, methodCell(c), {At: &c.CreatedAt}}}
		}),
		heads: clientHeads, line: clientLine,
	}
}

var clientHeads = []string{"client_id", "name", "auth_method", "scopes", "redirect_uris", "owner_id", "introduced", "created_at", "disabled_at", "stopped_at"}

func clientLine(one **authserver.Client) []string {
	c := *one
	return []string{
		c.ID, c.Name, c.AuthMethod, c.Scopes.String(), strings.Join(c.RedirectURIs, " "), c.OwnerID, c.Introduced,
		stamp(&c.CreatedAt), stamp(c.DisabledAt), stamp(c.StoppedAt),
	}
}

func clientListRow(one **authserver.Client) page.ListRow {
	c := *one
	return page.ListRow{Cells: []page.ListCell{
		{Emblem: page.OwnEmblem(c), Text: page.PlainName(c.Name), Fine: c.ID, Href: oneClient(c.ID)}, clientOrigin(c), scopesCell(c.Scopes), {At: &c.CreatedAt},
	}}
}

// clientOrigin is who answers for a client.
func clientOrigin(c *authserver.Client) page.ListCell {
	switch {
	case c.Stopped():
		return page.ListCell{Key: "operator.applications.disabled", Badge: "bad"}
	case c.Disabled():
		return page.ListCell{Key: "operator.applications.ownerless", Badge: "bad"}
	case c.Verified():
		return page.ListCell{Key: "operator.applications.verified", Badge: "good"}
	case c.Introduced != "":
		return page.ListCell{Key: "operator.applications.introduced", Badge: "warn"}
	case c.OwnerID != "":
		return page.ListCell{Key: "operator.applications.owned", Badge: "warn"}
	}
	return page.ListCell{Key: "operator.applications.vouched", Badge: "good"}
}

func (s *Server) showOneClient(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	c, err := s.operator.Client(r.Context(), r.URL.Query().Get("client"))
	if err != nil {
		return err
	}
	people, err := s.usage.People(r.Context(), c.ID)
	if err != nil {
		return err
	}
	d := page.FactsView{
		Key: "applications", Name: page.PlainName(c.Name), Back: page.OperatorPath + "/applications", Path: page.OperatorPath + "/applications/one",
		Query:  "?" + url.Values{"client": {c.ID}}.Encode(),
		Emblem: page.OwnEmblem(c), Badges: []page.ListCell{clientOrigin(c)}, Events: eventsOf(c.ID),
		Facts: []page.Fact{
			{Key: "people", Cell: countCell(people)},
			{Key: "scopes", Cell: scopesCell(c.Scopes)},
			{Key: "method", Cell: methodCell(c)},
			{Key: "created", Cell: page.ListCell{At: &c.CreatedAt}},
			{Key: "id", Cell: page.ListCell{Text: c.ID}, Copy: true},
		},
	}
	if c.LogoWaits() {
		d.Badges = append(d.Badges, page.ListCell{Key: "logo.waits", Badge: "warn"})
	}
	for _, uri := range c.RedirectURIs {
		d.Facts = append(d.Facts, page.Fact{Key: "redirect", Cell: page.ListCell{Text: uri}, Copy: true})
	}
	if c.OwnerID != "" {
		owner, err := s.ownerFact(r.Context(), c)
		if err != nil {
			return err
		}
		d.Facts = append(d.Facts, owner)
	}
	d.Actions, d.Dangers = actsForClient(c)
	found, err := s.usage.Client(r.Context(), in.User.Preferences().Zone(), c.ID)
	if err != nil {
		return err
	}
	d.Usage, d.Heading = &page.UsageView{Kind: page.UsageOfAnyClient, Hours: found.Hours, Days: found.Days}, "client.usage"
	return s.showFacts(w, r, in, d)
}

func (s *Server) clientAsked(r *http.Request) (page.ActView, *authserver.Client, error) {
	c, err := s.operator.Client(r.Context(), r.URL.Query().Get("client"))
	if err == nil && c.ResourceServer {
		err = fault.New(fault.Forbidden, "You can only delete a resource server from the command line.")
	}
	if err != nil {
		return page.ActView{}, nil, err
	}
	what, err := s.disconnects(r, c.ID)
	return page.ActView{Key: "operator.applications.delete", Name: page.PlainName(c.Name), Back: oneClient(c.ID), Danger: true, Happens: what}, c, err
}

func (s *Server) askDeleteClient(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	d, _, err := s.clientAsked(r)
	if err != nil {
		return err
	}
	return s.ask(w, r, in, d, nil)
}

func (s *Server) deleteAnyClient(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	d, c, err := s.clientAsked(r)
	if err != nil {
		return err
	}
	if err := s.operator.DeleteClient(r.Context(), &in.User, c.ID); err != nil {
		return s.ask(w, r, in, d, err)
	}
	return redirect(w, r, page.OperatorPath+"/applications?done=client-deleted")
}

func (s *Server) listInvites(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	all, err := s.people.Invites(r.Context())
	if err != nil {
		return err
	}
	d := page.InvitesView{}
	all, d.Window = windowed(r, "from", all, page.Rows)
	for i := range all {
		d.Invites = append(d.Invites, page.InviteView{Invite: all[i], State: all[i].State(s.now())})
	}
	v := s.personalView(w, r, in, "operator.invites.title")
	return s.render(w, r, http.StatusOK, v, page.OperatorInvitesPage(v, d))
}

func newInvite() page.ActView {
	return page.ActView{Key: "operator.invites.new", Back: page.OperatorPath + "/invites", Invite: true}
}

func (s *Server) showNewInvite(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	return s.ask(w, r, in, newInvite(), nil)
}

func (s *Server) createInvite(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	code, err := s.operator.Invite(r.Context(), &in.User, r.PostForm.Get("email"), r.PostForm.Get("note"), r.PostForm.Get("days"))
	if err != nil {
		return s.ask(w, r, in, newInvite(), err)
	}
	d := newInvite()
	v := s.personalView(w, r, in, d.Key+".made", code.String())
	link := s.address() + "/signup?" + url.Values{"invite_code": {code.Reveal()}}.Encode()
	return s.render(w, r, http.StatusOK, v, page.OperatorOncePage(v, d.Back, d.Key, code.String(), link))
}

func (s *Server) askRevokeInvite(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	return s.ask(w, r, in, page.ActView{Key: "operator.invites.revoke", Back: page.OperatorPath + "/invites", Danger: true}, nil)
}

func (s *Server) revokeInvite(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	if err := s.operator.RevokeInvite(r.Context(), &in.User, idOf(r)); err != nil { // it may have been used meanwhile
		return err
	}
	return redirect(w, r, page.OperatorPath+"/invites?done=invite-revoked")
}
