package web

import (
	"context"
	"net/http"

	"latchkey/authserver"
	"latchkey/authserver/internal/operator"
	"latchkey/authserver/internal/web/page"
)

var (
	peopleStates  = []string{authserver.UserActive, authserver.UserNoFactor, authserver.UserOperator, authserver.UserClosed, authserver.UserDeactivated}
	peopleColumns = []string{"person", "family", "factor", "seen", "state", "created"}
)

func (s *Server) listPeople(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	q, err := searchOf(r.URL.Query(), peopleStates)
	if err != nil {
		return err
	}
	found, err := s.operator.People(r.Context(), q)
	if err != nil {
		return err
	}
	d := listView("people", "people", q, peopleStates, peopleColumns)
	d.Total, d.Next, d.New = found.Total, found.Next, page.OperatorPath+"/invites/new"
	for i := range found.Rows {
		d.Rows = append(d.Rows, personRow(&found.Rows[i]))
	}
	return s.showList(w, r, in, d)
}

func personRow(u *authserver.UserEntry) page.ListRow {
	factor := "operator.off"
	if u.SecondFactor {
		factor = "operator.on"
	}
	return page.ListRow{Cells: []page.ListCell{
		personCell(&u.User),
		{Text: u.FamilyName, Href: page.OperatorPath + "/families/" + u.FamilyID},
		{Key: factor},
		usedCell(u.SeenAt, ""), stateOf(&u.User),
		{At: &u.CreatedAt},
	}}
}

// personCell leads to a person's page. Who has no name goes by the address alone.
func personCell(u *authserver.User) page.ListCell {
	c := page.ListCell{Text: u.DisplayName(), Href: page.OperatorPath + "/people/" + u.ID}
	if c.Text != u.Email {
		c.Fine = u.Email
	}
	return c
}

func stateOf(u *authserver.User) page.ListCell {
	switch {
	case u.Closed():
		return page.ListCell{Key: "operator.state.closed", Badge: "warn"}
	case !u.Active():
		return page.ListCell{Key: "operator.state.deactivated", Badge: "bad"}
	}
	return page.ListCell{Key: "operator.state.active", Badge: "good"}
}

func (s *Server) showPerson(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	p, err := s.operator.Person(r.Context(), idOf(r))
	if err != nil {
		return err
	}
	u := p.User
	d := page.FactsView{
		Key: "people", Name: u.DisplayName(), Back: page.OperatorPath + "/people", Path: page.OperatorPath + "/people/" + u.ID,
		Badges: []page.ListCell{stateOf(u)}, Events: eventsOf(u.ID),
		Facts: []page.Fact{
			{Key: "email", Cell: page.ListCell{Text: u.Email}, Copy: true},
			{Key: "family", Cell: page.ListCell{Text: u.FamilyName, Href: page.OperatorPath + "/families/" + u.FamilyID}},
			{Key: "role", Cell: page.ListCell{Key: "role." + u.Role}},
			{Key: "factor", Cell: personRow(&authserver.UserEntry{User: *u}).Cells[2]},
			{Key: "created", Cell: page.ListCell{At: &u.CreatedAt}},
			{Key: "id", Cell: page.ListCell{Text: u.ID}, Copy: true},
		},
		Lists: personLists(p),
	}
	if u.Operator {
		d.Badges = append(d.Badges, page.ListCell{Key: "operator.badge", Badge: "plain"})
	}
	d.Actions, d.Dangers = actsFor(&in.User, u)
	return s.showFacts(w, r, in, d)
}

func personLists(p *operator.Person) []page.FactList {
	signins, apps, keys := page.FactList{Key: "signins"}, page.FactList{Key: "applications"}, page.FactList{Key: "keys"}
	for _, in := range p.Signins {
		signins.Rows = append(signins.Rows, page.ListRow{Cells: []page.ListCell{{UserAgent: in.UserAgent, Fine: in.Address}, {Since: &in.SeenAt}}})
	}
	for _, device := range p.Devices {
		signins.Rows = append(signins.Rows, page.ListRow{Cells: []page.ListCell{{Text: device.Name, Fine: device.Kind}, {Since: &device.SeenAt}}})
	}
	for _, a := range p.Applications {
		apps.Rows = append(apps.Rows, page.ListRow{Cells: []page.ListCell{
			{Text: page.PlainName(a.Client.Name), Href: oneClient(a.Client.ID)}, scopesCell(a.Consent.Scopes),
		}})
	}
	for _, k := range p.Keys {
		keys.Rows = append(keys.Rows, page.ListRow{Cells: []page.ListCell{
			{Text: k.Name, Fine: k.Stub, Href: page.OperatorPath + "/keys/" + k.ID}, {Key: "key.tier." + k.Tier},
		}})
	}
	return []page.FactList{signins, apps, keys}
}

// operatorActs are what can be done to a person, in the order of the page.
var operatorActs = []string{"reset-link", "sign-out", "second-factor", "appoint", "dismiss", "reactivate", "deactivate"}

