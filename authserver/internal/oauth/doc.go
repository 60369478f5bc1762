// Package oauth is the OAuth 2.0 endpoints of the authorization server, on fosite.
// It is the only package that imports fosite.
//
//	authorize.go     RFC 6749 section 4.1.1, RFC 9207; checked by validate.go (RFC 7636, RFC 8707)
//	token.go         RFC 6749 sections 3.2, 4.1.3 and 6
//	authenticate.go  client authentication, RFC 6749 section 2.3
//	introspect.go    RFC 7662
//	revoke.go        RFC 7009
//	metadata.go      RFC 8414
//	fosite.go        all that touches fosite
//
// fosite parses and validates requests, dispatches grants and writes token
// answers. The handlers in its lists are ours and call package grant, which
// decides (docs/decisions/0002).
package oauth
