package store

import (
	"context"
	"time"

	"latchkey/pkg/database"
)

// CloseUser stops everything an active user can do and says when the account is to
// be erased. The address stays the user's. false: the user was not active.
func (s *Store) CloseUser(ctx context.Context, userID string, now, eraseAt time.Time) (bool, error) {
	return wroteOne(s.user(ctx, userID).Where("deactivated_at IS NULL").
		Updates(map[string]any{"deactivated_at": now, "erase_at": eraseAt}))
}

// RestoreUser takes CloseUser back. false: the user is not closed, or it is too
// late at now.
func (s *Store) RestoreUser(ctx context.Context, userID string, now time.Time) (bool, error) {
	return wroteOne(s.user(ctx, userID).Where("erase_at > ?", now).
		Updates(map[string]any{"deactivated_at": nil, "erase_at": nil}))
}

// ListErasable returns the ids of some closed users whose time has come at now.
func (s *Store) ListErasable(ctx context.Context, now time.Time) ([]string, error) {
	var ids []string
	query := s.rows(ctx).Table("users").Where("erase_at <= ?", now).Order("erase_at, id").Limit(100)
	return ids, database.ErrorOf(query.Pluck("id", &ids))
}

// ClaimErasure decides that a closed user is erased now: of replicas that come
// together one wins, and nobody restores the account any more.
func (s *Store) ClaimErasure(ctx context.Context, userID string, now time.Time) (bool, error) {
	return wroteOne(s.user(ctx, userID).Where("erase_at <= ?", now).Update("erase_at", nil))
}

// CountClosed returns how many members of a family have closed their accounts and
// may still take that back.
func (s *Store) CountClosed(ctx context.Context, familyID string) (int, error) {
	return database.Count(s.rows(ctx).Table("users").Where("family_id = ? AND erase_at IS NOT NULL", familyID))
}
