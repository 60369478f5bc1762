package authserver

import (
	"time"

	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
)

// How a grant chain was opened.
const (
	OriginCode  = "code"  // authorization code
	OriginLogin = "login" // first-party JSON sign-up or sign-in
	OriginSSO   = "sso"   // first-party single sign-on exchange
)

// Why a grant chain ended.
const (
	EndRevoked         = "revoked"          // by the client or the user
	EndReused          = "reused"           // a spent refresh token came back
	EndReplayed        = "replayed"         // a redeemed code came back
	EndSignedInAgain   = "signed_in_again"  // the same device signed in again
	EndPasswordChanged = "password_changed" // every other chain of the user
	EndDeactivated     = "user_deactivated"
	EndConsentRevoked  = "consent_revoked"
	EndDeviceRevoked   = "device_revoked"
	EndClientDeleted   = "client_deleted"
	EndRemoved         = "removed_from_family"
)

// GrantChain is one authorization and every token descended from it by refresh.
type GrantChain struct {
	ID        string
	ClientID  string
	UserID    string
	Scopes    scope.Set
	Resource  string // RFC 8707 resource; empty: any of ours
	DeviceID  string // row id of the device it is bound to; empty: none
	Origin    string
	CreatedAt time.Time
	EndsAt    *time.Time // absolute end; nil: none
	EndedAt   *time.Time
	EndReason string
}

// Code is an authorization code as it is stored: one use, one minute.
type Code struct {
	Digest      secret.Digest
	ChainID     string // allotted at authorization, opened at redemption
	ClientID    string
	UserID      string
	Scopes      scope.Set
	RedirectURI string
	Challenge   string // S256, 43 characters
	Resource    string
	CreatedAt   time.Time
	ExpiresAt   time.Time
	Consented   bool // the user has just allowed it: that is remembered with the code
}

// Tokens is what a caller gets when a chain is opened or refreshed: the only
// time the tokens exist in the clear.
type Tokens struct {
	AccessToken     secret.Token
	RefreshToken    secret.Token
	Scopes          scope.Set
	ChainID         string
	IssuedAt        time.Time
	AccessExpiresAt time.Time
}

// ExpiresIn is the access token's remaining life at now, in whole seconds.
func (t *Tokens) ExpiresIn(now time.Time) int64 {
	return max(0, int64(t.AccessExpiresAt.Sub(now).Round(time.Second)/time.Second))
}

// ChainFilter chooses chains to end. Empty fields do not filter; at least one
// field must be set.
type ChainFilter struct {
	ID             string
	UserID         string
	ClientID       string
	DeviceID       string
	ExceptID       string
	FirstPartyOnly bool // only chains of FirstPartyClientID
}

// ChainRequest asks for a chain that no authorization code opens: a first-party
// sign-in.
type ChainRequest struct {
	ClientID string
	UserID   string
	Scopes   scope.Set
	DeviceID string
	Origin   string
}
