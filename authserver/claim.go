package authserver

import (
	"errors"
	"time"

	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
)

// ErrNotClaimed is returned when a single-use thing was not there to be
// claimed: it does not exist for this caller, or somebody else was first.
var ErrNotClaimed = errors.New("not claimed")

// Pair is a new access and refresh token as they are stored.
type Pair struct {
	Access           secret.Digest
	AccessExpiresAt  time.Time
	Refresh          secret.Digest
	RefreshExpiresAt time.Time
}

// Redemption claims an authorization code: every field must match.
type Redemption struct {
	Code        secret.Digest
	ClientID    string
	RedirectURI string
	Challenge   string // computed from the verifier
	Resource    string // empty: as authorized
	Now         time.Time
	ChainEndsAt *time.Time
	Pair
}

// Rotation claims a refresh token and moves its chain on to a new pair.
type Rotation struct {
	Refresh  secret.Digest // the presented token
	ClientID string
	Scopes   scope.Set // narrower scope of the new access token; 0: the chain's
	Resource string    // empty: as authorized
	Sealed   []byte    // the new pair under a key only the presented token yields; nil: no retry
	Now      time.Time
	Pair
}

// Rotated is a chain that has been moved on.
type Rotated struct {
	ChainID         string
	UserID          string
	Retired         secret.Digest // the access token that was live until now
	Scopes          scope.Set     // of the new access token
	AccessExpiresAt time.Time
}

// Spent is why a refresh token could not be claimed.
type Spent struct {
	ChainID     string
	ChainScopes scope.Set
	Resource    string
	Live        bool      // its chain goes on
	ExpiresAt   time.Time // of the refresh token
	Used        bool      // another refresh token has taken its place
	// The chain's current pair, sealed under this token, while no later refresh
	// token has been used; nil: there is none.
	Sealed          []byte
	SealedAt        time.Time
	AccessScopes    scope.Set
	AccessExpiresAt time.Time
}

// EndedChain is a chain that was just ended and the access token that died with it.
type EndedChain struct {
	ID     string
	UserID string
	Access secret.Digest
}
