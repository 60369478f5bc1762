package authserver

import (
	"time"

	"latchkey/pkg/secret"
)

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
}

// What a browser was sent to a provider for.
const (
	RoundtripSignin = "signin"
	RoundtripLink   = "link"
	RoundtripMobile = "mobile"
)

// Roundtrip is the login state of a browser that was sent to a provider. It is
// used once, when the browser comes back.
type Roundtrip struct {
	Digest    secret.Digest // of the state
	Provider  string
	Purpose   string
	Browser   secret.Digest // of the browser's own cookie
	UserID    string        // RoundtripLink: who asked
	ReturnTo  string        // path on this server; "": nowhere
	Device    Device        // RoundtripMobile
	Challenge string        // RoundtripMobile: S256, 43 characters; "": the app sent none
	CreatedAt time.Time
	ExpiresAt time.Time
}

// Stages of a single sign-on code.
const (
	StageSecondFactor = "second_factor" // the browser still owes the second factor
	StageExchange     = "exchange"      // the app may redeem it
)

// SSOCode stands for a person whom a provider has vouched for, on the way to
// tokens on a device. It is used once.
type SSOCode struct {
	Digest    secret.Digest
	Stage     string
	UserID    string
	Bound     secret.Digest // of the password hash: a new password makes the code void
	Device    Device
	Challenge string
	CreatedAt time.Time
	ExpiresAt time.Time
}

// Newcomer is an unlinked identity: a provider has vouched for the person, and no
// user is connected with it yet. A linking code finds it, until it is used, too
// old, or MaxLinkFailures wrong passwords were tried with it.
type Newcomer struct {
	Digest        secret.Digest
	Provider      string
	Subject       string
	Email         string // as the provider says; worth something only when EmailVerified
	EmailVerified bool
	FirstName     string
	LastName      string
	Device        Device // of the app; without id at a browser
	Challenge     string
	ReturnTo      string
	CreatedAt     time.Time
	ExpiresAt     time.Time
}

// MaxLinkFailures is how many wrong passwords a linking code survives, less one.
const MaxLinkFailures = 5
