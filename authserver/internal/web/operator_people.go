package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"latchkey/authserver"
	"latchkey/authserver/internal/operator"
	"latchkey/authserver/internal/web/page"
)

// peopleFilters are what people can be looked through by.
var peopleFilters = append(
	chosenBy([]string{authserver.UserActive, authserver.UserOperator, authserver.UserClosed, authserver.UserDeactivated}),
	page.ListFilter{Name: "factor", Label: "operator.column.factor", Any: "operator.any", Options: []string{authserver.FactorOn, authserver.FactorOff}},
	page.ListFilter{Name: "signin", Label: "operator.column.signin", Any: "operator.people.anytime", Options: authserver.SigninSpans},
)

func (s *Server) peopleList() listing[authserver.UserEntry] {
	return listing[authserver.UserEntry]{
		key: "people", file: "people", filters: peopleFilters, makes: "/invites/new",
		orders:  []string{authserver.OrderSignin, authserver.OrderName, authserver.OrderNewest},
		columns: []string{"person", "family", "factor", "signin", "state", page.ColumnActions},
		find:    s.operator.People, rows: peopleRows,
		heads: []string{"id", "email", "first_name", "last_name", "family_id", "family", "role", "operator", "second_factor", "last_seen_at", "created_at", "deactivated_at"},
		line: func(u *authserver.UserEntry) []string {
			return []string{
				u.ID, u.Email, u.FirstName, u.LastName, u.FamilyID, u.FamilyName, u.Role, strconv.FormatBool(u.Operator),
				strconv.FormatBool(u.SecondFactor), stamp(u.SeenAt), stamp(&u.CreatedAt), stamp(u.DeactivatedAt),
			}
		},
	}
}

func peopleRows(_ context.Context, by *authserver.User, found []authserver.UserEntry) ([]page.ListRow, error) {
	rows := make([]page.ListRow, len(found))
	for i := range found {
		u := &found[i]
		rows[i] = page.ListRow{Menu: personMenu(by, &u.User), Cells: []page.ListCell{
			personCell(&u.User),
			{Text: u.FamilyName, Href: page.OperatorPath + "/families/" + u.FamilyID, Also: "role." + u.Role},
			factorCell(&u.User), signinCell(u), stateOf(&u.User),
		}}
	}
	return rows, nil
}

func factorCell(u *authserver.User) page.ListCell {
	if u.SecondFactor {
		return page.ListCell{Key: "operator.on"}
	}
	return page.ListCell{Key: "operator.off"}
}

// signinCell is when somebody signed in last, and with what.
func signinCell(u *authserver.UserEntry) page.ListCell {
	if u.SignedInAt.Equal(authserver.NeverSignedIn) {
		return page.ListCell{Key: "operator.people.never"}
	}
	return page.ListCell{Moment: &u.SignedInAt, With: u.SignedInWith}
}

// personMenu is what by can do with u in the list, where u is in a state for it.
func personMenu(by, u *authserver.User) *page.RowMenu {
	path := page.OperatorPath + "/people/" + u.ID
	menu := page.RowMenu{Name: u.DisplayName(), View: path}
	acts, dangers := actsFor(by, u)
	for _, act := range acts {
		if act != "appoint" {
			menu.Acts = append(menu.Acts, page.RowAct{Key: "operator.people." + act, Href: path + "/" + act})
		}
	}
	if slices.Contains(dangers, "deactivate") {
		menu.Danger = page.RowAct{Key: "operator.people.deactivate", Href: path + "/deactivate"}
	}
	return &menu
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
			{Key: "factor", Cell: factorCell(u)},
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
	acts = []string{"reset-link"}
	if u.SecondFactor {
		acts = append(acts, "second-factor")
	}
	acts = append(acts, "sign-out")
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
		found := page.Some(signins, page.Happening{Key: "happens.applications", Count: len(p.Applications)}, page.Happening{Key: "happens.keys", Count: len(p.Keys)})
		if len(found) == 0 {
			return []page.Happening{{Key: "happens.nothing"}}
		}
		return found
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
	v := s.personalView(w, r, in, d.Key+".made", d.Name)
	return s.render(w, r, http.StatusOK, v, page.OperatorOncePage(v, d.Back, d.Key, d.Name, made))
}

func (s *Server) familyList() listing[authserver.FamilyEntry] {
	return listing[authserver.FamilyEntry]{
		key: "families", file: "families", orders: ordinary, columns: []string{"family", "members", "created"}, find: s.operator.Families,
		rows: oneByOne(func(f *authserver.FamilyEntry) page.ListRow {
			return page.ListRow{Cells: []page.ListCell{{Text: f.Name, Href: page.OperatorPath + "/families/" + f.ID}, countCell(f.Members), {At: &f.CreatedAt}}}
		}),
		heads: []string{"id", "name", "members", "created_at"},
		line: func(f *authserver.FamilyEntry) []string {
			return []string{f.ID, f.Name, strconv.Itoa(f.Members), stamp(&f.CreatedAt)}
		},
	}
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
