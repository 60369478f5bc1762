package authserver

import (
	"time"

	"latchkey/pkg/scope"
)

// Consent is what a user allowed a client, remembered.
type Consent struct {
	UserID    string
	ClientID  string
	Scopes    scope.Set
	CreatedAt time.Time
	UpdatedAt time.Time
	Terms     string // what the client was then (Client.Terms)
}
