package authserver

import (
	"slices"
	"time"

	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
)

// Ways a client may authenticate at the token endpoint (RFC 7591 section 2).
const (
	AuthNone  = "none"
	AuthBasic = "client_secret_basic"
	AuthPost  = "client_secret_post"
)

// FirstPartyClientID is the built-in client of the product's own mobile and web
// apps: grants of the JSON sign-in belong to it.
const FirstPartyClientID = "latchkey-first-party"

// Client is a registered application. It is public (no secret) or confidential.
type Client struct {
	ID                   string
	Name                 string
	AuthMethod           string // AuthNone, AuthBasic or AuthPost
	SecretDigest         secret.Digest
	PreviousSecretDigest secret.Digest // still accepted until PreviousSecretUntil
	PreviousSecretUntil  time.Time
	RedirectURIs         []string
	Scopes               scope.Set     // what it may ask for
	ResourceServer       bool          // may introspect
	FirstParty           bool          // only the JSON sign-in makes grants of it
	OwnerID              string        // the user who registered it; empty: the operator
	RefreshOverlap       time.Duration // how long a spent refresh token is answered although its successor is in use
	CreatedAt            time.Time
	DisabledAt           *time.Time
}

// Public reports whether the client has no secret.
func (c *Client) Public() bool { return c.AuthMethod == AuthNone }

// Disabled reports whether the operator switched the client off.
func (c *Client) Disabled() bool { return c.DisabledAt != nil }

// SecretMatches compares text with the client's secrets in constant time. A
// client without a secret matches nothing.
func (c *Client) SecretMatches(text string, now time.Time) bool {
	d := secret.DigestOf(text)
	current := !c.SecretDigest.IsZero() && d.Equal(c.SecretDigest)
	previous := !c.PreviousSecretDigest.IsZero() && now.Before(c.PreviousSecretUntil) && d.Equal(c.PreviousSecretDigest)
	return current || previous
}

// AcceptsRedirect reports whether uri may be redirected to: equal to a
// registered one, or to a registered loopback one but for the port.
func (c *Client) AcceptsRedirect(uri string) bool {
	return slices.ContainsFunc(c.RedirectURIs, func(registered string) bool {
		return redirectMatches(registered, uri)
	})
}
