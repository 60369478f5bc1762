package authserver

import "time"

// SecondFactor is a user's second factor as it is stored.
type SecondFactor struct {
	UserID   string
	Sealed   []byte // the secret, readable with the encryption key only
	LastStep int64  // the time step of the last code that was accepted
}

// SecondFactorSetup is the secret of a second factor that waits to be confirmed
// at the browser that shows it.
type SecondFactorSetup struct {
	SigninID  string // of that browser
	UserID    string
	Sealed    []byte
	ExpiresAt time.Time
}
