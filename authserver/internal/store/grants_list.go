package store

import (
	"context"
	"fmt"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/database"
	"latchkey/pkg/scope"
)

// ListGrants returns every grant of a user that got tokens and is still
// remembered, newest first.
func (s *Store) ListGrants(ctx context.Context, userID string) ([]authserver.Grant, error) {
	type row struct {
		authserver.Grant
		scopes string
		device *string
	}
	rows, err := collect(ctx, s, func(row *row) []any {
		return []any{
			&row.ID, &row.ClientID, &row.scopes, &row.Resource, &row.device, &row.Origin, &row.CreatedAt,
			&row.RedeemedAt, &row.UsedAt, &row.EndsAt, &row.EndedAt, &row.EndReason,
		}
	}, `SELECT id, client_id, scopes, resource, device_id, origin, created_at, redeemed_at, used_at, ends_at, ended_at, end_reason
		FROM grants WHERE user_id = $1 AND redeemed_at IS NOT NULL ORDER BY created_at DESC, id`, userID)
	if err != nil {
		return nil, err
	}
	list := make([]authserver.Grant, 0, len(rows))
	for _, row := range rows {
		g := row.Grant
		g.UserID = userID
		if row.device != nil {
			g.DeviceID = *row.device
		}
		if g.Scopes, err = scope.Parse(row.scopes); err != nil {
			return nil, fmt.Errorf("store: grant %s: %w", g.ID, err)
		}
		list = append(list, g)
	}
	return list, nil
}

// StampGrants implements grant.Store. A row that somebody holds is left as it is.
func (s *Store) StampGrants(ctx context.Context, ids []string, at time.Time) error {
	if len(ids) == 0 {
		return nil
	}
	n := padded(len(ids)) // few lengths, so that few statements are remembered
	args := []any{at}
	for i := range n {
		args = append(args, ids[min(i, len(ids)-1)])
	}
	_, err := s.db.Exec(ctx, s.locking(`UPDATE grants SET used_at = $1 WHERE id IN (SELECT id FROM grants
		WHERE id IN (`+database.Placeholders(2, n)+`) AND (used_at IS NULL OR used_at < $1) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED)`), args...)
	return err
}

func padded(n int) int {
	for _, size := range []int{1, 10, 100} {
		if n <= size {
			return size
		}
	}
	return 500
}
