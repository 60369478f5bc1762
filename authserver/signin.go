package authserver

import (
	"time"

	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
)

// Signin is a browser's proof that a user is present.
type Signin struct {
	ID        string
	Digest    secret.Digest // of the cookie
	User      User          // as it is now, not as it was at sign-in
	CreatedAt time.Time
	SeenAt    time.Time
	ExpiresAt time.Time
	// ConfirmedAt is when the person last proved to be present by what the account
	// had before: by signing in, or by the password.
	ConfirmedAt time.Time
	UserAgent   string
	Address     string
	// Unfamiliar: from a browser that the person had not signed in at, and has not
	// recognised since.
	Unfamiliar bool
	// Allowed is what the user has allowed the client that was asked about.
	Allowed scope.Set
	// AllowedTerms is what that client was when it was allowed (Client.Terms).
	AllowedTerms string
}
