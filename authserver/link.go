package authserver

import (
	"time"

	"latchkey/pkg/secret"
)

// What a link is for.
const (
	LinkReset = "reset" // to choose a new password
	LinkEmail = "email" // to confirm a new address
)

// Link was sent to somebody by email or handed over by the operator: single
// use, with an end.
type Link struct {
	Digest    secret.Digest
	Kind      string // LinkReset or LinkEmail
	UserID    string
	Email     string        // normalized; where it was sent
	Bound     secret.Digest // of the password hash it was made under: a new password makes the link void
	CreatedAt time.Time
	ExpiresAt time.Time
}

// What a letter says.
const (
	LetterReset           = "reset"            // here is your link
	LetterPasswordChanged = "password_changed" // it was changed by such a link
	LetterConfirmEmail    = "confirm_email"    // confirm that this address is yours
	LetterEmailTaken      = "email_taken"      // somebody asked for an address that is yours already
	LetterEmailChanged    = "email_changed"    // to the old address
)

// Letter is a message to a person by email. It exists in memory only: it may
// hold a link in the clear.
type Letter struct {
	Kind     string
	To       string
	Name     string        // of the person
	Language string        // "en" …; one that has no text is answered in English
	Path     string        // of the link, on this server; "": none
	Life     time.Duration // of the link
}
