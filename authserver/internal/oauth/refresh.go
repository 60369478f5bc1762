package oauth

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/ory/fosite"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
)

// refreshHandler is the refresh grant.
type refreshHandler struct{ s *Server }

// CanHandleTokenEndpointRequest reports whether this is the refresh grant.
func (*refreshHandler) CanHandleTokenEndpointRequest(_ context.Context, r fosite.AccessRequester) bool {
	return r.GetGrantTypes().ExactOne("refresh_token")
}

// CanSkipClientAuth: never.
func (*refreshHandler) CanSkipClientAuth(context.Context, fosite.AccessRequester) bool { return false }

// HandleTokenEndpointRequest rotates the presented refresh token.
func (h *refreshHandler) HandleTokenEndpointRequest(ctx context.Context, r fosite.AccessRequester) error {
	form := r.GetRequestForm()
	if form.Get("refresh_token") == "" {
		return fosite.ErrInvalidRequest.WithHint("The parameter refresh_token is missing.")
	}
	asked, err := scope.Parse(form.Get("scope"))
	if err != nil {
		return fosite.ErrInvalidScope.WithHint("The scopes are read and read_write.")
	}
	target, err := resource(form)
	if err != nil {
		return err
	}
	tokens, err := h.s.refresh(ctx, r.GetClient().GetID(), form.Get("refresh_token"), asked, target)
	if err != nil {
		return err
	}
	setTokens(r, tokens)
	return nil
}

// PopulateTokenEndpointResponse copies what HandleTokenEndpointRequest made.
func (h *refreshHandler) PopulateTokenEndpointResponse(ctx context.Context, r fosite.AccessRequester, resp fosite.AccessResponder) error {
	if !h.CanHandleTokenEndpointRequest(ctx, r) {
		return fosite.ErrUnknownRequest
	}
	return populate(r, resp, h.s.Now())
}

// refresh rotates the client's refresh token: one store call decides. Whatever
// it does not claim is explained by a second one.
func (s *Server) refresh(ctx context.Context, clientID, text string, asked scope.Set, target string) (*authserver.Tokens, error) {
	presented, err := secret.Parse(secret.RefreshToken, text)
	if err != nil {
		return nil, errGrant
	}
	now := s.Now()
	pair, tokens := s.newPair(now, nil)
	rotation := authserver.Rotation{
		Refresh: presented.Digest(), ClientID: clientID, Scopes: asked, Resource: target, Now: now, Pair: pair,
	}
	if s.Settings.RetryWindow > 0 {
		if rotation.Sealed, err = seal(presented, tokens.AccessToken, tokens.RefreshToken); err != nil {
			return nil, err
		}
	}
	moved, err := s.Store.Rotate(ctx, rotation)
	if errors.Is(err, authserver.ErrNotClaimed) {
		return s.unclaimed(ctx, presented, rotation)
	}
	if err != nil {
		return nil, err
	}
	s.publish(ctx, []secret.Digest{moved.Retired})
	s.Metrics.TokensIssued("refresh_token")
	tokens.ChainID, tokens.Scopes, tokens.AccessExpiresAt = moved.ChainID, moved.Scopes, moved.AccessExpiresAt
	return &tokens, nil
}

// unclaimed answers a refresh token that could not be claimed: a retry inside
// the window gets the identical pair; reuse outside it ends the chain; a scope
// or resource beyond the chain's is refused and spends nothing.
func (s *Server) unclaimed(ctx context.Context, presented secret.Token, r authserver.Rotation) (*authserver.Tokens, error) {
	spent, err := s.Store.ExplainRefresh(ctx, r.Refresh, r.ClientID, r.Now)
	if fault.Is(err, fault.NotFound) {
		return nil, errGrant
	}
	if err != nil {
		return nil, err
	}
	switch {
	case !spent.Live || !r.Now.Before(spent.ExpiresAt):
		return nil, errGrant
	case spent.Used && !s.mayRetry(spent, r.Now):
		return nil, s.reused(ctx, spent)
	case !spent.ChainScopes.Satisfies(r.Scopes):
		return nil, fosite.ErrInvalidScope.WithHint("A refresh may narrow the scope, never widen it.")
	case r.Resource != "" && r.Resource != spent.Resource:
		return nil, errInvalidTarget
	case spent.Used:
		return retried(presented, spent, r.Now)
	}
	return nil, errGrant
}

// reused ends the chain of a token that somebody kept (RFC 9700 section 4.14.2),
// whatever they ask for with it.
func (s *Server) reused(ctx context.Context, spent *authserver.Spent) error {
	s.Metrics.RefreshReused()
	if err := s.EndChains(ctx, authserver.ChainFilter{ID: spent.ChainID}, authserver.EndReused); err != nil {
		return err
	}
	return errGrant
}

func (s *Server) mayRetry(spent *authserver.Spent, now time.Time) bool {
	return s.Settings.RetryWindow > 0 && len(spent.Sealed) > 0 && now.Sub(spent.SealedAt) < s.Settings.RetryWindow
}

func retried(presented secret.Token, spent *authserver.Spent, now time.Time) (*authserver.Tokens, error) {
	access, refresh, err := openSeal(presented, spent.Sealed)
	if err != nil {
		return nil, err
	}
	return &authserver.Tokens{
		AccessToken: access, RefreshToken: refresh, Scopes: spent.AccessScopes,
		ChainID: spent.ChainID, IssuedAt: now, AccessExpiresAt: spent.AccessExpiresAt,
	}, nil
}

// publish tells resource servers, once the transaction in ctx has committed, that
// access tokens have ended.
func (s *Server) publish(ctx context.Context, digests []secret.Digest) {
	s.Store.AfterCommit(ctx, func(ctx context.Context) { s.Publisher.Publish(ctx, digests) })
}

// logEnded writes the audit line of an ended chain.
func (s *Server) logEnded(ctx context.Context, e authserver.EndedChain, reason string) {
	s.Logger.InfoContext(ctx, "chain ended", slog.String("event", authserver.EventChainEnded),
		slog.String("chain_id", e.ID), slog.String("user_id", e.UserID), slog.String("reason", reason))
}
