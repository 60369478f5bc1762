package authserver

// UntrustedRequest is an authorization request that is answered with a page and never with
// a redirect: its client or its redirect URI cannot be trusted (RFC 6749 section 4.1.2.1).
type UntrustedRequest struct {
	Redirect  bool     // it is the redirect URI; false: the client
	Clients   []string // every client_id that came
	Redirects []string // every redirect_uri that came
	Client    *Client  // nil: not known, or not looked up yet
}
