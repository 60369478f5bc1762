package page

import (
	"net/url"
	"strconv"
	"time"

	"latchkey/authserver"
)

// OperatorPath is where the operator's pages begin.
const OperatorPath = "/operator"

// operatorGroups is the navigation of the operator's pages.
var operatorGroups = []group{
	{"", []section{{Path: OperatorPath, Key: "nav.overview"}}},
	{"nav.people", []section{
		{Path: OperatorPath + "/people", Key: "nav.everybody"},
		{Path: OperatorPath + "/families", Key: "nav.families"},
		{Path: OperatorPath + "/invites", Key: "nav.invites"},
	}},
	{"nav.access", []section{
		{Path: OperatorPath + "/applications", Key: "nav.applications"},
		{Path: OperatorPath + "/keys", Key: "nav.keys"},
		{Path: OperatorPath + "/servers", Key: "nav.servers"},
		{Path: OperatorPath + "/registrations", Key: "nav.registrations"},
	}},
	{"nav.instance", []section{
		{Path: OperatorPath + "/events", Key: "nav.events"},
		{Path: OperatorPath + "/erasures", Key: "nav.erasures"},
	}},
}

// ListView is a page of a list that the operator looks through.
type ListView struct {
	Key    string // of the list's texts: operator.KEY.…
	Path   string
	Search authserver.Search
	States []string // that can be asked for, as operator.KEY.STATE
	Total  int
	Next   authserver.Place
	Cols   []string // keys of the columns
	Rows   []ListRow
	New    string
	// Unordered: there is one order, and Total is not known.
	Unordered bool
}

// ListRow is a row: its first cell names it.
type ListRow struct {
	Cells []ListCell
}

// ListCell is one cell. Text comes from people and is shown as it is; Key is a text
// of ours.
type ListCell struct {
	Text, Fine string
	By         string // who did it
	Key        string
	Also       string // a text of ours beside it
	UserAgent  string // of a browser, which is named
	Href       string
	Emblem     Emblem     // of an application
	Badge      string     // class: "good", "warn", "bad" or "plain"; "": none
	At         *time.Time // a day
	Since      *time.Time // how long ago it was
	Moment     *time.Time
}

// address is the list's, with q as it is and the next page where after says so.
func (d ListView) address(order string, after authserver.Place) string {
	q := url.Values{}
	for name, value := range map[string]string{
		"q": d.Search.Text, "state": d.Search.State, "order": order, "after": after.String(),
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if d.Search.Limit != 0 {
		q.Set("limit", strconv.Itoa(d.Search.Limit))
	}
	if len(q) == 0 {
		return d.Path
	}
	return d.Path + "?" + q.Encode()
}

func (d ListView) csv() string {
	whole := d
	whole.Path, whole.Search.Limit = d.Path+".csv", 0
	return whole.address(d.Search.Order, authserver.Place{})
}

func (d ListView) first() bool { return d.Search.After.ID == "" }

// searched reports whether less than everything is asked for.
func (d ListView) searched() bool { return d.Search.Text != "" || d.Search.State != "" || !d.first() }

// icon is the picture of the list's section.
func (d ListView) icon() string {
	if d.Key == "people" {
		return "nav.everybody"
	}
	return "nav." + d.Key
}

// total is how many rows there are of the list.
func (v *View) total(d ListView) (string, error) {
	if d.Total == 1 {
		return v.t("operator." + d.Key + ".one")
	}
	return v.t("operator."+d.Key+".total", v.plain(int64(d.Total)))
}

// sorts are the columns that the list can be ordered by: the first by name, the
// last by time.
func (d ListView) order(column int) (order string, ok bool) {
	if d.Unordered {
		return "", false
	}
	switch column {
	case 0:
		return authserver.OrderName, true
	case len(d.Cols) - 1:
		return authserver.OrderNewest, true
	}
	return "", false
}

// FactsView is what the operator sees of one thing, and can do with it.
type FactsView struct {
	Key     string // of its texts: operator.KEY.…
	Name    string
	Back    string // path of its list
	Path    string
	Query   string // after the paths of the actions
	Emblem  Emblem // of an application
	Badges  []ListCell
	Facts   []Fact
	Lists   []FactList
	Actions []string // each has a page of its own below Path: operator.KEY.ACTION
	Dangers []string
	Usage   *UsageView // nil: there are no pictures
	Heading string     // key of what Usage is
	Events  string     // address of what happened to it; "": none
}

// Fact is one line of facts.
type Fact struct {
	Key  string
	Cell ListCell
	Copy bool // it is an identifier
}

// way leads to the page of an action.
func (d FactsView) way(action string) string { return d.Path + "/" + action + d.Query }

// FactList is a card of rows.
type FactList struct {
	Key    string
	Rows   []ListRow
	Window Window
}

// ActView asks before something is done.
type ActView struct {
	Key     string // operator.KEY.ACTION.…
	Name    string
	Back    string
	Action  string // address of the form
	Danger  bool
	Invite  bool   // it asks for what an invite code is to be
	Token   bool   // it asks for what a registration token is to be
	Edit    bool   // it asks for what an application is to be
	Overlap bool   // it asks how long the earlier secret lives on
	Terms   []Fact // what it is about
	Happens []Happening
	Seen    string   // stands for Terms, so that nothing else is agreed to
	Tiers   []string // it asks for one of them
	Tier    string   // as it is
}

// InvitesView is every invite code, the newest first.
type InvitesView struct {
	Invites []InviteView
	Window  Window
}

// InviteView is one of them.
type InviteView struct {
	authserver.Invite
	State string
}

func (i InviteView) open() bool { return i.State == "open" }

// RegistrationsView is who may register clients that introduce themselves.
type RegistrationsView struct {
	Mode   string // of registration
	Tokens []RegistrationTokenView
	Window Window
}

// mode is the key of the sentence about who may register.
func (d RegistrationsView) mode() string {
	switch d.Mode {
	case "open", "token":
		return d.Mode
	}
	return "closed"
}

// RegistrationTokenView is one token.
type RegistrationTokenView struct {
	authserver.RegistrationToken
	State string
}

// OverviewView is how the instance stands.
type OverviewView struct {
	Counts  authserver.InstanceCounts
	Version string
	Parts   []ComponentView
	Days    []DaysView
	Latency LatencyView
}

// DaysView is how often something happened on the instance, by day, today last.
type DaysView struct {
	Name string
	Bad  bool
	Days []authserver.UsageHour
}

func (d *DaysView) ago(days int) int64 { return d.Days[len(d.Days)-1-days].Calls }

// ComponentView is a part that the instance stands on.
type ComponentView struct {
	Key    string
	Text   string // what it is; "": this process, or nothing
	Off    bool   // nobody set it up
	Works  bool
	Queue  bool      // work waits for it:
	Rows   int64     // so much of it
	Oldest time.Time // since then
}
