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

// Invitation lets somebody sign up into a family: single use, bound to an
// address, with a role and an end.
type Invitation struct {
	ID         string
	Digest     secret.Digest
	FamilyID   string
	FamilyName string // read with the invitation
	Email      string // normalized
	Role       string
	InvitedBy  string // user id
	CreatedAt  time.Time
	ExpiresAt  time.Time
}

// ValidRole reports whether role is one a family member can have.
func ValidRole(role string) bool {
	return role == RoleAdmin || role == RoleMember || role == RoleGuest
}

// SecondFactor is a user's second factor as it is stored.
type SecondFactor struct {
	UserID      string
	Sealed      []byte // the secret, readable with the encryption key only
	ConfirmedAt *time.Time
	LastStep    int64 // the time step of the last code that was accepted
}

// Errand is a message of the outbox: something that another service must be told,
// kept until it was delivered.
type Errand struct {
	ID        string
	Kind      string
	Subject   string
	CreatedAt time.Time
	Attempts  int
}

// ErrandEraseFamily tells the resource API to erase a family's data.
const ErrandEraseFamily = "erase_family"
