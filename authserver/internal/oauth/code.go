package oauth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"log/slog"

	"github.com/ory/fosite"

	"latchkey/authserver"
	"latchkey/pkg/secret"
)

// codeHandler is the authorization code grant.
type codeHandler struct{ s *Server }

// CanHandleTokenEndpointRequest reports whether this is the code grant.
func (*codeHandler) CanHandleTokenEndpointRequest(_ context.Context, r fosite.AccessRequester) bool {
	return r.GetGrantTypes().ExactOne("authorization_code")
}

// CanSkipClientAuth: never.
func (*codeHandler) CanSkipClientAuth(context.Context, fosite.AccessRequester) bool { return false }

// HandleTokenEndpointRequest claims the code and opens its chain in one store
// call that matches client, redirect URI, PKCE verifier and resource; only when
// it claimed nothing is it asked whether the code is being replayed.
func (h *codeHandler) HandleTokenEndpointRequest(ctx context.Context, r fosite.AccessRequester) error {
	form, s := r.GetRequestForm(), h.s
	if form.Get("code") == "" {
		return fosite.ErrInvalidRequest.WithHint("The parameter code is missing.")
	}
	if form.Get("redirect_uri") == "" {
		return fosite.ErrInvalidRequest.WithHint("The parameter redirect_uri is missing.")
	}
	code, err := secret.Parse(secret.Code, form.Get("code"))
	if err != nil {
		return errGrant
	}
	target, err := resource(form)
	if err != nil {
		return err
	}
	now := s.Now()
	end := s.chainEnd(now)
	pair, tokens := s.newPair(now, end)
	redemption := authserver.Redemption{
		Code: code.Digest(), ClientID: r.GetClient().GetID(), RedirectURI: form.Get("redirect_uri"),
		Challenge: challengeOf(form.Get("code_verifier")), Resource: target, Now: now, ChainEndsAt: end, Pair: pair,
	}
	chain, err := s.Store.RedeemCode(ctx, redemption)
	if errors.Is(err, authserver.ErrNotClaimed) {
		return s.refuseCode(ctx, redemption)
	}
	if err != nil {
		return err
	}
	tokens.ChainID, tokens.Scopes = chain.ID, chain.Scopes
	setTokens(r, &tokens)
	s.Metrics.TokensIssued("authorization_code")
	s.Logger.InfoContext(ctx, "chain opened", slog.String("event", authserver.EventChainOpened),
		slog.String("chain_id", chain.ID), slog.String("client_id", chain.ClientID), slog.String("user_id", chain.UserID))
	return nil
}

// refuseCode ends the chain of a code that its own client presents again
// (RFC 6749 section 4.1.2). Another client's attempt finds nothing and changes
// nothing, nor does a request for a resource that the code is not for.
func (s *Server) refuseCode(ctx context.Context, r authserver.Redemption) error {
	chainID, otherResource, err := s.Store.ExplainCode(ctx, r)
	if err != nil {
		return err
	}
	if otherResource {
		return errInvalidTarget.WithHint("The code was asked for with another resource.")
	}
	if chainID != "" {
		if err := s.EndChains(ctx, authserver.ChainFilter{ID: chainID}, authserver.EndReplayed); err != nil {
			return err
		}
	}
	return errGrant
}

// PopulateTokenEndpointResponse copies what HandleTokenEndpointRequest made.
func (h *codeHandler) PopulateTokenEndpointResponse(ctx context.Context, r fosite.AccessRequester, resp fosite.AccessResponder) error {
	if !h.CanHandleTokenEndpointRequest(ctx, r) {
		return fosite.ErrUnknownRequest
	}
	return populate(r, resp, h.s.Now())
}

// challengeOf is the S256 challenge of a verifier (RFC 7636 section 4.6). A
// verifier of the wrong shape has none, and "" matches no code.
func challengeOf(verifier string) string {
	if len(verifier) < 43 || len(verifier) > 128 {
		return ""
	}
	for i := range len(verifier) {
		if !unreserved(verifier[i]) {
			return ""
		}
	}
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func unreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
		c == '-' || c == '.' || c == '_' || c == '~'
}

// validChallenge reports whether challenge has the shape of an S256 challenge:
// base64url of 32 bytes. One whose last character leaves bits over matches no
// verifier, like any other that was made up.
func validChallenge(challenge string) bool {
	raw, err := base64.RawURLEncoding.DecodeString(challenge)
	return err == nil && len(raw) == sha256.Size && len(challenge) == 43
}
