package authserver

import "time"

// ClientRefusal is why a client was refused at an endpoint, and how often. It holds no
// secret, and of what was sent at most a redirect URI without its query.
type ClientRefusal struct {
	ClientID        string
	Endpoint        string // "authorize", "token", …
	Reason          string // RefusedRedirect and those below
	Detail          string // what was received; mostly ""
	Count           int64
	FirstAt, LastAt time.Time
}

// Why clients are refused.
const (
	RefusedRedirect  = "redirect_uri"       // it is not registered; Detail: which it was
	RefusedSecret    = "secret"             // wrong
	RefusedMethod    = "method"             // another one of client authentication than the registered
	RefusedChallenge = "challenge_missing"  // PKCE
	RefusedMethodS   = "challenge_method"   // PKCE by another method than S256, or no digest
	RefusedNoProof   = "verifier_missing"   // PKCE, at the token endpoint
	RefusedProof     = "verifier"           // it does not match the challenge
	RefusedMoved     = "token_redirect_uri" // another one than the code was asked for with; Detail: which
	RefusedUnknown   = "code_unknown"       // a code or token that is unknown, or another client's
	RefusedExpired   = "code_expired"       // a code or token
	RefusedEnded     = "grant_ended"        // the access was taken back
	RefusedReplayed  = "code_replayed"      // a code came twice
	RefusedReused    = "refresh_reused"     // a spent refresh token came back
	RefusedScope     = "scope"              // unknown, or more than the client may ask for
	RefusedTarget    = "target"             // an unknown resource, or another one than the grant's
	RefusedGrantType = "grant_type"         // unknown, or not this client's
	RefusedResponse  = "response_type"      // another one than code
	RefusedMissing   = "parameter"          // missing, or sent twice
	RefusedPushed    = "pushed"             // it must push its requests
	RefusedOther     = "other"              // whatever else is no good request
	refusedDetail    = 200                  // bytes
)

// RefusalDetail is what is stored of something that was received.
func RefusalDetail(sent string) string {
	return UserAgentText(sent[:min(len(sent), refusedDetail)])
}
