package page

import (
	"slices"
	"time"

	"latchkey/authserver"
)

// ClientView is an application the person develops.
type ClientView struct {
	*authserver.Client
	Emblem        Emblem
	Name          string // as plain text
	Path          string
	Happens       []Happening // when it is deleted
	Issuer        string
	API           string     // public address of the resource API
	PreviousUntil *time.Time // the earlier secret is still accepted
	Usage         *UsageView // its calls for everybody
	Refusals      []authserver.ClientRefusal
	Seen          string // stands for the client as its form shows it
	SecretSeen    string // the same of its secret
	Now           []Fact // what a form would replace that somebody else was faster than
}

func (c ClientView) logoState() string {
	return LogoView{Emblem: c.Emblem, Waits: c.LogoWaits(), Own: true}.state()
}

// endpoint is an address that the application needs: the key of its name, and itself.
type endpoint struct{ Key, Address string }

// bases are the addresses that libraries are given.
func (c ClientView) bases() []endpoint {
	list := []endpoint{{"issuer", c.Issuer}}
	if c.API != "" {
		list = append(list, endpoint{"api", c.API})
	}
	return list
}

// endpoints are what libraries find through the metadata.
func (c ClientView) endpoints() []endpoint {
	list := []endpoint{
		{"metadata", c.Issuer + "/.well-known/oauth-authorization-server"},
		{"authorize", c.Issuer + "/oauth/authorize"},
		{"token", c.Issuer + "/oauth/token"},
		{"revoke", c.Issuer + "/oauth/revoke"},
		{"userinfo", c.Issuer + "/oauth/userinfo"},
		{"par", c.Issuer + "/oauth/par"},
	}
	if c.DeviceGrant {
		list = append(list, endpoint{"device", c.Issuer + "/oauth/device_authorization"})
	}
	return list
}

// RunStep is one step of a test run: what was sent and what came back, without secrets.
type RunStep struct {
	Key             string // of its words: run.KEY.…
	Request, Answer string // "": nothing was sent
	OK              bool
	Why             string // it was refused; "": no reason is known
}

// allWell reports whether every step got what it asked for.
func allWell(steps []RunStep) bool {
	return !slices.ContainsFunc(steps, func(one RunStep) bool { return !one.OK })
}

var clientKinds = []choice{
	{authserver.AuthNone, "client.kind.none", "client.kind.none.text"},
	{authserver.AuthBasic, "client.kind.client_secret_basic", "client.kind.client_secret_basic.text"},
	{authserver.AuthPost, "client.kind.client_secret_post", "client.kind.client_secret_post.text"},
}

var clientScopes = []choice{
	{"read", "client.scopes.read", "client.scopes.read.text"},
	{"read read_write", "client.scopes.write", "client.scopes.write.text"},
}
