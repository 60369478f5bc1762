package store

import (
	"cmp"
	"context"
	"slices"

	"latchkey/authserver"
)

const addRefusal = `INSERT INTO client_refusals (client_id, endpoint, reason, detail, times, first_at, last_at)
	SELECT id, $2, $3, $4, $5, $6, $7 FROM clients WHERE id = $1
	ON CONFLICT (client_id, endpoint, reason, detail) DO UPDATE SET times = client_refusals.times + excluded.times,
	last_at = CASE WHEN excluded.last_at > client_refusals.last_at THEN excluded.last_at ELSE client_refusals.last_at END`

// pruneRefusals keeps the latest of a client, whoever asks in its name.
const pruneRefusals = `DELETE FROM client_refusals WHERE client_id = $1 AND (endpoint, reason, detail) NOT IN
	(SELECT endpoint, reason, detail FROM client_refusals WHERE client_id = $1 ORDER BY last_at DESC, endpoint, reason, detail LIMIT $2)`

// mostRefusals is how many different refusals of one client are remembered.
const mostRefusals = 10

// NoteRefusals adds refusals to those that are known. Rows are taken in one order, so
// that two replicas never wait for each other.
func (s *Store) NoteRefusals(ctx context.Context, list []authserver.ClientRefusal) error {
	list = slices.SortedFunc(slices.Values(list), func(a, b authserver.ClientRefusal) int {
		return cmp.Or(cmp.Compare(a.ClientID, b.ClientID), cmp.Compare(a.Endpoint, b.Endpoint), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Detail, b.Detail))
	})
	return s.InTx(ctx, func(ctx context.Context) error {
		for i := range list {
			one := &list[i]
			if _, err := s.db.Exec(ctx, addRefusal, one.ClientID, one.Endpoint, one.Reason, one.Detail, one.Count, one.FirstAt, one.LastAt); err != nil {
				return err
			}
			if i+1 < len(list) && list[i+1].ClientID == one.ClientID {
				continue
			}
			if _, err := s.db.Exec(ctx, pruneRefusals, one.ClientID, mostRefusals); err != nil {
				return err
			}
		}
		return nil
	})
}

// ListRefusals returns why a client was refused, the last first.
func (s *Store) ListRefusals(ctx context.Context, clientID string) ([]authserver.ClientRefusal, error) {
	return collect(ctx, s, func(r *authserver.ClientRefusal) []any {
		return []any{&r.ClientID, &r.Endpoint, &r.Reason, &r.Detail, &r.Count, &r.FirstAt, &r.LastAt}
	}, `SELECT client_id, endpoint, reason, detail, times, first_at, last_at FROM client_refusals
		WHERE client_id = $1 ORDER BY last_at DESC, endpoint, reason, detail`, clientID)
}
