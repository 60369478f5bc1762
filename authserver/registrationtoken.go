package authserver

import (
	"time"

	"latchkey/pkg/secret"
)

// RegistrationToken lets its holder register clients (the initial access token of
// RFC 7591 section 3).
type RegistrationToken struct {
	ID        string `gorm:"primaryKey"`
	Digest    secret.Digest
	Note      string
	MadeBy    string     // id of the operator; "": the command line
	Uses      int        // how many clients it may register; 0: any number
	Used      int        // how many it has registered
	CreatedAt time.Time  `gorm:"autoCreateTime:false"`
	ExpiresAt *time.Time // nil: it does not expire
	RevokedAt *time.Time
	UsedAt    *time.Time // when it last registered a client
}

// State is how the token stands at now: good, used, expired or revoked.
func (t *RegistrationToken) State(now time.Time) string {
	switch {
	case t.RevokedAt != nil:
		return "revoked"
	case t.Uses > 0 && t.Used >= t.Uses:
		return "used"
	case t.ExpiresAt != nil && !now.Before(*t.ExpiresAt):
		return "expired"
	}
	return "good"
}
