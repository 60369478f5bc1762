package authserver

import (
	"time"

	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
)

// How a grant began.
const (
	OriginCode  = "code"  // authorization code
	OriginLogin = "login" // first-party JSON sign-up or sign-in
	OriginSSO   = "sso"   // first-party single sign-on exchange
)

// Why a grant ended.
const (
	EndRevoked         = "revoked"          // by the client or the user
	EndReused          = "reused"           // a spent refresh token came back
	EndReplayed        = "replayed"         // a redeemed code came back
	EndSignedInAgain   = "signed_in_again"  // the same device signed in again
	EndSignedOut       = "signed_out"       // the sign-in that its code was made from ended
	EndLimit           = "limit"            // newer grants of the same user and client took its place
	EndPasswordChanged = "password_changed" // every grant of the user
	EndDeactivated     = "user_deactivated"
	EndConsentRevoked  = "consent_revoked"
	EndDeviceRevoked   = "device_revoked"
	EndClientDeleted   = "client_deleted"
	EndRemoved         = "removed_from_family"
)

// Grant is one authorization of one client by one user, from the click on Allow
// (or a sign-in of the first-party app) to its end.
type Grant struct {
	ID         string
	ClientID   string
	UserID     string
	Scopes     scope.Set
	Resource   string // RFC 8707 resource; empty: any of ours
	DeviceID   string // row id of the device it is bound to; empty: none
	Origin     string
	CreatedAt  time.Time
	RedeemedAt *time.Time // when it got its first tokens; nil: its code is still to be redeemed
	UsedAt     *time.Time // when a resource server last asked about it, to the hour; nil: never
	EndsAt     *time.Time // absolute end; nil: none
	EndedAt    *time.Time
	EndReason  string
}

// Tokens is what a caller gets when a grant is redeemed, opened or refreshed: the
// only time the tokens exist in the clear.
type Tokens struct {
	AccessToken     secret.Token
	RefreshToken    secret.Token
	Scopes          scope.Set
	GrantID         string
	IssuedAt        time.Time
	AccessExpiresAt time.Time

	RefreshExpiresAt time.Time
	EndsAt           *time.Time // of the grant; nil: it has no end of its own
}

// ExpiresIn is the access token's remaining life at now, in whole seconds.
func (t *Tokens) ExpiresIn(now time.Time) int64 { return left(t.AccessExpiresAt, now) }

// RefreshExpiresIn is ExpiresIn of the refresh token.
func (t *Tokens) RefreshExpiresIn(now time.Time) int64 { return left(t.RefreshExpiresAt, now) }

// GrantExpiresIn is how long the grant can be refreshed at most; false: it has no
// end of its own.
func (t *Tokens) GrantExpiresIn(now time.Time) (int64, bool) {
	if t.EndsAt == nil {
		return 0, false
	}
	return left(*t.EndsAt, now), true
}

func left(end, now time.Time) int64 {
	return max(0, int64(end.Sub(now).Round(time.Second)/time.Second))
}

// GrantFilter chooses grants to end, codes in flight included. Empty fields do
// not filter; at least one of the first five must be set.
type GrantFilter struct {
	ID       string
	UserID   string
	ClientID string
	DeviceID string
	SigninID string // the sign-in that its code was made from

	ExceptSigninID string
	FirstPartyOnly bool // only grants of FirstPartyClientID
	PendingOnly    bool // only codes that were not redeemed
}

// EndedGrant is a grant that was just ended, and the access token that died with
// it (zero: it had none yet).
type EndedGrant struct {
	ID       string
	UserID   string
	ClientID string
	Access   secret.Digest
}
