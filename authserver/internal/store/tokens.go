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

// claimable is true of the chain that an asked refresh may move on; both engines
// use it. The token is the chain's current one; the chain lives and is this
// client's; its user is active; and the asked scope is within the chain's
// ('read_write' includes everything, so only a chain that has 'read' alone can be
// exceeded). "IS TRUE" hides the client from the client index: a planner without
// statistics can only start from the token.
const claimable = `chains.id = asked.chain AND chains.refresh_digest = asked.refresh AND (chains.client_id = asked.client) IS TRUE
	  AND chains.ended_at IS NULL AND (chains.ends_at IS NULL OR chains.ends_at > asked.now)
	  AND (asked.scope = '' OR asked.scope = 'read' OR chains.scopes <> 'read')
	  AND (asked.resource = '' OR chains.resource = asked.resource)
	  AND (SELECT deactivated_at IS NULL FROM users WHERE users.id = chains.user_id)`

// chainOfAsked is the chain of the asked refresh token, if that has not expired.
const chainOfAsked = `(SELECT chain_id FROM tokens WHERE digest = asked.refresh AND expires_at > asked.now) AS chain`

const sealPair = `
	ON CONFLICT (chain_id) DO UPDATE SET parent_digest = excluded.parent_digest, sealed = excluded.sealed, sealed_at = excluded.sealed_at`

// rotatePostgres moves the chains of the presented refresh tokens on to the new
// pairs, or leaves them. The UPDATE of a chain's row is the only arbiter: a loser
// waits for it, sees another refresh token there, and finds nothing (of two who
// ask in one statement one is given the row); a concurrent end of the chain waits
// too, and returns the newest access token. The seal replaces the one before it,
// whose successor has now been used. The rows are taken in one order, so that
// replicas do not wait for each other crosswise. LIMIT keeps that and the chain's
// lookup before the join, and lets the planner expect one row, where it would
// rather pass over all the chains of a small table, which then grows.
const rotatePostgres = `
WITH moved AS (
	UPDATE chains SET generation = generation + 1, refresh_digest = asked.new_refresh,
		access_digest = asked.new_access, access_scopes = COALESCE(NULLIF(asked.scope, ''), scopes), access_issued_at = asked.now,
		access_expires_at = LEAST(asked.access_until, ends_at), live_until = LEAST(asked.refresh_until, ends_at)
	FROM (SELECT *, ` + chainOfAsked + `
		FROM unnest((SELECT $1::bytea[]), (SELECT $2::text[]), (SELECT $3::text[]), (SELECT $4::timestamptz[]), (SELECT $5::text[]),
			(SELECT $6::bytea[]), (SELECT $7::bytea[]), (SELECT $8::timestamptz[]), (SELECT $9::timestamptz[]), (SELECT $10::bytea[]))
		WITH ORDINALITY asked (refresh, client, scope, now, resource, new_refresh, new_access, access_until, refresh_until, seal, place)
		ORDER BY chain LIMIT (SELECT cardinality($1))) asked
	WHERE ` + claimable + `
	RETURNING asked.*, id, user_id, access_scopes, access_expires_at, live_until,
		(SELECT access_digest FROM chains before WHERE before.id = chains.id) AS retired
), gone AS (
	DELETE FROM tokens WHERE digest = ANY (ARRAY (SELECT retired FROM moved))
), issued AS (
	INSERT INTO tokens (digest, chain_id, expires_at)
	SELECT new_access, id, access_expires_at FROM moved UNION ALL SELECT new_refresh, id, live_until FROM moved
), sealing AS (
	INSERT INTO seals (chain_id, parent_digest, sealed, sealed_at)
	SELECT id, refresh, seal, now FROM moved WHERE seal IS NOT NULL` + sealPair + `
)
SELECT place, id, user_id, access_scopes, access_expires_at, retired FROM moved`

