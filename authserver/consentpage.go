package authserver

import "latchkey/pkg/scope"

// ConsentPage is what a person is asked on the consent page.
type ConsentPage struct {
	Client      *Client
	Requested   scope.Set
	Granted     scope.Set // by an earlier consent
	New         scope.Set // what that does not cover
	RedirectURI string
	Resource    string // RFC 8707 resource; empty: ours
	Signin      *Signin
}

// FormTokenField is the field of a page's form that shows whose browser it is.
const FormTokenField = "csrf_token"
