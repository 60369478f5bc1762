package authserver

import (
	"time"

	"latchkey/pkg/secret"
)

// What a browser was sent to a provider for.
const (
	LoginStateSignin = "signin"
	LoginStateLink   = "link"
	LoginStateMobile = "mobile"
)

// LoginState is what is remembered of a browser that was sent to a provider and
// is expected back once.
type LoginState struct {
	Digest    secret.Digest // of the state
	Provider  string
	Purpose   string
	Browser   secret.Digest // of the browser's own cookie
	UserID    string        // LoginStateLink: who asked
	ReturnTo  string        // path on this server; "": nowhere
	Device    Device        // LoginStateMobile
	Challenge string        // LoginStateMobile: S256, 43 characters; "": the app sent none
	CreatedAt time.Time
	ExpiresAt time.Time
}
