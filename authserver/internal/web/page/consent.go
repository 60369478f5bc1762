package page

import (
	"net/netip"
	"net/url"
	"strings"

	"latchkey/authserver"
	"latchkey/pkg/scope"
)

// ConsentView is the data of ConsentPage.
type ConsentView struct {
	Action string // the same URL, so that everything is checked again
	Name   string // of the application, as plain text
	Emblem
	Host     string // where the browser goes next
	Local    bool   // to a program on this device
	Operator bool   // registered by the operator; else "not verified"
	Own      bool   // registered by the person
	Verified bool   // an operator has checked who stands behind it
	Claimed  string // the name it gave itself, of an application that introduced itself; else empty
	Terms    string // digest of what the person is shown of it
	Before   *Before
	Asked    Ability
	Granted  string // scope that was allowed before, when more is asked now; else empty
}

// NewConsentView shows the request p, whose form goes to action. For days a closed
// account can be restored.
func NewConsentView(action string, p authserver.ConsentPage, days int) ConsentView {
	c := ConsentView{
		Action: action, Name: PlainName(p.Client.Name), Operator: p.Client.Vouched(), Terms: p.TermsDigest(), Before: newBefore(p),
		Own:      p.Client.OwnerID != "" && p.Client.OwnerID == p.Signin.User.ID,
		Verified: p.Client.Verified(),
	}
	if p.Client.Introduced != "" {
		c.Claimed, c.Name = c.Name, introducedAs(p.Client, p.RedirectURI)
	}
	c.Emblem = shownEmblem(p.Client, c.Name)
	asked := strongest(p.New)
	switch {
	case p.New == 0: // asked again for what was allowed
		asked = strongest(p.Requested)
	case p.Granted != 0: // only what is new
		c.Granted = strongest(p.Granted)
		if p.Granted.Satisfies(scope.Read) && p.New&scope.ReadWrite != 0 {
			asked = "more"
		}
	}
	c.Asked = NewAbility(asked, &p.Signin.User, days)
	c.Host, c.Local = redirectHost(p.RedirectURI)
	return c
}

// from is the host that a person comes from who wants this: the one that answers for the
// application, or else the one it leads to.
func (d ConsentView) from() string {
	if d.Claimed != "" && d.Name != "" {
		return d.Name
	}
	return d.Host
}

// strongest names read_write where both are asked: it includes read.
func strongest(s scope.Set) string {
	if s&scope.ReadWrite != 0 {
		return "read_write"
	}
	return "read"
}

// redirectHost is what the person is told about where the browser goes.
func redirectHost(uri string) (host string, local bool) {
	u, err := url.Parse(uri)
	if err != nil {
		return "", false
	}
	if u.Scheme != "https" && u.Scheme != "http" {
		return u.Scheme, true
	}
	host = strings.ToLower(u.Host) // in capitals, an i passes for an l
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil && ip.IsLoopback() || u.Hostname() == "localhost" {
		return host, true
	}
	return host, false
}
