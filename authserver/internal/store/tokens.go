package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/database"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
)

// Both engines claim by the same predicates: the token is unused and unexpired,
// its chain lives and is this client's, its user is active, and the asked scope
// is within the chain's ('read_write' includes everything, so only a chain that
// has 'read' alone can be exceeded).
const claimRefresh = `
	UPDATE refresh_tokens SET used_at = $4, successor_digest = $5, sealed = $6
	FROM chains c JOIN users u ON u.id = c.user_id
	WHERE refresh_tokens.digest = $1 AND used_at IS NULL AND expires_at > $4
	  AND c.id = chain_id AND c.client_id = $2 AND c.ended_at IS NULL
	  AND (c.ends_at IS NULL OR c.ends_at > $4)
	  AND u.deactivated_at IS NULL
	  AND ($3 = '' OR $3 = 'read' OR c.scopes <> 'read')
	  AND ($7 = '' OR c.resource = $7)
	RETURNING chain_id, c.access_digest, parent_digest`

// rotatePostgres claims the presented refresh token, moves its chain on to the
// new access token, stores the new refresh token and erases the seal of the
// predecessor (its successor has now been used), or does none of it. Updating
// the chain's row makes a concurrent end of the chain wait, and see, and return
// the newest access token.
const rotatePostgres = `
WITH used AS (` + claimRefresh + `
), moved AS (
	UPDATE chains SET access_digest = $8, access_scopes = COALESCE(NULLIF($3, ''), scopes),
		access_issued_at = $4, access_expires_at = LEAST($9::timestamptz, ends_at), live_until = LEAST($10::timestamptz, ends_at)
	FROM used WHERE chains.id = used.chain_id AND ended_at IS NULL
	RETURNING id, user_id, access_scopes, access_expires_at, live_until, used.access_digest AS retired, parent_digest
), erased AS (
	UPDATE refresh_tokens SET sealed = NULL FROM moved WHERE digest = moved.parent_digest
), refresh AS (
	INSERT INTO refresh_tokens (digest, chain_id, parent_digest, issued_at, expires_at)
	SELECT $5, id, $1, $4, live_until FROM moved
)
SELECT id, user_id, access_scopes, access_expires_at, retired FROM moved`

// Rotate claims the refresh token that r describes and moves its chain on.
// ErrNotClaimed: ExplainRefresh tells why.
func (s *Store) Rotate(ctx context.Context, r authserver.Rotation) (*authserver.Rotated, error) {
	if s.db.Engine() == database.SQLite {
		return s.rotateSQLite(ctx, r)
	}
	return scanRotated(s.db.QueryRow(ctx, rotatePostgres, r.Refresh[:], r.ClientID, r.Scopes.String(), r.Now,
		r.Pair.Refresh[:], nilIfEmpty(r.Sealed), r.Resource, r.Access[:], r.AccessExpiresAt, r.RefreshExpiresAt))
}

func scanRotated(row database.Row) (*authserver.Rotated, error) {
	var (
		out    authserver.Rotated
		scopes string
		digest []byte
	)
	err := row.Scan(&out.ChainID, &out.UserID, &scopes, &out.AccessExpiresAt, &digest)
	if errors.Is(err, database.ErrNoRows) {
		return nil, authserver.ErrNotClaimed
	}
	if err != nil {
		return nil, err
	}
	if out.Scopes, err = scope.Parse(scopes); err != nil {
		return nil, fmt.Errorf("store: chain %s: %w", out.ChainID, err)
	}
	if out.Retired, err = secret.DigestFromBytes(digest); err != nil {
		return nil, fmt.Errorf("store: chain %s: %w", out.ChainID, err)
	}
	return &out, nil
}

