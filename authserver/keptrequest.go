package authserver

import (
	"time"

	"latchkey/pkg/secret"
)

// AuthorizationRequest is an authorization request that is named by a reference: the client
// has pushed it (RFC 9126), or it is too long to be carried in addresses.
type AuthorizationRequest struct {
	Digest     secret.Digest // of the reference
	ClientID   string
	Parameters string // as a query
	Pushed     bool
	CreatedAt  time.Time
	ExpiresAt  time.Time
}
