package authserver

import (
	"latchkey/pkg/fault"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
)

// ConsentPage is what a person is asked on the consent page.
type ConsentPage struct {
	Client      *Client
	Requested   scope.Set
	Granted     scope.Set // by an earlier consent
	New         scope.Set // what that does not cover
	RedirectURI string
	Before      string // Client.Terms when it was allowed, where it was something else then; else empty
	Resource    string // RFC 8707 resource; empty: ours
	Signin      *Signin
	Stale       bool // the answer came from a page that had expired: it is asked again
}

// TermsDigest tells apart what the page shows of a client that the operator did not
// register; "": there is nothing to tell apart.
func (p *ConsentPage) TermsDigest() string { return TermsDigest(p.Client) }

// TermsDigest is the digest of a client's terms, or "" where it has none.
func TermsDigest(c *Client) string {
	terms := c.Terms()
	if terms == "" {
		return ""
	}
	return secret.DigestOf(terms).String()
}

// TermsField is the field of the consent form that says which terms were shown.
const TermsField = "terms"

// ErrStaleForm refuses a form of this origin that does not carry the token of
// the browser: its page is older than the browser's sign-in or cookies.
var ErrStaleForm = fault.New(fault.Forbidden, "This form had expired. Check it and send it again.")

// FormTokenField is the field of a page's form that shows whose browser it is.
const FormTokenField = "csrf_token"
