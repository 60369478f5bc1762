package grant

import (
	"context"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
)

// Opening asks for a grant that no code is redeemed for: a sign-in of the
// first-party app.
type Opening struct {
	ClientID string
	UserID   string
	Scopes   scope.Set
	DeviceID string
	Origin   string
}

// Open makes a grant with its first tokens, in the transaction of ctx.
// ErrNoParent: the user is not active, or the client is gone.
func (s *Service) Open(ctx context.Context, o Opening) (*authserver.Tokens, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return nil, err
	}
	now := s.now()
	g := &authserver.Grant{
		ID: id.String(), ClientID: o.ClientID, UserID: o.UserID, Scopes: o.Scopes, DeviceID: o.DeviceID,
		Origin: o.Origin, CreatedAt: now, EndsAt: s.end(now),
	}
	pair, tokens := s.newPair(secret.NewHandle(), now, g.EndsAt)
	live, err := s.store.InsertOpened(ctx, g, pair, enough(s.settings.MaxLive))
	if err != nil {
		return nil, err
	}
	tokens.GrantID, tokens.Scopes = g.ID, g.Scopes
	s.began(ctx, o.Origin, g.ID, o.ClientID, o.UserID)
	s.keepFew(ctx, o.UserID, o.ClientID, live, s.settings.MaxLive, false)
	return &tokens, nil
}
