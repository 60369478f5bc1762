package grant

import "errors"

// Reasons of a Refusal: for logs, never for the caller, to whom all are alike.
const (
	ReasonMalformed = "malformed" // no text that we make
	ReasonUnknown   = "unknown"   // or another client's
	ReasonExpired   = "expired"
	ReasonEnded     = "ended"        // its grant has ended
	ReasonRedirect  = "redirect_uri" // another one than the code was asked for with
	ReasonVerifier  = "verifier"     // it does not match the challenge
	ReasonReplayed  = "replayed"     // a redeemed code; its grant has been ended
	ReasonReused    = "reused"       // a spent refresh token; its grant has been ended
	ReasonRace      = "race"         // it changed while it was looked at
)

// Refusal is a code or refresh token that is not good (RFC 6749 section 5.2,
// invalid_grant).
type Refusal struct {
	Reason  string
	GrantID string // empty: not known
}

// Error says why, for the log.
func (r *Refusal) Error() string { return "grant: refused: " + r.Reason }

var (
	// ErrScope refuses a refresh that would widen the scope (RFC 6749 section 6).
	ErrScope = errors.New("grant: a refresh may narrow the scope, never widen it")
	// ErrTarget refuses a resource that the grant is not for (RFC 8707 section 2.2).
	ErrTarget = errors.New("grant: the grant is for another resource")
	// ErrNoParent is how a store says that what the grant depends on is not there
	// any more: the user, the sign-in, the client or the consent.
	ErrNoParent = errors.New("grant: the user, the sign-in, the client or the consent is gone")
)
