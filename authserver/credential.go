package authserver

import (
	"time"

	"latchkey/pkg/fault"
	"latchkey/pkg/scope"
)

// Credential is any access token or API key, as introspection describes it.
type Credential struct {
	ID           string // of the grant or key
	Kind         string // introspection.KindAccessToken or KindAPIKey
	Name         string // of the client or key
	ClientID     string
	UserID       string
	FamilyID     string
	Role         string
	Scopes       scope.Set
	Resource     string
	Source       string
	Tier         string
	AllowedCIDRs []string
	IssuedAt     time.Time
	ExpiresAt    *time.Time
	// Ended: it was revoked, or its grant or client is over.
	Ended bool
	// Deactivated: it ended because its user was deactivated.
	Deactivated bool
}

// ErrReplaced is how a lookup says that an access token was replaced by a refresh.
var ErrReplaced = fault.New(fault.NotFound, "A refresh has replaced the access token")

// Active reports whether the credential opens anything at now.
func (c *Credential) Active(now time.Time) bool {
	return !c.Ended && !c.Deactivated && (c.ExpiresAt == nil || now.Before(*c.ExpiresAt))
}
