package oauth

import (
	"context"
	"log/slog"

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
	why := ""
	if reason == authserver.EndDeactivated {
		why = introspection.ReasonDeactivated
	}
	s.bury(ctx, digests, why)
	s.Store.AfterCommit(ctx, func(ctx context.Context) {
		for _, e := range ended {
			s.logEnded(ctx, e, reason)
		}
	})
}
