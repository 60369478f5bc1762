package authserver

import (
	"time"

	"latchkey/pkg/secret"
)

// Stages of a single sign-on code.
const (
	StageSecondFactor = "second_factor" // the browser must still give the second factor
	StageExchange     = "exchange"      // the app may redeem it
)

// SSOCode stands for a person whom a provider has vouched for, on the way to
// tokens on a device. It is used once.
type SSOCode struct {
	Digest    secret.Digest
	Stage     string
	UserID    string
	Bound     secret.Digest // of the password hash: another password, and it is void
	Device    Device
	Challenge string
	CreatedAt time.Time
	ExpiresAt time.Time
}
