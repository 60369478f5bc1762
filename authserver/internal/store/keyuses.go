package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/database"
	"latchkey/pkg/keyuse"
)

// stampUse (by hand: many a second) keeps the latest use and counts within the clock hour. Reports may
// arrive in any order.
const stampUse = `UPDATE api_keys SET
	last_used_from = CASE WHEN last_used_at IS NULL OR last_used_at <= $2 THEN $3 ELSE last_used_from END,
	last_used_at = CASE WHEN last_used_at IS NULL OR last_used_at <= $2 THEN $2 ELSE last_used_at END,
	hour_requests = CASE WHEN hour_at = $4 THEN hour_requests + $5
		WHEN hour_at IS NULL OR hour_at < $4 THEN $5 ELSE hour_requests END,
	hour_at = CASE WHEN hour_at IS NULL OR hour_at < $4 THEN $4 ELSE hour_at END
	WHERE id = $1`

// addUsage counts what there is, and had not ended before the hour: whoever reports
// invents no rows. The instance counts itself.
const addUsage = `INSERT INTO usage_hours (kind, subject, hour, calls, limited, forbidden) %s
	ON CONFLICT (kind, subject, hour) DO UPDATE SET calls = usage_hours.calls + excluded.calls,
	limited = usage_hours.limited + excluded.limited, forbidden = usage_hours.forbidden + excluded.forbidden`

const addLatency = `INSERT INTO latency_hours (hour, bucket, requests) VALUES ($1, $2, $3)
	ON CONFLICT (hour, bucket) DO UPDATE SET requests = latency_hours.requests + excluded.requests`

// usageOf is addUsage by kind.
var usageOf = map[string]string{
	keyuse.KindKey: fmt.Sprintf(addUsage, `SELECT $1, CAST(id AS text), $3, $4, $5, $6 FROM api_keys
		WHERE id = $2 AND (revoked_at IS NULL OR revoked_at >= $3)`),
	keyuse.KindClient: fmt.Sprintf(addUsage, `SELECT $1, id, $3, $4, $5, $6 FROM clients WHERE id = $2`),
	keyuse.KindGrant: fmt.Sprintf(addUsage, `SELECT $1, CAST(id AS text), $3, $4, $5, $6 FROM grants
		WHERE id = $2 AND (ended_at IS NULL OR ended_at >= $3)`),
	keyuse.KindInstance: fmt.Sprintf(addUsage, `VALUES ($1, $2, $3, $4, $5, $6)`),
}

const addAddress = `INSERT INTO key_addresses (key_id, address, calls, first_at, last_at)
	SELECT $1, $2, $3, $4, $4 FROM api_keys WHERE id = $1
	ON CONFLICT (key_id, address) DO UPDATE SET calls = key_addresses.calls + excluded.calls,
	first_at = CASE WHEN excluded.first_at < key_addresses.first_at THEN excluded.first_at ELSE key_addresses.first_at END,
	last_at = CASE WHEN excluded.last_at > key_addresses.last_at THEN excluded.last_at ELSE key_addresses.last_at END`

// pruneAddresses keeps the latest addresses of a key.
const pruneAddresses = `DELETE FROM key_addresses WHERE key_id = $1 AND address NOT IN
	(SELECT address FROM key_addresses WHERE key_id = $1 ORDER BY last_at DESC, address LIMIT $2)`

// mostAddresses is how many addresses of one key are remembered.
const mostAddresses = 20

// usageKind is a keyuse kind as the table names it.
func usageKind(kind string) string { return cmp.Or(kind, "key") }

