package oauth

import (
	"time"

	"latchkey/authserver"
	"latchkey/pkg/secret"
)

// newPair makes an access and a refresh token and the record of them, cut to the
// chain's absolute end.
func (s *Server) newPair(now time.Time, endsAt *time.Time) (authserver.Pair, authserver.Tokens) {
	tokens := authserver.Tokens{
		AccessToken: secret.New(secret.AccessToken), RefreshToken: secret.New(secret.RefreshToken),
		IssuedAt: now, AccessExpiresAt: now.Add(s.Settings.AccessLifetime),
	}
	pair := authserver.Pair{
		Access: tokens.AccessToken.Digest(), AccessExpiresAt: tokens.AccessExpiresAt,
		Refresh: tokens.RefreshToken.Digest(), RefreshExpiresAt: now.Add(s.Settings.RefreshLifetime),
	}
	if endsAt != nil {
		pair.AccessExpiresAt = earlier(pair.AccessExpiresAt, *endsAt)
		pair.RefreshExpiresAt = earlier(pair.RefreshExpiresAt, *endsAt)
		tokens.AccessExpiresAt = pair.AccessExpiresAt
	}
	return pair, tokens
}

// chainEnd is the absolute end of a chain opened at now, or nil.
func (s *Server) chainEnd(now time.Time) *time.Time {
	if s.Settings.ChainLifetime <= 0 {
		return nil
	}
	end := now.Add(s.Settings.ChainLifetime)
	return &end
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
