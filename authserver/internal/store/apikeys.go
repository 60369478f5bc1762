package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/database"
	"latchkey/pkg/fault"
	"latchkey/pkg/introspection"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
)

// Statements by hand: every request with a key finds it, and ending one returns its
// digest in the same statement.

const keyColumns = `k.id, k.user_id, k.name, k.scopes, k.source, k.tier, k.last_four, k.allowed_cidrs, k.created_at,
	k.expires_at, k.revoked_at, k.predecessor_id, k.superseded_at, k.overlap_until,
	k.last_used_at, k.last_used_from, k.hour_at, k.hour_requests, k.made_by, k.made_with`

type keyRow struct {
	authserver.APIKey
	scopes, lastFour, cidrs string
	predecessor             *string
}

func keyFields(k *keyRow) []any {
	return []any{
		&k.ID, &k.UserID, &k.Name, &k.scopes, &k.Source, &k.Tier, &k.lastFour, &k.cidrs, &k.CreatedAt,
		&k.ExpiresAt, &k.RevokedAt, &k.predecessor, &k.SupersededAt, &k.OverlapUntil,
		&k.LastUsedAt, &k.LastUsedFrom, &k.HourAt, &k.HourRequests, &k.MadeBy, &k.MadeWith,
	}
}

func (k *keyRow) key() (*authserver.APIKey, error) {
	var err error
	if k.Scopes, err = scope.Parse(k.scopes); err != nil {
		return nil, fmt.Errorf("store: API key %s: %w", k.ID, err)
	}
	k.Stub = string(secret.APIKey) + "…" + k.lastFour
	k.AllowedCIDRs = splitLines(k.cidrs)
	if k.predecessor != nil {
		k.PredecessorID = *k.predecessor
	}
	return &k.APIKey, nil
}

