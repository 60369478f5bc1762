package oauth

import (
	"context"
	"log/slog"
	"strings"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/introspection"
	"latchkey/pkg/secret"
)

// Issue opens a chain that no authorization code opens, in the transaction of
// ctx: how the first-party sign-in gets its tokens. There is no other way to
// make one.
func (s *Server) Issue(ctx context.Context, r authserver.ChainRequest) (*authserver.Tokens, error) {
	now := s.Now()
	id, err := uuid.NewV7()
	if err != nil {
		return nil, err
	}
	chain := &authserver.GrantChain{
		ID: id.String(), ClientID: r.ClientID, UserID: r.UserID, Scopes: r.Scopes,
		DeviceID: r.DeviceID, Origin: r.Origin, CreatedAt: now, EndsAt: s.chainEnd(now),
	}
	pair, tokens := s.newPair(now, chain.EndsAt)
	if err := s.Store.OpenChain(ctx, chain, pair); err != nil {
		return nil, err
	}
	tokens.ChainID, tokens.Scopes = chain.ID, chain.Scopes
	s.Store.AfterCommit(ctx, func(ctx context.Context) {
		s.Metrics.TokensIssued(r.Origin)
		s.Logger.InfoContext(ctx, "chain opened", slog.String("event", authserver.EventChainOpened),
			slog.String("chain_id", chain.ID), slog.String("client_id", chain.ClientID), slog.String("user_id", chain.UserID))
	})
	return &tokens, nil
}

// RefreshFirstParty rotates a refresh token of the first-party client by the
// rules of the token endpoint. fault.Unauthenticated: it is not good.
func (s *Server) RefreshFirstParty(ctx context.Context, refreshToken string) (*authserver.Tokens, error) {
	tokens, err := s.refresh(ctx, authserver.FirstPartyClientID, refreshToken, 0, "")
	if err != nil && wireError(err).status < 500 {
		return nil, fault.Wrap(fault.Unauthenticated, err, "Invalid refresh token")
	}
	return tokens, err
}

// EndChains ends every live chain that f chooses and, once that has committed,
// tells resource servers.
func (s *Server) EndChains(ctx context.Context, f authserver.ChainFilter, reason string) error {
	ended, err := s.Store.EndChains(ctx, f, reason, s.Now())
	if err != nil {
		return err
	}
	s.ended(ctx, ended, reason)
	return nil
}

func (s *Server) ended(ctx context.Context, ended []authserver.EndedChain, reason string) {
	if len(ended) == 0 {
		return
	}
	digests := make([]secret.Digest, 0, len(ended))
	for _, e := range ended {
		digests = append(digests, e.Access)
	}
	s.publish(ctx, digests)
	s.Store.AfterCommit(ctx, func(ctx context.Context) {
		for _, e := range ended {
			s.logEnded(ctx, e, reason)
		}
	})
}

// Authenticate returns the live credential that text is: an access token or an
// API key. fault.Unauthenticated: it is none.
func (s *Server) Authenticate(ctx context.Context, text string) (*authserver.Credential, error) {
	c, err := s.lookup(ctx, text)
	switch {
	case fault.Is(err, fault.NotFound):
		return nil, introspection.Refused(strings.HasPrefix(text, string(secret.AccessToken)))
	case err != nil:
		return nil, err
	case c.Deactivated:
		return nil, fault.New(fault.Unauthenticated, "Account has been deactivated")
	case !c.Active(s.Now()):
		return nil, introspection.Refused(c.Kind == introspection.KindAccessToken)
	}
	return c, nil
}

// lookup finds the credential that text is. Whatever is no well-formed access
// token or API key is fault.NotFound without a statement.
func (s *Server) lookup(ctx context.Context, text string) (*authserver.Credential, error) {
	kind, err := secret.KindOf(text)
	switch {
	case err != nil:
		return nil, fault.New(fault.NotFound, "No such credential")
	case kind == secret.AccessToken:
		return s.Store.LookupAccessToken(ctx, secret.DigestOf(text))
	case kind == secret.APIKey && s.Keys != nil:
		return s.Keys.LookupAPIKey(ctx, secret.DigestOf(text))
	}
	return nil, fault.New(fault.NotFound, "No such credential")
}
