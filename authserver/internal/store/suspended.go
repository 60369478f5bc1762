package store

import (
	"context"
	"time"

	"latchkey/authserver"
)

// SuspendWaysIn makes every passkey and connected account of a user open nothing,
// until RestorePasskey and RestoreIdentity. The user is asked which.
func (s *Store) SuspendWaysIn(ctx context.Context, userID string, now time.Time) error {
	passkeys, err := s.db.Exec(ctx, `UPDATE passkeys SET suspended_at = $2 WHERE user_id = $1 AND suspended_at IS NULL`, userID, now)
	if err != nil {
		return err
	}
	identities, err := s.db.Exec(ctx, `UPDATE identities SET suspended_at = $2
		WHERE user_id = $1 AND blocked_at IS NULL AND suspended_at IS NULL`, userID, now)
	if err != nil || passkeys+identities == 0 {
		return err
	}
	_, err = s.db.Exec(ctx, `UPDATE users SET review = true WHERE id = $1`, userID)
	return err
}

// EndReview notes that a user was asked. false: there was nothing to ask.
func (s *Store) EndReview(ctx context.Context, userID string) (bool, error) {
	n, err := s.db.Exec(ctx, `UPDATE users SET review = false WHERE id = $1 AND review`, userID)
	return n == 1, err
}

// ListSuspended returns what a reset has set aside.
func (s *Store) ListSuspended(ctx context.Context, userID string) ([]authserver.Passkey, []authserver.Identity, error) {
	passkeys, err := s.listPasskeys(ctx, `p.user_id = $1 AND p.suspended_at IS NOT NULL`, userID)
	if err != nil {
		return nil, nil, err
	}
	identities, err := s.identities(ctx, `i.user_id = $1 AND i.blocked_at IS NULL AND i.suspended_at IS NOT NULL`, userID)
	return passkeys, identities, err
}

// RestorePasskey lets a suspended passkey of the user sign in again.
func (s *Store) RestorePasskey(ctx context.Context, userID, id string) error {
	_, err := s.db.Exec(ctx, `UPDATE passkeys SET suspended_at = NULL WHERE user_id = $1 AND id = $2`, userID, id)
	return err
}

// RestoreIdentity lets a suspended account at a provider sign in again.
func (s *Store) RestoreIdentity(ctx context.Context, userID, id string) error {
	_, err := s.db.Exec(ctx, `UPDATE identities SET suspended_at = NULL WHERE user_id = $1 AND id = $2`, userID, id)
	return err
}

// DeleteSuspended forgets what of a user is still suspended.
func (s *Store) DeleteSuspended(ctx context.Context, userID string) error {
	if _, err := s.db.Exec(ctx, `DELETE FROM passkeys WHERE user_id = $1 AND suspended_at IS NOT NULL`, userID); err != nil {
		return err
	}
	_, err := s.db.Exec(ctx, `DELETE FROM identities WHERE user_id = $1 AND suspended_at IS NOT NULL AND blocked_at IS NULL`, userID)
	return err
}

// DropUnconfirmedFactor forgets every set-up of a second factor that a user has begun
// and not finished.
func (s *Store) DropUnconfirmedFactor(ctx context.Context, userID string) error {
	_, err := s.db.Exec(ctx, `DELETE FROM second_factor_setups WHERE user_id = $1`, userID)
	return err
}