// actsFor are those that u is in a state for, for by to do.
func actsFor(by, u *authserver.User) (acts, dangers []string) {
	switch {
	case by.ID == u.ID:
		return nil, []string{"dismiss"}
	case !u.Active():
		return []string{"reactivate"}, nil
	}
	acts = []string{"reset-link", "sign-out"}
	if u.SecondFactor {
		acts = append(acts, "second-factor")
	}
	if u.Operator {
		return acts, []string{"dismiss", "deactivate"}
	}
	return append(acts, "appoint"), []string{"deactivate"}
}

// personAct does something to a person. made is shown once; "": nothing is.
type personAct func(ctx context.Context, by *authserver.User, id string) (made string, err error)

func (s *Server) personActs() map[string]personAct {
	silent := func(do func(ctx context.Context, by *authserver.User, id string) error) personAct {
		return func(ctx context.Context, by *authserver.User, id string) (string, error) { return "", do(ctx, by, id) }
	}
	return map[string]personAct{
		"reset-link": func(ctx context.Context, by *authserver.User, id string) (string, error) {
			path, err := s.operator.ResetLink(ctx, by, id)
			return s.address() + path, err
		},
		"sign-out": silent(s.operator.SignOut), "second-factor": silent(s.operator.DropSecondFactor),
		"appoint": silent(s.operator.Appoint), "dismiss": silent(s.operator.Dismiss),
		"deactivate": silent(s.operator.Deactivate), "reactivate": silent(s.operator.Reactivate),
	}
}

func (s *Server) askAct(w http.ResponseWriter, r *http.Request, in *authserver.Signin, name string) error {
	d, err := s.personAsked(r, name)
	if err != nil {
		return err
	}
	return s.ask(w, r, in, d, nil)
}

func (s *Server) personAsked(r *http.Request, name string) (page.ActView, error) {
	p, err := s.operator.Person(r.Context(), idOf(r))
	if err != nil {
		return page.ActView{}, err
	}
	return page.ActView{
		Key: "operator.people." + name, Name: p.User.DisplayName(), Back: page.OperatorPath + "/people/" + p.User.ID,
		Danger: name == "deactivate" || name == "dismiss" || name == "second-factor", Happens: endsBy(name, p),
	}, nil
}

// endsBy counts what ends by an act.
func endsBy(name string, p *operator.Person) []page.Happening {
	signins := page.Happening{Key: "happens.signins", Count: len(p.Signins) + len(p.Devices)}
	switch name {
	case "sign-out", "second-factor":
		return []page.Happening{signins}
	case "deactivate":
		return []page.Happening{signins, {Key: "happens.applications", Count: len(p.Applications)}, {Key: "happens.keys", Count: len(p.Keys)}}
	}
	return nil
}

func (s *Server) doAct(w http.ResponseWriter, r *http.Request, in *authserver.Signin, name string, act personAct) error {
	d, err := s.personAsked(r, name)
	if err != nil {
		return err
	}
	made, err := act(r.Context(), &in.User, idOf(r))
	if err != nil {
		return s.ask(w, r, in, d, err)
	}
	if made == "" {
		return redirect(w, r, d.Back+"?done="+name)
	}
	v := s.personalView(w, r, in, d.Key+".submit")
	return s.render(w, r, http.StatusOK, v, page.OperatorOncePage(v, d.Back, d.Key, d.Name, made))
}

func (s *Server) listFamilies(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	q, err := searchOf(r.URL.Query(), nil)
	if err != nil {
		return err
	}
	found, err := s.operator.Families(r.Context(), q)
	if err != nil {
		return err
	}
	d := listView("families", "families", q, nil, []string{"family", "members", "created"})
	d.Total, d.Next = found.Total, found.Next
	for i := range found.Rows {
		f := &found.Rows[i]
		d.Rows = append(d.Rows, page.ListRow{Cells: []page.ListCell{
			{Text: f.Name, Href: page.OperatorPath + "/families/" + f.ID}, countCell(f.Members), {At: &f.CreatedAt},
		}})
	}
	return s.showList(w, r, in, d)
}

func (s *Server) showOneFamily(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	f, members, err := s.operator.Family(r.Context(), idOf(r))
	if err != nil {
		return err
	}
	list := page.FactList{Key: "members"}
	for _, u := range members {
		list.Rows = append(list.Rows, page.ListRow{Cells: []page.ListCell{
			personCell(&u), {Key: "role." + u.Role},
		}})
	}
	return s.showFacts(w, r, in, page.FactsView{
		Key: "families", Name: f.Name, Back: page.OperatorPath + "/families",
		Facts: []page.Fact{
			{Key: "created", Cell: page.ListCell{At: &f.CreatedAt}},
			{Key: "id", Cell: page.ListCell{Text: f.ID}, Copy: true},
		},
		Lists: []page.FactList{list},
	})
}
