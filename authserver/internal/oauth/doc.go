// Package oauth is the OAuth 2.0 face of the authorization server, on fosite.
// It is the only package that imports fosite.
//
//	authorize.go    RFC 6749 section 4.1.1, RFC 7636, RFC 8707, RFC 9207
//	token.go        RFC 6749 section 3.2; coded by code.go and refresh.go
//	code.go         the authorization code grant, RFC 6749 section 4.1.3
//	refresh.go      the refresh grant, RFC 6749 section 6, RFC 9700 section 4.14
//	introspect.go   RFC 7662
//	revoke.go       RFC 7009
//	metadata.go     RFC 8414
//
// fosite parses requests, dispatches grants and writes token answers. The two
// grants are handlers of ours in its list: each makes one store call that
// decides everything (docs/decisions/0002).
package oauth
