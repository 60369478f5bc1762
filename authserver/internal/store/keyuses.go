package store

import (
	"cmp"
	"context"
	"slices"

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

// StampKeyUses notes that keys were used. Keys that are gone are passed over.
// Rows are taken in the order of their ids, so that two reports never wait for
// each other.
func (s *Store) StampKeyUses(ctx context.Context, uses []keyuse.Use) error {
	uses = slices.SortedFunc(slices.Values(uses), func(a, b keyuse.Use) int { return cmp.Compare(a.KeyID, b.KeyID) })
	return s.InTx(ctx, func(ctx context.Context) error {
		for _, u := range uses {
			if _, err := s.db.Exec(ctx, stampUse, u.KeyID, u.At, u.From, u.Hour, u.Count); err != nil {
				return err
			}
		}
		return nil
	})
}
