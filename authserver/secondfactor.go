package authserver

import "time"

// SecondFactor is a user's second factor as it is stored.
type SecondFactor struct {
	UserID      string
	Sealed      []byte // the secret, readable with the encryption key only
	ConfirmedAt *time.Time
	LastStep    int64 // the time step of the last code that was accepted
}