// Rotate claims the refresh token that r describes and moves its chain on.
// ErrNotClaimed: ExplainRefresh tells why.
func (s *Store) Rotate(ctx context.Context, r authserver.Rotation) (*authserver.Rotated, error) {
	if s.db.Engine() == database.SQLite {
		return s.rotateSQLite(ctx, r)
	}
	return scanRotated(s.db.WriteRowGathered(ctx, rotatePostgres, r.Refresh[:], r.ClientID, r.Scopes.String(), r.Now, r.Resource,
		r.Pair.Refresh[:], r.Access[:], r.AccessExpiresAt, r.RefreshExpiresAt, nilIfEmpty(r.Sealed)))
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
			chainID string
			retired []byte
		)
		err := s.db.QueryRow(ctx, `SELECT id, access_digest
			FROM (SELECT *, `+chainOfAsked+` FROM (SELECT $1 AS refresh, $2 AS client, $3 AS scope, $4 AS now, $5 AS resource) asked) asked, chains
			WHERE `+claimable, r.Refresh[:], r.ClientID, r.Scopes.String(), r.Now, r.Resource).Scan(&chainID, &retired)
		if err != nil {
			return err
		}
		out, err = scanRotated(s.db.QueryRow(ctx, `UPDATE chains SET generation = generation + 1, refresh_digest = $2,
			access_digest = $3, access_scopes = COALESCE(NULLIF($4, ''), scopes), access_issued_at = $5,
			access_expires_at = MIN($6, COALESCE(ends_at, $6)), live_until = MIN($7, COALESCE(ends_at, $7))
			WHERE id = $1 RETURNING id, user_id, access_scopes, access_expires_at, $8`,
			chainID, r.Pair.Refresh[:], r.Access[:], r.Scopes.String(), r.Now, r.AccessExpiresAt, r.RefreshExpiresAt, retired))
		if err != nil {
			return err
		}
		return s.replaceTokens(ctx, r, chainID, retired)
	})
	if errors.Is(err, database.ErrNoRows) {
		return nil, authserver.ErrNotClaimed
	}
	return out, err
}

func (s *Store) replaceTokens(ctx context.Context, r authserver.Rotation, chainID string, retired []byte) error {
	if _, err := s.db.Exec(ctx, `DELETE FROM tokens WHERE digest = $1`, retired); err != nil {
		return err
	}
	_, err := s.db.Exec(ctx, `INSERT INTO tokens (digest, chain_id, expires_at)
		SELECT $2, id, access_expires_at FROM chains WHERE id = $1 UNION ALL SELECT $3, id, live_until FROM chains WHERE id = $1`,
		chainID, r.Access[:], r.Pair.Refresh[:])
	if err != nil || len(r.Sealed) == 0 {
		return err
	}
	_, err = s.db.Exec(ctx, `INSERT INTO seals (chain_id, parent_digest, sealed, sealed_at) VALUES ($1, $2, $3, $4)`+sealPair,
		chainID, r.Refresh[:], r.Sealed, r.Now)
	return err
}

// ExplainRefresh tells why the client's refresh token could not be claimed.
// fault.NotFound: it is unknown or another client's.
func (s *Store) ExplainRefresh(ctx context.Context, token secret.Digest, clientID string, now time.Time) (*authserver.Spent, error) {
	var (
		out                  authserver.Spent
		scopes, accessScopes string
		endsAt, sealedAt     *time.Time
	)
	err := s.db.QueryRow(ctx, `SELECT c.id, t.expires_at, c.refresh_digest <> $1, s.sealed, s.sealed_at,
		c.scopes, c.resource, c.ends_at, c.access_scopes, c.access_expires_at,
		c.ended_at IS NULL AND u.deactivated_at IS NULL
		FROM chains c JOIN tokens t ON t.digest = $1 JOIN users u ON u.id = c.user_id
		LEFT JOIN seals s ON s.chain_id = c.id AND s.parent_digest = $1
		WHERE c.id = (SELECT chain_id FROM tokens WHERE digest = $1) AND (c.client_id = $2) IS TRUE`, token[:], clientID).
		Scan(&out.ChainID, &out.ExpiresAt, &out.Used, &out.Sealed, &sealedAt,
			&scopes, &out.Resource, &endsAt, &accessScopes, &out.AccessExpiresAt, &out.Live)
	if err != nil {
		return nil, database.Translate(err)
	}
	if sealedAt != nil {
		out.SealedAt = *sealedAt
	}
	out.Live = out.Live && (endsAt == nil || now.Before(*endsAt))
	if out.ChainScopes, err = scope.Parse(scopes); err != nil {
		return nil, fmt.Errorf("store: chain %s: %w", out.ChainID, err)
	}
	if out.AccessScopes, err = scope.Parse(accessScopes); err != nil {
		return nil, fmt.Errorf("store: chain %s: %w", out.ChainID, err)
	}
	return &out, nil
}
