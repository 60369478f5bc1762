package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"latchkey/pkg/database"
)

// sweepBatch bounds how many rows one statement deletes, so that locks are short.
const sweepBatch = 500

// sweepRest is the pause between two batches, longer than one takes, so that
// those who work meanwhile hardly notice.
const sweepRest = 20 * time.Millisecond

// Retention says how long what is dead is remembered.
type Retention struct {
	Grants  time.Duration // so that "why was I signed out" can be answered
	Devices time.Duration // not seen for so long: longer than any token lives
}

const (
	// keepCodes is how long a code that nobody redeemed is remembered, so that its
	// client is told "expired" rather than "unknown" in the log.
	keepCodes = 10 * time.Minute
	// keepRevoked is how long a revoked API key or device is remembered, for lists.
	keepRevoked = 90 * 24 * time.Hour
)

// rule says which rows of a table go: those whose by is before before. An index
// on by and id finds them.
type rule struct {
	table, id, by string
	and           string // a condition beside, that of the index
	before        any
}

func rules(now time.Time, keep Retention) []rule {
	return []rule{
		{table: "grants", id: "id", by: "code_expires_at", and: " AND redeemed_at IS NULL", before: now.Add(-keepCodes)},
		{table: "grants", id: "id", by: "dead_day", before: day(now.Add(-keep.Grants))},
		{table: "signins", id: "digest", by: "expires_at", before: now},
		{table: "pending_signins", id: "digest", by: "expires_at", before: now},
		{table: "api_keys", id: "id", by: "revoked_at", before: now.Add(-keepRevoked)},
		{table: "devices", id: "id", by: "ended_at", before: now.Add(-keepRevoked)},
		{table: "devices", id: "id", by: "seen_at", before: now.Add(-keep.Devices)},
		{table: "passkey_challenges", id: "digest", by: "expires_at", before: now},
		{table: "sso_login_states", id: "digest", by: "expires_at", before: now},
		{table: "sso_codes", id: "digest", by: "expires_at", before: now},
		{table: "sso_unlinked_identities", id: "digest", by: "expires_at", before: now},
		{table: "links", id: "digest", by: "expires_at", before: now},
	}
}

// Sweep deletes what nobody can use any more and what keep has remembered long
// enough. It rests between two batches. It returns how many rows went.
func (s *Store) Sweep(ctx context.Context, now time.Time, keep Retention) (int64, error) {
	var total int64
	for _, r := range rules(now, keep) {
		n, err := s.sweep(ctx, r)
		total += n
		if err != nil {
			return total, fmt.Errorf("store: sweep %s by %s: %w", r.table, r.by, err)
		}
	}
	return total, nil
}

// key is the last row of a batch.
type key struct{ by, id any }

// sweep goes through the index once: each batch begins after the last one, whose
// dead entries are not passed again. The DELETE repeats the conditions, so a row
// that was moved on meanwhile stays.
func (s *Store) sweep(ctx context.Context, r rule) (total int64, err error) {
	var after *key
	for {
		last, err := s.lastOfBatch(ctx, r, after)
		if err != nil {
			return total, err
		}
		n, err := s.deleteBatch(ctx, r, after, last)
		total += n
		if err != nil || last == nil {
			return total, err
		}
		after = last
		if err := rest(ctx, sweepRest); err != nil {
			return total, err
		}
	}
}

// lastOfBatch finds where a full batch ends; nil: what is left is less.
func (s *Store) lastOfBatch(ctx context.Context, r rule, after *key) (*key, error) {
	text, args := r.where(after, nil)
	args = append(args, sweepBatch-1)
	var last key
	err := s.db.QueryRow(ctx, fmt.Sprintf(`SELECT %[2]s, %[3]s FROM %[1]s WHERE %[4]s ORDER BY %[2]s, %[3]s LIMIT 1 OFFSET $%[5]d`,
		r.table, r.by, r.id, text, len(args)), args...).Scan(&last.by, &last.id)
	if errors.Is(err, database.ErrNoRows) {
		return nil, nil
	}
	return &last, err
}

func (s *Store) deleteBatch(ctx context.Context, r rule, after, last *key) (int64, error) {
	text, args := r.where(after, last)
	return s.db.Exec(ctx, `DELETE FROM `+r.table+` WHERE `+text, args...)
}

// where chooses the rows after one key and up to another; nil: no bound.
func (r rule) where(after, last *key) (string, []any) {
	text, args := r.by+` < $1`+r.and, []any{r.before}
	bound := func(operator string, k *key) {
		if k != nil {
			args = append(args, k.by, k.id)
			text += fmt.Sprintf(` AND (%s, %s) %s ($%d, $%d)`, r.by, r.id, operator, len(args)-1, len(args))
		}
	}
	bound(">", after)
	bound("<=", last)
	return text, args
}

func rest(ctx context.Context, d time.Duration) error {
	pause := time.NewTimer(d)
	defer pause.Stop()
	select {
	case <-pause.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
