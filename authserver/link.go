package authserver

import (
	"time"

	"latchkey/pkg/secret"
)

// What a link is for.
const (
	LinkReset = "reset" // to choose a new password
	LinkEmail = "email" // to confirm a new address
	// LinkRestore takes the deletion of an account back.
	LinkRestore = "restore"
)

// Link was sent to somebody by email or handed over by the operator: single
// use, with an end.
type Link struct {
	Digest    secret.Digest
	Kind      string // LinkReset, LinkEmail or LinkRestore
	UserID    string
	Email     string        // normalized; where it was sent
	Bound     secret.Digest // of the password hash it was made under: a new password makes the link void
	MadeBy    string        // id of the operator who hands it over; "": nobody does, or the command line
	CreatedAt time.Time
	ExpiresAt time.Time
}
