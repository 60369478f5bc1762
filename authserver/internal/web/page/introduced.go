package page

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"latchkey/authserver"
)

// introducedAs is what leads where an application that introduced itself is shown:
// the host that answers for it, never the name that it gave itself. "": a program
// on this device, of which nothing is known.
func introducedAs(c *authserver.Client, redirectURI string) string {
	if c.Introduced == authserver.IntroducedByDocument {
		if u, err := url.Parse(c.ID); err == nil {
			return u.Host
		}
	}
	if host, local := redirectHost(redirectURI); !local {
		return host
	}
	return ""
}

// Before is what an application was when the person allowed it, where that differs.
type Before struct {
	Name      string // empty: the same
	Redirects string // empty: the same
	Keys      bool   // other keys
}

func newBefore(p authserver.ConsentPage) *Before {
	if p.Before == "" {
		return nil
	}
	var then authserver.Terms
	if json.Unmarshal([]byte(p.Before), &then) != nil {
		return &Before{}
	}
	d := &Before{Keys: then.Keys != p.Client.Keys}
	if then.Name != p.Client.Name {
		d.Name = PlainName(then.Name)
	}
	if !slices.Equal(then.RedirectURIs, p.Client.RedirectURIs) {
		var places []string
		for _, uri := range then.RedirectURIs {
			places = append(places, place(uri))
		}
		d.Redirects = strings.Join(places, ", ")
	}
	return d
}

// lead is the name of who asks.
func (v *View) lead(d ConsentView) (string, error) {
	if d.Name == "" {
		return v.t("consent.lead.local")
	}
	return d.Name, nil
}

// closing ends the sentence of where the answer leads.
func (v *View) closing(d ConsentView) (string, error) {
	if !d.Local {
		return ".", nil
	}
	local, err := v.t("consent.local")
	return " (" + local + ").", err
}

// headed is the question that heads the consent page.
func (v *View) headed(d ConsentView) (string, error) {
	name := d.Name
	if name == "" {
		var err error
		if name, err = v.t("consent.lead.within"); err != nil {
			return "", err
		}
	}
	return v.t("consent.heading."+d.Asked.Scope, name)
}
