package authserver

import (
	"time"

	"latchkey/pkg/secret"
)

// UnlinkedIdentity is a person whom a provider has vouched for and whose identity
// belongs to no user yet. A linking code finds it, until it is used, too old, or
// MaxLinkFailures wrong passwords came with it.
type UnlinkedIdentity struct {
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
