package authserver

import "latchkey/pkg/scope"

// ConsentPage is what a person is asked on the consent page.
type ConsentPage struct {
	Client      *Client
	Requested   scope.Set
	New         scope.Set // what an earlier consent does not cover
	RedirectURI string
	Resource    string // RFC 8707 resource; empty: ours
	Signin      *Signin
}