// rotateSQLite is rotatePostgres, one statement after the other: the
// transaction holds the database's only write lock throughout.
func (s *Store) rotateSQLite(ctx context.Context, r authserver.Rotation) (*authserver.Rotated, error) {
	var out *authserver.Rotated
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		var (
			chainID         string
			retired, parent []byte
		)
		err := s.db.QueryRow(ctx, claimRefreshSQLite, r.Refresh[:], r.ClientID, r.Scopes.String(), r.Now,
			r.Pair.Refresh[:], nilIfEmpty(r.Sealed), r.Resource).Scan(&chainID, &retired, &parent)
		if err != nil {
			return err
		}
		out, err = scanRotated(s.db.QueryRow(ctx, `UPDATE chains SET access_digest = $2,
			access_scopes = COALESCE(NULLIF($3, ''), scopes), access_issued_at = $4,
			access_expires_at = MIN($5, COALESCE(ends_at, $5)), live_until = MIN($6, COALESCE(ends_at, $6))
			WHERE id = $1 RETURNING id, user_id, access_scopes, access_expires_at, $7`,
			chainID, r.Access[:], r.Scopes.String(), r.Now, r.AccessExpiresAt, r.RefreshExpiresAt, retired))
		if err != nil {
			return err
		}
		if _, err := s.db.Exec(ctx, `UPDATE refresh_tokens SET sealed = NULL WHERE digest = $1`, parent); err != nil {
			return err
		}
		_, err = s.db.Exec(ctx, `INSERT INTO refresh_tokens (digest, chain_id, parent_digest, issued_at, expires_at)
			SELECT $1, id, $3, $4, live_until FROM chains WHERE id = $2`, r.Pair.Refresh[:], chainID, r.Refresh[:], r.Now)
		return err
	})
	if errors.Is(err, database.ErrNoRows) {
		return nil, authserver.ErrNotClaimed
	}
	return out, err
}

// claimRefreshSQLite reads the chain in subqueries: SQLite returns only columns
// of the updated table.
const claimRefreshSQLite = `
	UPDATE refresh_tokens SET used_at = $4, successor_digest = $5, sealed = $6
	WHERE digest = $1 AND used_at IS NULL AND expires_at > $4
	  AND EXISTS (SELECT 1 FROM chains c JOIN users u ON u.id = c.user_id
		WHERE c.id = chain_id AND c.client_id = $2 AND c.ended_at IS NULL
		  AND (c.ends_at IS NULL OR c.ends_at > $4)
		  AND u.deactivated_at IS NULL
		  AND ($3 = '' OR $3 = 'read' OR c.scopes <> 'read')
		  AND ($7 = '' OR c.resource = $7))
	RETURNING chain_id, (SELECT access_digest FROM chains WHERE id = chain_id), parent_digest`

// ExplainRefresh tells why the client's refresh token could not be claimed.
// fault.NotFound: it is unknown or another client's.
func (s *Store) ExplainRefresh(ctx context.Context, token secret.Digest, clientID string, now time.Time) (*authserver.Spent, error) {
	var (
		out                  authserver.Spent
		scopes, accessScopes string
		endsAt               *time.Time
		successorUsedAt      *time.Time
	)
	err := s.db.QueryRow(ctx, `SELECT r.chain_id, r.expires_at, r.used_at, r.sealed, next.used_at,
		c.scopes, c.resource, c.ends_at, c.access_scopes, c.access_expires_at,
		c.ended_at IS NULL AND u.deactivated_at IS NULL
		FROM refresh_tokens r JOIN chains c ON c.id = r.chain_id JOIN users u ON u.id = c.user_id
		LEFT JOIN refresh_tokens next ON next.digest = r.successor_digest
		WHERE r.digest = $1 AND c.client_id = $2`, token[:], clientID).
		Scan(&out.ChainID, &out.ExpiresAt, &out.UsedAt, &out.Sealed, &successorUsedAt,
			&scopes, &out.Resource, &endsAt, &accessScopes, &out.AccessExpiresAt, &out.Live)
	if err != nil {
		return nil, database.Translate(err)
	}
	out.SuccessorUsed = successorUsedAt != nil
	out.Live = out.Live && (endsAt == nil || now.Before(*endsAt))
	if out.ChainScopes, err = scope.Parse(scopes); err != nil {
		return nil, fmt.Errorf("store: chain %s: %w", out.ChainID, err)
	}
	if out.AccessScopes, err = scope.Parse(accessScopes); err != nil {
		return nil, fmt.Errorf("store: chain %s: %w", out.ChainID, err)
	}
	return &out, nil
}