func splitLines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// CreateAPIKey stores a new key of an active user. Keys of the user that have
// expired give their source and name free first. fault.Conflict: the user has
// an active key of this source or name. Else as HoldUser.
func (s *Store) CreateAPIKey(ctx context.Context, k *authserver.APIKey, digest secret.Digest) error {
	err := s.InTx(ctx, func(ctx context.Context) error {
		if err := s.HoldUser(ctx, k.UserID); err != nil {
			return err
		}
		if _, err := s.db.Exec(ctx, `UPDATE api_keys SET superseded_at = expires_at
			WHERE user_id = $1 AND revoked_at IS NULL AND superseded_at IS NULL AND expires_at <= $2`, k.UserID, k.CreatedAt); err != nil {
			return err
		}
		_, err := s.db.Exec(ctx, `INSERT INTO api_keys
			(id, digest, user_id, name, scopes, source, tier, last_four, allowed_cidrs, created_at, expires_at, made_by, made_with)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
			k.ID, digest[:], k.UserID, k.Name, k.Scopes.String(), k.Source, k.Tier, lastFour(k.Stub),
			strings.Join(k.AllowedCIDRs, "\n"), k.CreatedAt, k.ExpiresAt, k.MadeBy, k.MadeWith)
		return err
	})
	if database.IsUnique(err, "api_keys_source", "api_keys_name", "api_keys.user_id") {
		return fault.Wrap(fault.Conflict, err, "There is an active API key of this source or name")
	}
	return err
}

func lastFour(stub string) string {
	if len(stub) < 4 {
		return ""
	}
	return stub[len(stub)-4:]
}

// FindAPIKey returns a key of the user, or, with an empty userID, anybody's.
// fault.NotFound: there is none.
func (s *Store) FindAPIKey(ctx context.Context, userID, id string) (*authserver.APIKey, error) {
	where, args := `k.id = $1`, []any{id}
	if userID != "" {
		where, args = where+` AND k.user_id = $2`, append(args, userID)
	}
	var row keyRow
	err := s.db.QueryRow(ctx, `SELECT `+keyColumns+` FROM api_keys k WHERE `+where, args...).Scan(keyFields(&row)...)
	if _, err := orNotFound(&row, err); err != nil {
		return nil, err
	}
	return row.key()
}

// ListAPIKeys returns the keys that f chooses, newest first.
func (s *Store) ListAPIKeys(ctx context.Context, f authserver.KeyFilter) ([]*authserver.APIKey, error) {
	where, args := `1 = 1`, []any{}
	if f.UserID != "" {
		args = append(args, f.UserID)
		where += fmt.Sprintf(` AND k.user_id = $%d`, len(args))
	}
	if !f.LiveAt.IsZero() {
		args = append(args, f.LiveAt)
		where += fmt.Sprintf(` AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > $%[1]d)
			AND (k.overlap_until IS NULL OR k.overlap_until > $%[1]d)`, len(args))
	}
	rows, err := collect(ctx, s, keyFields, `SELECT `+keyColumns+` FROM api_keys k WHERE `+where+` ORDER BY k.created_at DESC, k.id`, args...)
	if err != nil {
		return nil, err
	}
	list := make([]*authserver.APIKey, len(rows))
	for i := range rows {
		if list[i], err = rows[i].key(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// claimKey takes a key away from its successor to come. Only one rotation gets
// the row; a key without overlap is over at once.
const claimKey = `UPDATE api_keys SET superseded_at = $3, overlap_until = $4,
	revoked_at = CASE WHEN $5 THEN $3 ELSE revoked_at END,
	revoke_reason = CASE WHEN $5 THEN '` + authserver.KeyRotated + `' ELSE revoke_reason END
	WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL AND superseded_at IS NULL
	  AND (expires_at IS NULL OR expires_at > $3)
	  AND ($5 OR (SELECT count(*) FROM api_keys e WHERE e.user_id = $2 AND e.source = api_keys.source
	    AND e.revoked_at IS NULL AND e.overlap_until > $3) < $6)`

// RotateAPIKey claims the key of r and stores its successor, which inherits
// name, scope, source, tier, expiry and allow list. It returns the digest of
// the old key. ErrNotClaimed: there is no such key, or it has ended or has been
// rotated, or too many rotated keys of its source live on.
func (s *Store) RotateAPIKey(ctx context.Context, r authserver.KeyRotation) (secret.Digest, error) {
	var old []byte
	err := s.InTx(ctx, func(ctx context.Context) error {
		// Whoever ends all keys of the user at once must not miss the successor.
		if err := s.HoldUser(ctx, r.UserID); fault.Is(err, fault.NotFound) {
			return authserver.ErrNotClaimed
		} else if err != nil {
			return err
		}
		n, err := s.db.Exec(ctx, claimKey, r.ID, r.UserID, r.Now, r.OverlapUntil, !r.OverlapUntil.After(r.Now), authserver.MaxKeyEchoes)
		if err != nil {
			return err
		}
		if n != 1 {
			return authserver.ErrNotClaimed
		}
		if _, err := s.db.Exec(ctx, `INSERT INTO api_keys
			(id, digest, user_id, name, scopes, source, tier, last_four, allowed_cidrs, created_at, expires_at, predecessor_id, made_by, made_with)
			SELECT $1, $2, user_id, name, scopes, source, tier, $3, allowed_cidrs, $4, expires_at, id, $6, $7
			FROM api_keys WHERE id = $5`, r.SuccessorID, r.Successor[:], lastFour(r.Stub), r.Now, r.ID, r.MadeBy, r.MadeWith); err != nil {
			return err
		}
		return s.db.QueryRow(ctx, `SELECT digest FROM api_keys WHERE id = $1`, r.ID).Scan(&old)
	})
	if err != nil {
		return secret.Digest{}, err
	}
	return secret.DigestFromBytes(old)
}

// RevokeAPIKey revokes a key that is not revoked yet; with an empty userID,
// anybody's. It returns nil, nil when there is none.
func (s *Store) RevokeAPIKey(ctx context.Context, userID, id, reason string, now time.Time) (*authserver.EndedKey, error) {
	ended, err := s.endKeys(ctx, `UPDATE api_keys SET revoked_at = $2, revoke_reason = $3
		WHERE id = $1 AND ($4 = '' OR CAST(user_id AS text) = $4) AND revoked_at IS NULL
		RETURNING id, user_id, digest`, id, now, reason, userID)
	if err != nil || len(ended) == 0 {
		return nil, err
	}
	return &ended[0], nil
}

// RevokeKeysOf revokes every key of a user.
func (s *Store) RevokeKeysOf(ctx context.Context, userID, reason string, now time.Time) ([]authserver.EndedKey, error) {
	return s.endKeys(ctx, `UPDATE api_keys SET revoked_at = $2, revoke_reason = $3
		WHERE user_id = $1 AND revoked_at IS NULL RETURNING id, user_id, digest`, userID, now, reason)
}

func (s *Store) endKeys(ctx context.Context, text string, args ...any) ([]authserver.EndedKey, error) {
	type row struct {
		authserver.EndedKey
		digest []byte
	}
	rows, err := collect(ctx, s, func(r *row) []any { return []any{&r.ID, &r.UserID, &r.digest} }, text, args...)
	if err != nil {
		return nil, err
	}
	ended := make([]authserver.EndedKey, len(rows))
	for i := range rows {
		ended[i] = rows[i].EndedKey
		if ended[i].Digest, err = secret.DigestFromBytes(rows[i].digest); err != nil {
			return nil, fmt.Errorf("store: API key %s: %w", rows[i].ID, err)
		}
	}
	return ended, nil
}

// SetAPIKeyTier gives a key another tier and returns its digest.
// fault.NotFound: there is no such key that is not revoked and has the tier it was.
func (s *Store) SetAPIKeyTier(ctx context.Context, id, was, tier string) (secret.Digest, error) {
	ended, err := s.endKeys(ctx, `UPDATE api_keys SET tier = $2 WHERE id = $1 AND tier = $3 AND revoked_at IS NULL RETURNING id, user_id, digest`, id, tier, was)
	if err != nil {
		return secret.Digest{}, err
	}
	if len(ended) == 0 {
		return secret.Digest{}, database.Translate(database.ErrNoRows)
	}
	return ended[0].Digest, nil
}

const lookupKey = `
SELECT k.id, k.name, k.user_id, u.family_id, u.role, k.scopes, k.source, k.tier, k.allowed_cidrs, k.created_at,
	k.expires_at, k.overlap_until, k.revoked_at IS NOT NULL,
	u.deactivated_at IS NOT NULL AND k.revoke_reason IN ('', '` + authserver.KeyDeactivated + `')
FROM api_keys k JOIN users u ON u.id = k.user_id
WHERE k.digest = $1`

// LookupAPIKey finds an API key by its digest, one statement. fault.NotFound:
// there is none.
func (s *Store) LookupAPIKey(ctx context.Context, key secret.Digest) (*authserver.Credential, error) {
	var (
		c             authserver.Credential
		k             authserver.APIKey
		scopes, cidrs string
	)
	err := s.db.ReadRowBatched(ctx, lookupKey, key[:]).Scan(&c.ID, &c.Name, &c.UserID, &c.FamilyID, &c.Role, &scopes, &c.Source,
		&c.Tier, &cidrs, &c.IssuedAt, &k.ExpiresAt, &k.OverlapUntil, &c.Ended, &c.Deactivated)
	if errors.Is(err, database.ErrNoRows) {
		return nil, database.Translate(err)
	}
	if err != nil {
		return nil, err
	}
	c.Kind, c.ExpiresAt, c.AllowedCIDRs = introspection.KindAPIKey, k.EndsAt(), splitLines(cidrs)
	if c.Scopes, err = scope.Parse(scopes); err != nil {
		return nil, fmt.Errorf("store: API key %s: %w", c.ID, err)
	}
	return &c, nil
}
