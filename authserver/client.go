package authserver

import (
	"encoding/json"
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
	DisabledAt           *time.Time // nothing of it works since then: an operator switched it off, or its owner's account is closed
	StoppedAt            *time.Time // when an operator switched it off; stays when the owner goes and comes back

	Introduced     string        // how it came without the operator and without a person; empty: it did not
	Keys           string        // digest of the keys in its document; empty: it named none
	Management     secret.Digest // of its registration access token (RFC 7592); zero: nobody manages it
	SeenAt         time.Time     // when it registered or was allowed last, to the day
	LocalhostPorts bool          // http://localhost is matched with any port, as loopback addresses are
	PushedOnly     bool          // it must push its authorization requests (RFC 9126 section 6)
	VerifiedTerms  string        // its TermsToVerify when an operator verified it; "": nobody has
	DeviceGrant    bool          // it may use the device authorization grant (RFC 8628)

	LogoURI      string // where it says that its logo is (RFC 7591 section 2); empty: nowhere
	Logo         string // names the picture that we have of it (Logo.Sum); empty: none
	VerifiedLogo string // the picture that an operator has looked at
}

// How a client introduced itself.
const (
	IntroducedByRegistration = "registration" // RFC 7591
	IntroducedByDocument     = "document"     // its id is the address of its metadata
)

// Vouched reports whether the operator registered the client. Of any other, what it
// says of itself is its own claim.
func (c *Client) Vouched() bool { return c.OwnerID == "" && c.Introduced == "" }

// Verified reports whether an operator has checked who stands behind a client that the
// operator did not register. A client that has another name, other redirect URIs, other
// keys or another owner since is not the one that was checked, nor is one that may ask
// for more, or in more ways.
func (c *Client) Verified() bool {
	var was verifiable
	if c.VerifiedTerms == "" || c.Vouched() || json.Unmarshal([]byte(c.VerifiedTerms), &was) != nil {
		return false
	}
	scopes, err := scope.Parse(was.Scopes)
	return err == nil && was.Terms == c.Terms() && was.Owner == c.OwnerID && scopes.Satisfies(c.Scopes) && (was.Devices || !c.DeviceGrant)
}

// verifiable is what somebody looks at who verifies a client.
type verifiable struct {
	Terms   string `json:"terms"`
	Scopes  string `json:"scopes"`
	Owner   string `json:"owner,omitempty"`
	Devices bool   `json:"devices,omitempty"`
}

// TermsToVerify returns what an operator verifies of the client, as text.
func (c *Client) TermsToVerify() string {
	raw, err := json.Marshal(verifiable{c.Terms(), c.Scopes.String(), c.OwnerID, c.DeviceGrant})
	if err != nil {
		return "" // cannot happen: there are only strings
	}
	return string(raw)
}

// Terms is what a consent to the client is bound to: where people are sent, the
// keys it proves itself with, and its name.
type Terms struct {
	Name         string   `json:"name"`
	RedirectURIs []string `json:"redirect_uris"`
	Keys         string   `json:"keys,omitempty"`
}

// Terms returns the terms as text, which is compared as it is. A client that the
// operator registered has none: the operator answers for its changes.
func (c *Client) Terms() string {
	if c.Vouched() {
		return ""
	}
	raw, err := json.Marshal(Terms{Name: c.Name, RedirectURIs: c.RedirectURIs, Keys: c.Keys})
	if err != nil {
		return c.Name // cannot happen: there are only strings
	}
	return string(raw)
}

// Public reports whether the client has no secret.
func (c *Client) Public() bool { return c.AuthMethod == AuthNone }

// Disabled reports whether nothing of the client works: an operator switched it off, or
// its owner's account is closed.
func (c *Client) Disabled() bool { return c.DisabledAt != nil }

// Stopped reports whether an operator switched the client off, whatever its owner does.
func (c *Client) Stopped() bool { return c.StoppedAt != nil }

// SecretMatches compares text with the client's secrets in constant time. A
// client without a secret matches nothing.
func (c *Client) SecretMatches(text string, now time.Time) bool {
	d := secret.DigestOf(text)
	current := !c.SecretDigest.IsZero() && d.Equal(c.SecretDigest)
	previous := !c.PreviousSecretDigest.IsZero() && now.Before(c.PreviousSecretUntil) && d.Equal(c.PreviousSecretDigest)
	return current || previous
}

// AcceptsRedirect reports whether uri may be redirected to: equal to a
// registered one, or to a registered loopback one but for the port. The name
// localhost counts as loopback for public clients that introduce themselves, and for
// others whose operator or owner said so.
func (c *Client) AcceptsRedirect(uri string) bool {
	localhost := c.LocalhostPorts || c.Introduced != "" && c.Public()
	return slices.ContainsFunc(c.RedirectURIs, func(registered string) bool {
		return redirectMatches(registered, uri, localhost)
	})
}
