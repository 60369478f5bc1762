package oauth

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"latchkey/authserver"
	"latchkey/authserver/internal/grant"
)

// Refusals keeps why clients were refused, for those who develop them.
// refusal.Recorder answers it.
type Refusals interface {
	Note(clientID, endpoint, reason, detail string)
}

// asked is what a request has turned out to be of: a client that exists, and a redirect
// URI that was refused.
type asked struct{ client, redirect string }

type askedKey struct{}

// noted lets a handler find out whose request it answers, and keeps why it refuses it.
func noted(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h(w, r.WithContext(context.WithValue(r.Context(), askedKey{}, &asked{})))
	}
}

func askedOf(ctx context.Context) *asked {
	if a, ok := ctx.Value(askedKey{}).(*asked); ok {
		return a
	}
	return &asked{}
}

// noteForDeveloper keeps why a client that exists was refused.
func (s *Server) noteForDeveloper(ctx context.Context, endpoint string, err error) {
	a := askedOf(ctx)
	if s.refusals == nil || a.client == "" {
		return
	}
	reason := refusedFor(err)
	if reason == "" {
		return
	}
	detail := ""
	if reason == authserver.RefusedRedirect || reason == authserver.RefusedMoved {
		detail = a.redirect
	}
	s.refusals.Note(a.client, endpoint, reason, detail)
}

// Sentences of ours that tell more than their code.
var refusedSentences = map[string]string{
	"The redirect_uri is not registered.":                                               authserver.RefusedRedirect,
	"The redirect_uri is missing, or is not registered.":                                authserver.RefusedRedirect,
	"PKCE is required: the parameter code_challenge is missing.":                        authserver.RefusedChallenge,
	"The code_challenge_method must be S256.":                                           authserver.RefusedMethodS,
	"The code_challenge must be the base64url form of a SHA-256 digest, 43 characters.": authserver.RefusedMethodS,
	"The parameter code_verifier is missing.":                                           authserver.RefusedNoProof,
	"This client must push its authorization requests (RFC 9126).":                      authserver.RefusedPushed,
	"The response mode is query.":                                                       authserver.RefusedResponse,
	"Use one way of client authentication, not two.":                                    authserver.RefusedMethod,
	"The client_id in the body is not the client of the Authorization header.":          authserver.RefusedMethod,
}

// Codes of RFC 6749 and others.
var refusedCodes = map[string]string{
	"invalid_scope": authserver.RefusedScope, "invalid_target": authserver.RefusedTarget,
	"unsupported_grant_type": authserver.RefusedGrantType, "unauthorized_client": authserver.RefusedGrantType,
	"unsupported_response_type": authserver.RefusedResponse, "request_not_supported": authserver.RefusedOther,
	"request_uri_not_supported": authserver.RefusedOther, "invalid_request": authserver.RefusedOther,
}

var refusedGrants = map[string]string{
	grant.ReasonMalformed: authserver.RefusedUnknown, grant.ReasonUnknown: authserver.RefusedUnknown, grant.ReasonExpired: authserver.RefusedExpired,
	grant.ReasonEnded: authserver.RefusedEnded, grant.ReasonRedirect: authserver.RefusedMoved, grant.ReasonVerifier: authserver.RefusedProof,
	grant.ReasonReplayed: authserver.RefusedReplayed, grant.ReasonReused: authserver.RefusedReused,
}

// refusedFor is the reason that is kept of a refusal: one of a few, never what was sent;
// "": it is nothing that a developer could change.
func refusedFor(err error) string {
	if refused, ok := errors.AsType[*grant.Refusal](err); ok {
		return refusedGrants[refused.Reason]
	}
	if why, ok := errors.AsType[clientRefusal](err); ok {
		if why == clientSecret {
			return authserver.RefusedSecret
		}
		return authserver.RefusedMethod
	}
	known, ok := errors.AsType[*Error](err)
	if !ok {
		return ""
	}
	if reason := refusedSentences[known.Description]; reason != "" {
		return reason
	}
	if strings.HasPrefix(known.Description, "The parameter ") {
		return authserver.RefusedMissing
	}
	return refusedCodes[known.Code]
}
