package page

import (
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
		{Path: HealthPath, Key: "nav.health"},
		{Path: OperatorPath + "/erasures", Key: "nav.erasures"},
		{Path: LookPath, Key: "nav.look"},
	}},
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

// Heading is the key of the question that the page asks, and what stands in it.
func (d ActView) Heading() (key string, args []any) {
	if d.Name != "" {
		args = []any{d.Name}
	}
	return d.Key + ".heading", args
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
