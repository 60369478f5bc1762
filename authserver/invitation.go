package authserver

import (
	"time"

	"latchkey/pkg/secret"
)

// Invitation lets somebody sign up into a family: single use, bound to an
// address, with a role and an end.
type Invitation struct {
	ID         string
	Digest     secret.Digest // of the code that its maker sees
	FamilyID   string
	FamilyName string // read with the invitation
	Email      string // normalized
	Role       string
	InvitedBy  string // user id
	CreatedAt  time.Time
	ExpiresAt  time.Time
	Mailed     bool `gorm:"-"` // read by the code that was sent to Email, and shown to nobody
}
