package store

import (
	"context"
	"fmt"
	"time"

	"latchkey/authserver/internal/grant"
	"latchkey/pkg/database"
	"latchkey/pkg/introspection"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
)

const findAccess = `
SELECT g.id, g.client_id, c.name, g.user_id, u.family_id, u.role, g.access_scopes, g.resource, g.access_issued_at, g.access_expires_at,
	g.ended_at IS NOT NULL OR c.disabled_at IS NOT NULL,
	u.deactivated_at IS NOT NULL AND g.end_reason IN ('', 'user_deactivated'),
	g.access_digest, g.seal IS NOT NULL AND NOT g.seal_used, c.refresh_overlap, g.used_at
FROM grants g JOIN users u ON u.id = g.user_id JOIN clients c ON c.id = g.client_id
WHERE g.handle = $1`

// FindAccess implements grant.Store, by one statement.
func (s *Store) FindAccess(ctx context.Context, handle secret.HandleDigest) (*grant.AccessState, error) {
	var (
		a       grant.AccessState
		c       = &a.Credential
		scopes  string
		overlap int64
	)
	err := s.db.ReadRowBatched(ctx, findAccess, handle[:]).Scan(&c.ID, &c.ClientID, &c.Name, &c.UserID, &c.FamilyID, &c.Role,
		&scopes, &c.Resource, &c.IssuedAt, &c.ExpiresAt, &c.Ended, &c.Deactivated, &a.Access, &a.SealOpen, &overlap, &a.UsedAt)
	if err != nil {
		return nil, database.Translate(err)
	}
	c.Kind, a.Overlap = introspection.KindAccessToken, time.Duration(overlap)*time.Second
	if c.Scopes, err = scope.Parse(scopes); err != nil {
		return nil, fmt.Errorf("store: grant %s: %w", c.ID, err)
	}
	return &a, nil
}

// FindCode implements grant.Store.
func (s *Store) FindCode(ctx context.Context, code secret.Digest, clientID string) (*grant.CodeState, error) {
	var c grant.CodeState
	err := s.db.QueryRow(ctx, `SELECT id, redirect_uri, challenge, resource, code_expires_at, redeemed_at IS NOT NULL, ended_at IS NOT NULL
		FROM grants WHERE code_digest = $1 AND (client_id = $2) IS TRUE`, code[:], clientID).
		Scan(&c.GrantID, &c.RedirectURI, &c.Challenge, &c.Resource, &c.ExpiresAt, &c.Redeemed, &c.Ended)
	return orNotFound(&c, err)
}

// FindRefresh implements grant.Store.
func (s *Store) FindRefresh(ctx context.Context, handle secret.HandleDigest, clientID string) (*grant.RefreshState, error) {
	var (
		r                    grant.RefreshState
		scopes, accessScopes string
		overlap              int64
	)
	err := s.db.QueryRow(ctx, `SELECT g.id, g.user_id, g.scopes, g.resource, g.ended_at IS NOT NULL, g.ends_at, g.refresh_digest,
		g.refresh_expires_at, g.parent_digest, g.seal, g.seal_used, c.refresh_overlap,
		g.access_scopes, g.access_issued_at, g.access_expires_at
		FROM grants g JOIN clients c ON c.id = g.client_id WHERE g.handle = $1 AND (g.client_id = $2) IS TRUE`, handle[:], clientID).
		Scan(&r.GrantID, &r.UserID, &scopes, &r.Resource, &r.Ended, &r.EndsAt, &r.Refresh, &r.RefreshExpiresAt,
			&r.Parent, &r.Seal, &r.SealUsed, &overlap, &accessScopes, &r.AccessIssuedAt, &r.AccessExpiresAt)
	if err != nil {
		return nil, database.Translate(err)
	}
	r.Overlap = time.Duration(overlap) * time.Second
	if r.Scopes, err = scope.Parse(scopes); err == nil {
		r.AccessScopes, err = scope.Parse(accessScopes)
	}
	if err != nil {
		return nil, fmt.Errorf("store: grant %s: %w", r.GrantID, err)
	}
	return &r, nil
}
