package page

import (
	"cmp"
	"net/url"
	"time"

	"latchkey/authserver"
)

// ApplicationPath is the page of an application the person has allowed, which its address
// names.
const ApplicationPath = "/settings/applications/one"

// ApplicationView is an application the person has allowed.
type ApplicationView struct {
	authserver.Application
	Name string
	Emblem
	Host     string
	Local    bool
	Operator bool // registered by the operator; else "not verified"
	Own      bool // registered by the person
	Verified bool // an operator has checked who stands behind it
	Scope    string
	Link     string // to its page
	Unknown  bool   // it introduced itself

	Group         AppGroupKey        // on the list of all
	Calls         int64              // in 30 days, on the list of all
	Can           Ability            // on the application's own page
	Installations []authserver.Grant // that are live
	Usage         *UsageView         // in the person's name
}

// AppGroupKey is where an application stands in the list of all: groups are shown in
// this order.
type AppGroupKey int

// The groups.
const (
	appsInUse AppGroupKey = iota
	appsUnused
	appsIdle
)

// unusedAfter is when an application that nobody uses is pointed at.
const unusedAfter = 90 * 24 * time.Hour

// AppGroup is the group of a.
func AppGroup(a *authserver.Application, now time.Time) AppGroupKey {
	switch {
	case !a.Live():
		return appsIdle
	case a.UsedAt != nil && now.Sub(*a.UsedAt) > unusedAfter:
		return appsUnused
	}
	return appsInUse
}

// appGroups are the keys of the headings, by group.
var appGroups = []string{"apps.inuse", "apps.unused", "apps.idle"}

// AppsEnded is what the address of the list says of the applications without access.
const AppsEnded = "ended"

// AppsView is the data of AppsPage.
type AppsView struct {
	Allowed, EndedCount int
	ShowEnded           bool // Ended, in place of List
	List                []ApplicationView
	Ended               []EndedView
	Window              Window
}

// of are the rows of a group on this page.
func (d AppsView) of(group int) []ApplicationView {
	var list []ApplicationView
	for _, one := range d.List {
		if one.Group == AppGroupKey(group) {
			list = append(list, one)
		}
	}
	return list
}

// EndedView is an application that had access.
type EndedView struct {
	Name string
	Emblem
	Host  string
	Local bool
	At    time.Time
	why   string
}

// endings are the keys of why access ended, by reason.
var endings = map[string]string{
	authserver.EndConsentRevoked: "app.ended.removed", authserver.EndPasswordChanged: "app.ended.password", authserver.EndRemoved: "app.ended.left",
}

// NewEndedView shows the end of the last grant of c.
func NewEndedView(c *authserver.Client, g *authserver.Grant) EndedView {
	d := EndedView{Name: PlainName(c.Name), At: *g.EndedAt, why: cmp.Or(endings[g.EndReason], "app.ended.other")}
	d.Emblem = shownEmblem(c, d.Name)
	if len(c.RedirectURIs) > 0 {
		d.Host, d.Local = redirectHost(c.RedirectURIs[0])
	}
	return d
}

// NewApplicationView shows a.
func NewApplicationView(a authserver.Application) ApplicationView {
	v := ApplicationView{
		Application: a, Name: PlainName(a.Client.Name), Operator: a.Client.Vouched(), Verified: a.Client.Verified(),
		Own: a.Client.OwnerID == a.Consent.UserID, Scope: strongest(a.Consent.Scopes),
		Link: ApplicationPath + "?" + clientQuery(a.Client.ID),
	}
	if a.Client.Introduced != "" && len(a.Client.RedirectURIs) > 0 {
		v.Unknown = true
		if lead := introducedAs(&a.Client, a.Client.RedirectURIs[0]); lead != "" {
			v.Name = lead + " · " + v.Name
		}
	}
	v.Emblem = shownEmblem(&a.Client, v.Name)
	if len(a.Client.RedirectURIs) > 0 {
		v.Host, v.Local = redirectHost(a.Client.RedirectURIs[0])
	}
	return v
}

func clientQuery(id string) string { return "client_id=" + url.QueryEscape(id) }

// removal is the page that asks before all access of the application ends.
func (v *ApplicationView) removal() string {
	return ApplicationPath + "/remove?" + clientQuery(v.Client.ID)
}

// ending is the page that asks before one grant of the application ends.
func (v *ApplicationView) ending(grantID string) string {
	return ApplicationPath + "/end?" + clientQuery(v.Client.ID) + "&grant=" + grantID
}

// can says what an application may do, within a line.
func (v *View) can(d ApplicationView) (string, error) {
	text, err := v.t("app.can." + d.Scope)
	return within(text), err
}

// counting is the text under key with n in it; one and none have their own.
func (v *View) counting(key string, n int64) (string, error) {
	if n == 0 {
		return v.t(key + ".none")
	}
	return v.several(key, n)
}
