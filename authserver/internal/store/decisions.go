package store

import (
	"context"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/database"
)

// Statements by hand: each looks at so many rows of an index, and no further.

const clientsInUse = `SELECT id, people FROM (SELECT c.id, (SELECT count(*) FROM (SELECT 1 FROM consents n
		WHERE n.client_id = c.id AND (c.owner_id IS NULL OR n.user_id <> c.owner_id) LIMIT 1000) AS few) AS people
	FROM (SELECT id, owner_id, disabled_at, stopped_at FROM clients WHERE owner_id IS NOT NULL OR introduced <> ''
		ORDER BY created_at DESC, id DESC LIMIT 200) AS c
	WHERE c.disabled_at IS NULL AND c.stopped_at IS NULL) AS used
	WHERE people > 0 ORDER BY people DESC, id LIMIT $1`

// ClientsInUse returns which of the 200 latest clients that the operator did not register
// are allowed something by others than their owner; those that most people allow first.
func (s *Store) ClientsInUse(ctx context.Context, most int) ([]authserver.ClientUse, error) {
	return collect(ctx, s, func(u *authserver.ClientUse) []any { return []any{&u.ClientID, &u.People} }, clientsInUse, most)
}

const lastRefused = `(SELECT address, user_id FROM events WHERE kind = 'signin.failed' AND at >= $1 ORDER BY at DESC, id DESC LIMIT 5000) AS e`

// RefusedFrom returns the addresses from which sign-ins were refused at least so often
// since a time, of the last 5,000 on record; most often first.
func (s *Store) RefusedFrom(ctx context.Context, since time.Time, least, most int) ([]authserver.Refused, error) {
	return s.refused(ctx, `SELECT address, count(*), count(DISTINCT NULLIF(user_id, '')) FROM `+lastRefused+` WHERE address <> ''
		GROUP BY address HAVING count(*) >= $2 ORDER BY count(*) DESC, address LIMIT $3`, since, least, most)
}

// RefusedTo returns the users whose sign-ins were refused so often.
func (s *Store) RefusedTo(ctx context.Context, since time.Time, least, most int) ([]authserver.Refused, error) {
	return s.refused(ctx, `SELECT user_id, count(*), count(DISTINCT address) FROM `+lastRefused+` WHERE user_id <> ''
		GROUP BY user_id HAVING count(*) >= $2 ORDER BY count(*) DESC, user_id LIMIT $3`, since, least, most)
}

func (s *Store) refused(ctx context.Context, text string, args ...any) ([]authserver.Refused, error) {
	return collect(ctx, s, func(r *authserver.Refused) []any { return []any{&r.Of, &r.Times, &r.Others} }, text, args...)
}

// LimitedHours returns the hours since a time in which keys were over their limit: the last
// 5,000, the latest first.
func (s *Store) LimitedHours(ctx context.Context, since time.Time) ([]authserver.LimitedHour, error) {
	return collect(ctx, s, func(h *authserver.LimitedHour) []any { return []any{&h.KeyID, &h.Hour} },
		`SELECT subject, hour FROM usage_hours WHERE kind = 'key' AND limited > 0 AND hour >= $1 ORDER BY hour DESC, subject DESC LIMIT 5000`, since)
}

// NextErasures returns the erasures that are due next.
func (s *Store) NextErasures(ctx context.Context, most int) ([]authserver.Erasure, error) {
	return database.Find[authserver.Erasure](s.erasures(ctx).Select(erasureColumns).Where("outbox.done_at IS NULL").
		Order("outbox.next_at, outbox.id").Limit(most))
}
