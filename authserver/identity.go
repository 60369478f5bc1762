package authserver

import "time"

// Identity connects a user with an account at an OpenID provider. Provider and
// subject name it; the address is only shown to its owner.
type Identity struct {
	ID        string
	Provider  string // name in the settings
	Subject   string // the provider's own id of the person (OpenID Connect Core section 2, sub)
	UserID    string // "": the user is gone, and the identity is kept because it is blocked
	Email     string // as the provider last said
	CreatedAt time.Time
	UsedAt    *time.Time
	BlockedAt *time.Time // by the operator: it opens nothing and can be connected with nobody
	// SuspendedAt is when a password reset set it aside: it opens nothing until its
	// user restores it.
	SuspendedAt *time.Time
}
