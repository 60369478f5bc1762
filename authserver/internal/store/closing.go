package store

import (
	"context"
	"time"
)

// CloseUser stops everything an active user can do and says when the account is to
// be erased. The address stays the user's. false: the user was not active.
func (s *Store) CloseUser(ctx context.Context, userID string, now, eraseAt time.Time) (bool, error) {
	n, err := s.db.Exec(ctx, `UPDATE users SET deactivated_at = $2, erase_at = $3 WHERE id = $1 AND deactivated_at IS NULL`,
		userID, now, eraseAt)
	return n == 1, err
}

// RestoreUser takes CloseUser back. false: the user is not closed, or it is too
// late at now.
func (s *Store) RestoreUser(ctx context.Context, userID string, now time.Time) (bool, error) {
	n, err := s.db.Exec(ctx, `UPDATE users SET deactivated_at = NULL, erase_at = NULL WHERE id = $1 AND erase_at > $2`, userID, now)
	return n == 1, err
}

// ListErasable returns the ids of some closed users whose time has come at now.
func (s *Store) ListErasable(ctx context.Context, now time.Time) ([]string, error) {
	found, err := collect(ctx, s, func(id *string) []any { return []any{id} },
		`SELECT id FROM users WHERE erase_at <= $1 ORDER BY erase_at, id LIMIT 100`, now)
	return found, err
}

// ClaimErasure decides that a closed user is erased now: of replicas that come
// together one wins, and nobody restores the account any more.
func (s *Store) ClaimErasure(ctx context.Context, userID string, now time.Time) (bool, error) {
	n, err := s.db.Exec(ctx, `UPDATE users SET erase_at = NULL WHERE id = $1 AND erase_at <= $2`, userID, now)
	return n == 1, err
}

// CountClosed returns how many members of a family have closed their accounts and
// may still take that back.
func (s *Store) CountClosed(ctx context.Context, familyID string) (int, error) {
	var n int
	err := s.db.QueryRow(ctx, `SELECT count(*) FROM users WHERE family_id = $1 AND erase_at IS NOT NULL`, familyID).Scan(&n)
	return n, err
}