// StampUses notes that keys and applications were used. What is gone, or had ended
// before, is passed over. Rows are taken in one order, so that two reports never wait for each other.
func (s *Store) StampUses(ctx context.Context, uses []keyuse.Use) error {
	uses = slices.SortedFunc(slices.Values(uses), func(a, b keyuse.Use) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID), a.Hour.Compare(b.Hour), a.At.Compare(b.At))
	})
	return s.InTx(ctx, func(ctx context.Context) error {
		for i := range uses {
			if err := s.stampUse(ctx, &uses[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Store) stampUse(ctx context.Context, u *keyuse.Use) error {
	if u.Kind == keyuse.KindLatency {
		return s.stampLatency(ctx, u)
	}
	if u.Kind == keyuse.KindKey {
		if err := s.stampKey(ctx, u); err != nil {
			return err
		}
	}
	_, err := s.db.Exec(ctx, usageOf[u.Kind], usageKind(u.Kind), u.ID, u.Hour, u.Count, u.Limited, u.Forbidden)
	return err
}

func (s *Store) stampLatency(ctx context.Context, u *keyuse.Use) error {
	bucket, err := strconv.Atoi(u.ID)
	if err != nil {
		return fmt.Errorf("store: bucket of times to answer: %w", err)
	}
	_, err = s.db.Exec(ctx, addLatency, u.Hour, bucket, u.Count)
	return err
}

func (s *Store) stampKey(ctx context.Context, u *keyuse.Use) error {
	if u.Count > 0 {
		if _, err := s.db.Exec(ctx, stampUse, u.ID, u.At, u.From, u.Hour, u.Count); err != nil {
			return err
		}
	}
	if u.From == "" || u.Count+u.Limited == 0 {
		return nil
	}
	if _, err := s.db.Exec(ctx, addAddress, u.ID, u.From, u.Count+u.Limited, u.At); err != nil {
		return err
	}
	_, err := s.db.Exec(ctx, pruneAddresses, u.ID, mostAddresses)
	return err
}

// ListUsage returns what was counted of some subjects of a kind since a time, summed up
// by hour, oldest first. Hours without anything are left out.
func (s *Store) ListUsage(ctx context.Context, kind string, subjects []string, since time.Time) ([]authserver.UsageHour, error) {
	if len(subjects) == 0 {
		return nil, nil
	}
	args := []any{usageKind(kind), since}
	for _, one := range subjects {
		args = append(args, one)
	}
	return collect(ctx, s, func(h *authserver.UsageHour) []any { return []any{&h.Hour, &h.Calls, &h.Limited, &h.Forbidden} },
		`SELECT hour, CAST(sum(calls) AS bigint), CAST(sum(limited) AS bigint), CAST(sum(forbidden) AS bigint) FROM usage_hours
		WHERE kind = $1 AND hour >= $2 AND subject IN (`+database.Placeholders(3, len(subjects))+`) GROUP BY hour ORDER BY hour`, args...)
}

// ListLatency returns how many requests took how long since a time, oldest first.
func (s *Store) ListLatency(ctx context.Context, since time.Time) ([]authserver.LatencyHour, error) {
	return collect(ctx, s, func(h *authserver.LatencyHour) []any { return []any{&h.Hour, &h.Bucket, &h.Requests} },
		`SELECT hour, bucket, requests FROM latency_hours WHERE hour >= $1 ORDER BY hour, bucket`, since)
}

// month are the expressions of a moment in the month of UTC of an hour, and of what hours of
// one month have in common.
func (s *Store) month() (of, by string) {
	if s.db.Engine() == database.SQLite {
		return "hour", "strftime('%Y-%m', hour / 1000000, 'unixepoch')" // it is in microseconds; a column beside a sum is of one of its rows
	}
	return "date_trunc('month', hour, 'UTC')", "1"
}

// ListUsageMonths returns what was counted of a subject of a kind since a time, summed up
// by the months of UTC. Each Hour is within its month.
func (s *Store) ListUsageMonths(ctx context.Context, kind, subject string, since time.Time) ([]authserver.UsageHour, error) {
	of, by := s.month()
	return collect(ctx, s, func(h *authserver.UsageHour) []any { return []any{&h.Hour, &h.Calls} },
		`SELECT `+of+`, CAST(sum(calls) AS bigint) FROM usage_hours WHERE kind = $1 AND subject = $2 AND hour >= $3 GROUP BY `+by, usageKind(kind), subject, since)
}

// ListLatencyMonths does the same to how many requests took how long.
func (s *Store) ListLatencyMonths(ctx context.Context, since time.Time) ([]authserver.LatencyHour, error) {
	of, by := s.month()
	return collect(ctx, s, func(h *authserver.LatencyHour) []any { return []any{&h.Hour, &h.Bucket, &h.Requests} },
		`SELECT `+of+`, bucket, CAST(sum(requests) AS bigint) FROM latency_hours WHERE hour >= $1 GROUP BY `+by+`, bucket`, since)
}

// ListKeyAddresses returns where a key was used from, the last first.
func (s *Store) ListKeyAddresses(ctx context.Context, keyID string) ([]authserver.KeyAddress, error) {
	return collect(ctx, s, func(a *authserver.KeyAddress) []any { return []any{&a.Address, &a.Calls, &a.FirstAt, &a.LastAt} },
		`SELECT address, calls, first_at, last_at FROM key_addresses WHERE key_id = $1 ORDER BY last_at DESC, address`, keyID)
}

// CallsOf returns how often each client called in the name of a user since a time.
func (s *Store) CallsOf(ctx context.Context, userID string, since time.Time) (map[string]int64, error) {
	type row struct {
		client string
		calls  int64
	}
	rows, err := collect(ctx, s, func(r *row) []any { return []any{&r.client, &r.calls} },
		`SELECT g.client_id, CAST(sum(u.calls) AS bigint) FROM grants g JOIN usage_hours u
		ON u.kind = 'grant' AND u.subject = CAST(g.id AS text) AND u.hour >= $2 WHERE g.user_id = $1 GROUP BY g.client_id`, userID, since)
	calls := make(map[string]int64, len(rows))
	for _, one := range rows {
		calls[one.client] = one.calls
	}
	return calls, err
}

// GrantIDs returns the ids of the authorizations of one client by one user, the latest
// first, at most so many.
func (s *Store) GrantIDs(ctx context.Context, userID, clientID string, most int) ([]string, error) {
	return collect(ctx, s, func(id *string) []any { return []any{id} },
		`SELECT CAST(id AS text) FROM grants WHERE user_id = $1 AND client_id = $2 ORDER BY created_at DESC LIMIT $3`, userID, clientID, most)
}
