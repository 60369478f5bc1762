package store

import (
	"context"
	"errors"
	"fmt"

	"latchkey/authserver"
	"latchkey/authserver/internal/grant"
	"latchkey/pkg/database"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
)

// A move of a grant is one conditional UPDATE of its row: the row lock is the only
// arbiter between replicas, and whoever ends the grant writes the same row. On
// PostgreSQL callers who come together share one statement (moves), which leaves
// out rows that somebody holds; whoever is left out waits alone.

// redeem claims a code and stores the first pair. "IS TRUE" and COALESCE keep the
// planner from the indexes on clients and on codes in flight, which it might prefer
// while it has no statistics: it starts from the code.
const (
	redeemSet = `redeemed_at = $6, resource = CASE WHEN resource = '' THEN $5 ELSE resource END,
	ends_at = $7, alive_day = $8, generation = 1, handle = $9,
	refresh_digest = $10, access_digest = $11, access_scopes = scopes, access_issued_at = $6,
	access_expires_at = $12, refresh_expires_at = $13`
	redeemWhere = `code_digest = $1 AND (client_id = $2) IS TRUE AND redirect_uri = $3 AND challenge = $4 AND ($5 = '' OR resource IN ('', $5))
	AND COALESCE(redeemed_at, ended_at) IS NULL AND code_expires_at > $6`
	redeemed = `grants.id, user_id, scopes, (` + countLive
	redeem   = `UPDATE grants SET ` + redeemSet + ` WHERE ` + redeemWhere + ` RETURNING ` + redeemed + `$14) beside)`
)

// Redeem implements grant.Store.
func (s *Store) Redeem(ctx context.Context, r grant.Redemption) (*grant.Redeemed, error) {
	var (
		out    grant.Redeemed
		scopes string
	)
	row := s.move(ctx, s.moves.redeem, r.Wait, redeem, r.Code[:], r.ClientID, r.RedirectURI, r.Challenge, r.Resource, r.IssuedAt,
		r.EndsAt, day(r.IssuedAt), r.Handle[:],
		r.Refresh[:], r.Access[:], r.AccessExpiresAt, r.RefreshExpiresAt, r.Count)
	err := row.Scan(&out.ID, &out.UserID, &scopes, &out.Live)
	if err != nil {
		return nil, notClaimed(err)
	}
	if out.Scopes, err = scope.Parse(scopes); err != nil {
		return nil, fmt.Errorf("store: grant %s: %w", out.ID, err)
	}
	return &out, nil
}

func notClaimed(err error) error {
	if errors.Is(err, database.ErrNoRows) {
		return authserver.ErrNotClaimed
	}
	return err
}

// rotate moves the grant of the presented refresh token on to the next pair. Of
// parallel callers the later ones see another refresh token there and find
// nothing. An indexed column changes once a day at most, so that the row is
// written in place otherwise. 'read_write' includes everything, so only a grant of
// 'read' alone can be exceeded. The planner starts from the handle (see redeem).
// The pair ends with the grant.
const (
	rotateSet = `generation = generation + 1, refresh_digest = $7, access_digest = $8,
	access_scopes = CASE WHEN $4 = '' THEN scopes ELSE $4 END, access_issued_at = $6,
	access_expires_at = CASE WHEN ends_at < $9 THEN ends_at ELSE $9 END,
	refresh_expires_at = CASE WHEN ends_at < $10 THEN ends_at ELSE $10 END,
	alive_day = $11, parent_digest = $2, seal = $12, seal_used = false`
	rotateWhere = `handle = $1 AND refresh_digest = $2 AND (client_id = $3) IS TRUE
	AND ended_at IS NULL AND refresh_expires_at > $6 AND (ends_at IS NULL OR ends_at > $6)
	AND ($4 IN ('', 'read') OR scopes <> 'read') AND ($5 = '' OR resource = $5)`
	rotated = `grants.id, user_id, access_scopes, access_expires_at, refresh_expires_at, ends_at, `
	rotate  = `UPDATE grants SET ` + rotateSet + ` WHERE ` + rotateWhere + ` RETURNING ` + rotated +
		`(SELECT before.access_digest FROM grants before WHERE before.handle = $1)`
)

// Rotate implements grant.Store.
func (s *Store) Rotate(ctx context.Context, r grant.Rotation) (*grant.Rotated, error) {
	args := []any{
		r.Handle[:], r.Presented[:], r.ClientID, r.Scopes.String(), r.Resource, r.IssuedAt, r.Refresh[:], r.Access[:],
		r.AccessExpiresAt, r.RefreshExpiresAt, day(r.IssuedAt), nilIfEmpty(r.Seal),
	}
	if s.db.Engine() == database.SQLite {
		return s.rotateSQLite(ctx, args)
	}
	return scanRotated(s.move(ctx, s.moves.rotate, r.Wait, rotate, args...), nil)
}

// rotateSQLite first reads the access token that is replaced: on SQLite RETURNING
// sees only the new row. The transaction holds the only write lock throughout.
func (s *Store) rotateSQLite(ctx context.Context, args []any) (out *grant.Rotated, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		var retired []byte
		err := s.db.QueryRow(ctx, `SELECT access_digest FROM grants WHERE handle = $1`, args[0]).Scan(&retired)
		if err != nil {
			return notClaimed(err)
		}
		out, err = scanRotated(s.db.QueryRow(ctx, rotate, args...), retired)
		return err
	})
	return out, err
}

func scanRotated(row database.Row, retired []byte) (*grant.Rotated, error) {
	var (
		out    grant.Rotated
		scopes string
		read   []byte
	)
	err := row.Scan(&out.ID, &out.UserID, &scopes, &out.AccessExpiresAt, &out.RefreshExpiresAt, &out.EndsAt, &read)
	if err != nil {
		return nil, notClaimed(err)
	}
	if retired == nil {
		retired = read
	}
	if out.Scopes, err = scope.Parse(scopes); err == nil {
		out.Retired, err = secret.DigestFromBytes(retired)
	}
	if err != nil {
		return nil, fmt.Errorf("store: grant %s: %w", out.ID, err)
	}
	return &out, nil
}

// closeSeal: the row's lock is taken only if nobody holds it, and only the pair
// that was used is closed, never the one after it.
const closeSeal = `UPDATE grants SET seal_used = true, seal = CASE WHEN $3 THEN seal END
	WHERE id = (SELECT id FROM grants WHERE id = $1 AND access_digest = $2 AND NOT seal_used FOR NO KEY UPDATE SKIP LOCKED)
	AND access_digest = $2`

// CloseSeal implements grant.Store.
func (s *Store) CloseSeal(ctx context.Context, id string, access secret.Digest, keep bool) error {
	_, err := s.db.Exec(ctx, s.locking(closeSeal), id, access[:], keep)
	return err
}
