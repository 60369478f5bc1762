package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"latchkey/authserver"
)

// sweepBatch bounds how many rows one statement deletes: a millisecond of work, so
// that a refresh that comes meanwhile hardly waits.
const sweepBatch = 100

// sweepRest is the pause between two batches, longer than one takes, so that
// those who work meanwhile hardly notice.
const sweepRest = 20 * time.Millisecond

// Retention says how long what is dead is remembered.
type Retention struct {
	Grants  time.Duration // so that "why was I signed out" can be answered
	Devices time.Duration // not seen for so long: longer than any token lives
	Events  time.Duration
}

const (
	// keepCodes is how long a code that nobody redeemed is remembered, so that its
	// client is told "expired" rather than "unknown" in the log.
	keepCodes = 10 * time.Minute
	// keepRevoked is how long a revoked API key or device is remembered, for lists.
	keepRevoked = 90 * 24 * time.Hour
	// keepUnused is how long a client that introduced itself is remembered while
	// nobody allows it anything.
	keepUnused = 30 * 24 * time.Hour
)

const unusedClient = ` AND introduced <> '' AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.client_id = clients.id)
	AND NOT EXISTS (SELECT 1 FROM consents n WHERE n.client_id = clients.id)`

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
		{table: "known_browsers", id: "digest", by: "seen_at", before: now.Add(-authserver.BrowserLife)},
		{table: "second_factor_setups", id: "signin_id", by: "expires_at", before: now},
		{table: "api_keys", id: "id", by: "revoked_at", before: now.Add(-keepRevoked)},
		{table: "devices", id: "id", by: "ended_at", before: now.Add(-keepRevoked)},
		{table: "devices", id: "id", by: "seen_at", before: now.Add(-keep.Devices)},
		{table: "passkey_challenges", id: "digest", by: "expires_at", before: now},
		{table: "sso_login_states", id: "digest", by: "expires_at", before: now},
		{table: "sso_codes", id: "digest", by: "expires_at", before: now},
		{table: "sso_unlinked_identities", id: "digest", by: "expires_at", before: now},
		{table: "links", id: "digest", by: "expires_at", before: now},
		{table: "device_requests", id: "digest", by: "expires_at", before: now.Add(-keepCodes)},
		{table: "authorization_requests", id: "digest", by: "expires_at", before: now},
		{table: "events", id: "id", by: "at", and: " AND position IS NULL", before: now.Add(-keep.Events)},
		{table: "clients", id: "id", by: "seen_at", and: unusedClient, before: now.Add(-keepUnused)},
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

// key is a row by the index that finds it.
type key struct{ by, id any }

// sweep goes through the index once: each batch begins after the last one, whose
// dead entries are not passed again. The DELETE finds its rows by id and repeats
// the condition, so a row that was moved on meanwhile stays.
func (s *Store) sweep(ctx context.Context, r rule) (total int64, err error) {
	var after *key
	for {
		batch, err := s.nextBatch(ctx, r, after)
		if err != nil || len(batch) == 0 {
			return total, err
		}
		n, err := s.deleteBatch(ctx, r, batch)
		total += n
		if err != nil || len(batch) < sweepBatch {
			return total, err
		}
		after = &batch[len(batch)-1]
		if err := rest(ctx, sweepRest); err != nil {
			return total, err
		}
	}
}

func (s *Store) nextBatch(ctx context.Context, r rule, after *key) ([]key, error) {
	text, args := r.by+` < $1`+r.and, []any{r.before}
	if after != nil {
		text += ` AND (` + r.by + `, ` + r.id + `) > ($2, $3)`
		args = append(args, after.by, after.id)
	}
	return collect(ctx, s, func(k *key) []any { return []any{&k.by, &k.id} }, fmt.Sprintf(
		`SELECT %[2]s, %[3]s FROM %[1]s WHERE %[4]s ORDER BY %[2]s, %[3]s LIMIT %[5]d`, r.table, r.by, r.id, text, sweepBatch), args...)
}

func (s *Store) deleteBatch(ctx context.Context, r rule, batch []key) (int64, error) {
	args := []any{r.before}
	for _, k := range batch {
		args = append(args, k.id)
	}
	return s.db.Exec(ctx, `DELETE FROM `+r.table+` WHERE `+r.id+` IN (`+marks(2, len(batch))+`) AND `+r.by+` < $1`+r.and, args...)
}

// marks names n parameters, from the one with the number first on.
func marks(first, n int) string {
	var text strings.Builder
	for i := range n {
		if i > 0 {
			text.WriteString(", ")
		}
		fmt.Fprintf(&text, "$%d", first+i)
	}
	return text.String()
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
