package store

import (
	"context"
	"errors"
	"fmt"

	"latchkey/authserver"
	"latchkey/pkg/database"
	"latchkey/pkg/introspection"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
)

const lookupAccess = `
SELECT c.id, c.client_id, cl.name, c.user_id, u.family_id, u.role, c.access_scopes, c.resource,
	c.access_issued_at, c.access_expires_at,
	c.ended_at IS NOT NULL OR cl.disabled_at IS NOT NULL,
	u.deactivated_at IS NOT NULL AND c.end_reason IN ('', 'user_deactivated')
FROM chains c JOIN users u ON u.id = c.user_id JOIN clients cl ON cl.id = c.client_id
WHERE c.id = (SELECT chain_id FROM tokens WHERE digest = $1) AND (c.access_digest = $1) IS TRUE`

// ByToken finds access tokens by themselves.
type ByToken struct{ *Store }

// LookupAccessToken implements credential.Tokens.
func (s ByToken) LookupAccessToken(ctx context.Context, token secret.Token) (*authserver.Credential, error) {
	return s.Store.LookupAccessToken(ctx, token.Digest())
}

// LookupAccessToken finds an access token by its digest, one statement.
// fault.NotFound: there is none.
func (s *Store) LookupAccessToken(ctx context.Context, token secret.Digest) (*authserver.Credential, error) {
	c := authserver.Credential{Kind: introspection.KindAccessToken}
	var scopes string
	err := s.db.ReadRowBatched(ctx, lookupAccess, token[:]).Scan(&c.ID, &c.ClientID, &c.Name, &c.UserID, &c.FamilyID,
		&c.Role, &scopes, &c.Resource, &c.IssuedAt, &c.ExpiresAt, &c.Ended, &c.Deactivated)
	if errors.Is(err, database.ErrNoRows) {
		return nil, database.Translate(err)
	}
	if err != nil {
		return nil, err
	}
	if c.Scopes, err = scope.Parse(scopes); err != nil {
		return nil, fmt.Errorf("store: access token of chain %s: %w", c.ID, err)
	}
	return &c, nil
}
