package authserver

import (
	"time"

	"latchkey/pkg/secret"
)

// Invite lets somebody sign up on this instance: single use, with an optional
// end and an optional address it is bound to.
type Invite struct {
	ID        string
	Digest    secret.Digest
	Email     string // normalized; empty: anybody's
	Note      string // of the operator
	MadeBy    string // id of the operator; "": the command line
	CreatedAt time.Time
	ExpiresAt *time.Time
	UsedAt    *time.Time
	UsedBy    string // user id
	RevokedAt *time.Time
}

// State is what became of the invite at now: "open", "used", "revoked" or "expired".
func (i *Invite) State(now time.Time) string {
	switch {
	case i.UsedAt != nil:
		return "used"
	case i.RevokedAt != nil:
		return "revoked"
	case i.ExpiresAt != nil && !now.Before(*i.ExpiresAt):
		return "expired"
	}
	return "open"
}
