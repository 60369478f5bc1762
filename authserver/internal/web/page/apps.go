package page

import (
	"net/url"

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

	Can           Ability            // on the application's own page
	Installations []authserver.Grant // that are live
	Usage         *UsageView         // in the person's name
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
