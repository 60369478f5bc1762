// Package introspection is the wire between the two services: the shape of an
// introspection answer (RFC 7662), the client that asks, and the cache in front.
package introspection

import (
	"time"

	"latchkey/pkg/scope"
)

// Kinds of credential, in Answer.CredentialKind.
const (
	KindAccessToken = "access_token"
	KindAPIKey      = "api_key"
)

// ReasonDeactivated is the one Reason: the credential was good until its user
// was deactivated.
const ReasonDeactivated = "user_deactivated"

// Answer is what introspection says about a credential. An inactive answer has
// no other member, unless the resource server asked for the reason
// (parameter reason=true, an extension of ours).
type Answer struct {
	Active         bool   `json:"active"`
	Reason         string `json:"reason,omitempty"`
	Scope          string `json:"scope,omitempty"`
	ClientID       string `json:"client_id,omitempty"`
	Username       string `json:"username,omitempty"`
	TokenType      string `json:"token_type,omitempty"`
	Exp            int64  `json:"exp,omitempty"` // Unix seconds; 0: never
	Iat            int64  `json:"iat,omitempty"` // Unix seconds
	Sub            string `json:"sub,omitempty"`
	Aud            string `json:"aud,omitempty"` // RFC 8707 resource; empty: any of ours
	Iss            string `json:"iss,omitempty"`
	FamilyID       string `json:"family_id,omitempty"`
	UserID         string `json:"user_id,omitempty"`
	Role           string `json:"role,omitempty"`
	CredentialID   string `json:"credential_id,omitempty"`
	CredentialKind string `json:"credential_kind,omitempty"`
	CredentialName string `json:"credential_name,omitempty"`
	Source         string `json:"source,omitempty"`
	Tier           string `json:"tier,omitempty"`

	// For the log of the process that asked; never sent, and never shared.
	Why  string `json:"-"` // it is inactive: WhyUnknown and those below
	From string `json:"-"` // it came from: FromProcess and those below; empty: the tables
	// AllowedCIDRs limits where an API key may be used from; empty: anywhere.
	AllowedCIDRs []string `json:"allowed_cidrs,omitempty"`
}

// Why a credential is inactive.
const (
	WhyUnknown     = "unknown"
	WhyReplaced    = "replaced" // by a refresh
	WhyEnded       = "ended"    // it was revoked, or its grant or client is over
	WhyExpired     = "expired"
	WhyDeactivated = "deactivated" // its user
)

// Where an answer came from.
const (
	FromProcess    = "process"    // remembered here
	FromShared     = "shared"     // remembered by all replicas
	FromAuthserver = "authserver" // asked just now
)

// Scopes returns the parsed scope. Unknown scopes count for nothing.
func (a Answer) Scopes() scope.Set {
	s, err := scope.Parse(a.Scope)
	if err != nil {
		return 0
	}
	return s
}

// ExpiredAt reports whether the credential's own life is over at now.
func (a Answer) ExpiredAt(now time.Time) bool { return a.Exp != 0 && now.Unix() >= a.Exp }
