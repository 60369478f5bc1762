package store

import (
	"context"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/database"
)

// SuspendWaysIn makes every passkey and connected account of a user open nothing,
// until RestorePasskey and RestoreIdentity. The user is asked which.
func (s *Store) SuspendWaysIn(ctx context.Context, userID string, now time.Time) error {
	passkeys := s.passkeys(ctx, userID).Where("suspended_at IS NULL").Update("suspended_at", now)
	if err := database.ErrorOf(passkeys); err != nil {
		return err
	}
	identities := s.unblocked(ctx, userID).Where("suspended_at IS NULL").Update("suspended_at", now)
	if err := database.ErrorOf(identities); err != nil || passkeys.RowsAffected+identities.RowsAffected == 0 {
		return err
	}
	return database.ErrorOf(s.user(ctx, userID).Update("review", true))
}

// EndReview notes that a user was asked. false: there was nothing to ask.
func (s *Store) EndReview(ctx context.Context, userID string) (bool, error) {
	return wroteOne(s.user(ctx, userID).Where("review").Update("review", false))
}

// ListSuspended returns what a reset has set aside.
func (s *Store) ListSuspended(ctx context.Context, userID string) ([]authserver.Passkey, []authserver.Identity, error) {
	passkeys, err := passkeysOf(s.passkeys(ctx, userID).Where("suspended_at IS NOT NULL"))
	if err != nil {
		return nil, nil, err
	}
	identities, err := identitiesOf(s.unblocked(ctx, userID).Where("suspended_at IS NOT NULL"))
	return passkeys, identities, err
}

// RestorePasskey lets a suspended passkey of the user sign in again.
func (s *Store) RestorePasskey(ctx context.Context, userID, id string) error {
	return database.ErrorOf(s.passkeys(ctx, userID).Where("id = ?", id).Update("suspended_at", nil))
}

// RestoreIdentity lets a suspended account at a provider sign in again.
func (s *Store) RestoreIdentity(ctx context.Context, userID, id string) error {
	return database.ErrorOf(s.rows(ctx).Model(&identityRow{}).Where("user_id = ? AND id = ?", userID, id).Update("suspended_at", nil))
}

// DeleteSuspended forgets what of a user is still suspended.
func (s *Store) DeleteSuspended(ctx context.Context, userID string) error {
	if err := database.ErrorOf(s.passkeys(ctx, userID).Where("suspended_at IS NOT NULL").Delete(&passkeyRow{})); err != nil {
		return err
	}
	return database.ErrorOf(s.unblocked(ctx, userID).Where("suspended_at IS NOT NULL").Delete(&identityRow{}))
}
