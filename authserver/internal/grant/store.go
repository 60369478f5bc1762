package grant

import (
	"context"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
)

// Store keeps grants. Every method joins the transaction in its context.
type Store interface {
	// InTx runs fn in a transaction, or in the one ctx already carries.
	InTx(ctx context.Context, fn func(ctx context.Context) error) error
	// AfterCommit runs fn once the transaction in ctx has committed; without one,
	// at once.
	AfterCommit(ctx context.Context, fn func(ctx context.Context))

	// InsertCode stores a grant with its code, and the consent if it is new. The
	// rows it depends on are locked in the same statement. ErrNoParent: one is gone.
	InsertCode(ctx context.Context, c Code) (CodeStored, error)
	// InsertOpened stores a grant with its first pair, locking as InsertCode does.
	// live: how many the user and client had, counted up to count. ErrNoParent.
	InsertOpened(ctx context.Context, g *authserver.Grant, pair Pair, count int) (live int, err error)
	// Redeem claims a code and stores the first pair. authserver.ErrNotClaimed.
	Redeem(ctx context.Context, r Redemption) (*Redeemed, error)
	// FindCode describes the client's code. fault.NotFound.
	FindCode(ctx context.Context, code secret.Digest, clientID string) (*CodeState, error)
	// Rotate claims a refresh token and stores the next pair. authserver.ErrNotClaimed.
	Rotate(ctx context.Context, r Rotation) (*Rotated, error)
	// FindRefresh describes the client's grant with the handle. fault.NotFound.
	FindRefresh(ctx context.Context, handle secret.HandleDigest, clientID string) (*RefreshState, error)
	// FindAccess describes the grant with the handle. fault.NotFound.
	FindAccess(ctx context.Context, handle secret.HandleDigest) (*AccessState, error)
	// CloseSeal notes that the pair whose access token is given is in use. keep: it
	// may still be asked for. A row that somebody holds is left as it is.
	CloseSeal(ctx context.Context, id string, access secret.Digest, keep bool) error

	// EndGrants ends the live grants that f chooses.
	EndGrants(ctx context.Context, f authserver.GrantFilter, reason string, now time.Time) ([]authserver.EndedGrant, error)
	// EndByToken ends the client's live grant by one of its tokens.
	// authserver.ErrNotClaimed: there is none.
	EndByToken(ctx context.Context, r Revocation) (*authserver.EndedGrant, error)
	// EndOldest ends the live grants (pending: the codes in flight) of a user and
	// client but for the keep that were used last.
	EndOldest(ctx context.Context, userID, clientID string, pending bool, keep int, now time.Time) ([]authserver.EndedGrant, error)

	// StampGrants notes that the grants were used at at.
	StampGrants(ctx context.Context, ids []string, at time.Time) error
}

// Pair is an access and a refresh token as they are stored.
type Pair struct {
	Handle           secret.HandleDigest // of the access token
	Refresh          secret.Digest
	RefreshExpiresAt time.Time
	Access           secret.Digest
	AccessExpiresAt  time.Time
	IssuedAt         time.Time
}

// Code is a new grant with an authorization code.
type Code struct {
	GrantID     string
	Digest      secret.Digest
	UserID      string
	SigninID    string
	ClientID    string
	Scopes      scope.Set
	RedirectURI string
	Challenge   string // S256, 43 characters
	Resource    string
	CreatedAt   time.Time
	ExpiresAt   time.Time
	Terms       string // what a consent must be bound to
	Consented   bool   // the user has just allowed it: that is remembered with the code
	Count       int    // how far to count the codes in flight
}

// CodeStored is what InsertCode found and did.
type CodeStored struct {
	Widened bool // the consent is new, or covers more than before
	Pending int  // codes in flight of the user and client before
}

// Redemption claims an authorization code: every field must match.
type Redemption struct {
	Code        secret.Digest
	ClientID    string
	RedirectURI string
	Challenge   string // computed from the verifier
	Resource    string // empty: as authorized
	EndsAt      *time.Time
	Count       int  // how far to count the live grants
	Wait        bool // for whoever holds the row; otherwise it is not claimed then
	Pair
}

// Redeemed is a grant that got its first pair.
type Redeemed struct {
	ID     string
	UserID string
	Scopes scope.Set
	Live   int // live grants of the user and client before
}

// CodeState describes a code that could not be redeemed.
type CodeState struct {
	GrantID     string
	RedirectURI string
	Challenge   string
	Resource    string
	ExpiresAt   time.Time
	Redeemed    bool
	Ended       bool
}

// Rotation claims a refresh token and moves its grant on to a new pair.
type Rotation struct {
	Presented secret.Digest
	ClientID  string
	Scopes    scope.Set // narrower scope of the new access token; 0: the grant's
	Resource  string    // empty: as authorized
	Seal      []byte    // the new pair under a key only the presented token yields; nil: no retry
	Wait      bool      // for whoever holds the row; otherwise it is not claimed then
	Pair
}

// Rotated is a grant that was moved on.
type Rotated struct {
	ID              string
	UserID          string
	Retired         secret.Digest // the access token that was live until now
	Scopes          scope.Set     // of the new access token
	AccessExpiresAt time.Time

	RefreshExpiresAt time.Time
	EndsAt           *time.Time // nil: it has no end of its own
}

// Revocation ends a grant by a token of its own client.
type Revocation struct {
	Handle   secret.HandleDigest
	Kind     secret.Kind   // RefreshToken: any of the grant; AccessToken: the current one
	Access   secret.Digest // of an access token
	ClientID string
	Reason   string
	At       time.Time
}

// RefreshState describes a grant whose refresh token could not be claimed.
type RefreshState struct {
	GrantID          string
	UserID           string
	Scopes           scope.Set
	Resource         string
	Ended            bool
	EndsAt           *time.Time
	Refresh          secret.Digest // the current refresh token
	RefreshExpiresAt time.Time
	Parent           secret.Digest // the token that the current pair was given for
	Seal             []byte        // the current pair, sealed under Parent; nil: closed
	SealUsed         bool          // the current pair is in use
	Overlap          time.Duration // of the client
	AccessScopes     scope.Set
	AccessIssuedAt   time.Time
	AccessExpiresAt  time.Time
}

// AccessState describes the grant of an access token.
type AccessState struct {
	Credential authserver.Credential
	Access     secret.Digest // the current access token
	SealOpen   bool          // its pair may still be asked for, and nobody has used it
	Overlap    time.Duration // of the client
	UsedAt     *time.Time
}
