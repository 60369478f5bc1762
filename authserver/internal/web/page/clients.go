package page

import (
	"strings"
	"time"

	"latchkey/authserver"
)

// ClientView is an application the person develops.
type ClientView struct {
	*authserver.Client
	Name   string // as plain text
	Path   string
	Issuer string
	// The test link asks for a code; the verifier redeems it.
	TestLink, Verifier, TestRedirect string
	PreviousUntil                    *time.Time // the earlier secret is still accepted
	Usage                            *UsageView // its calls for everybody
}

// testCommand redeems the code that the test link leads to.
func (c ClientView) testCommand() string {
	who := "-d client_id=" + c.ID
	switch c.AuthMethod {
	case authserver.AuthBasic:
		who = "-u " + c.ID + ":$CLIENT_SECRET"
	case authserver.AuthPost:
		who += " -d client_secret=$CLIENT_SECRET"
	}
	return strings.Join([]string{
		"curl " + c.Issuer + "/oauth/token", who, "-d grant_type=authorization_code -d code=$CODE",
		"-d code_verifier=" + c.Verifier, "--data-urlencode redirect_uri=" + c.TestRedirect,
	}, " \\\n  ")
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
