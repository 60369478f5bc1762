package resourceapi

import (
	"time"

	"latchkey/pkg/scope"
)

// Principal is who is calling: a user of a family, through a credential, with
// what the credential allows.
type Principal struct {
	UserID   string
	FamilyID string // the boundary of everything the caller can see
	Role     string // the user's in the family, as the authorization server names it
	Scope    scope.Set

	CredentialID   string
	CredentialKind string // "access_token" or "api_key", as introspection says
	CredentialName string // of an API key, as its owner called it
	ClientID       string // of an access token: the application
	Source         string // of an API key: web, mobile or monitoring
	Tier           string // of an API key: its class of rate limit
	IssuedAt       time.Time
	ExpiresAt      time.Time // zero: never
}

// IsAPIKey reports whether the credential is an API key.
func (p Principal) IsAPIKey() bool { return p.CredentialKind == "api_key" }
