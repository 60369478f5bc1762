package store

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"latchkey/authserver"
	"latchkey/pkg/database"
	"latchkey/pkg/secret"
)

type setupRow struct{ authserver.SecondFactorSetup }

func (setupRow) TableName() string { return "second_factor_setups" }

type secondFactorRow struct {
	authserver.SecondFactor
	ConfirmedAt time.Time
}

func (secondFactorRow) TableName() string { return "second_factors" }

type recoveryCodeRow struct {
	Digest    secret.Digest
	UserID    string
	CreatedAt time.Time
	UsedAt    *time.Time
}

func (recoveryCodeRow) TableName() string { return "recovery_codes" }

// SaveSecondFactorSetup stores a secret that is not confirmed yet, unless the
// same sign-in has one that is still good at now. By hand: one statement decides.
func (s *Store) SaveSecondFactorSetup(ctx context.Context, f authserver.SecondFactorSetup, now time.Time) error {
	_, err := s.db.Exec(ctx, `INSERT INTO second_factor_setups (signin_id, user_id, sealed, expires_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (signin_id) DO UPDATE SET sealed = excluded.sealed, expires_at = excluded.expires_at
		WHERE second_factor_setups.expires_at <= $5`, f.SigninID, f.UserID, f.Sealed, f.ExpiresAt, now)
	return err
}

// FindSecondFactorSetup returns the secret that a sign-in shows. fault.NotFound:
// it has none that is good at now.
func (s *Store) FindSecondFactorSetup(ctx context.Context, signinID string, now time.Time) (*authserver.SecondFactorSetup, error) {
	row, err := database.Take[setupRow](s.rows(ctx).Where("signin_id = ? AND expires_at > ?", signinID, now))
	return &row.SecondFactorSetup, err
}

// DeleteSecondFactorSetup forgets the secret that a sign-in shows.
func (s *Store) DeleteSecondFactorSetup(ctx context.Context, signinID string) error {
	return database.ErrorOf(s.rows(ctx).Where("signin_id = ?", signinID).Delete(&setupRow{}))
}

// FindSecondFactor returns a user's second factor, fault.NotFound when there is none.
func (s *Store) FindSecondFactor(ctx context.Context, userID string) (*authserver.SecondFactor, error) {
	row, err := database.Take[secondFactorRow](s.rows(ctx).Where("user_id = ?", userID))
	return &row.SecondFactor, err
}

// CreateSecondFactor makes a secret count, one winner: false when the user has a
// second factor. Secrets that other browsers show are forgotten.
func (s *Store) CreateSecondFactor(ctx context.Context, f authserver.SecondFactor, now time.Time) (bool, error) {
	made, err := wroteOne(s.rows(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&secondFactorRow{f, now}))
	if err != nil || !made {
		return false, err
	}
	if err := s.DropUnconfirmedFactor(ctx, f.UserID); err != nil {
		return false, err
	}
	return true, database.ErrorOf(s.user(ctx, f.UserID).Update("second_factor", true))
}

// ClaimStep accepts the code of a time step: false when it, or a later one, was
// accepted before.
func (s *Store) ClaimStep(ctx context.Context, userID string, step int64) (bool, error) {
	return wroteOne(s.rows(ctx).Model(&secondFactorRow{}).Where("user_id = ? AND last_step < ?", userID, step).Update("last_step", step))
}

// DeleteSecondFactor forgets secret and recovery codes.
func (s *Store) DeleteSecondFactor(ctx context.Context, userID string) error {
	if err := s.DropSecondFactorSecret(ctx, userID); err != nil {
		return err
	}
	if err := s.deleteRecoveryCodes(ctx, userID); err != nil {
		return err
	}
	return database.ErrorOf(s.user(ctx, userID).Update("second_factor", false))
}

// DropSecondFactorSecret forgets the secret alone: recovery codes stay, and so does
// the demand for one.
func (s *Store) DropSecondFactorSecret(ctx context.Context, userID string) error {
	return database.ErrorOf(s.rows(ctx).Where("user_id = ?", userID).Delete(&secondFactorRow{}))
}

// DropUnconfirmedFactor forgets every set-up of a second factor that a user has begun
// and not finished.
func (s *Store) DropUnconfirmedFactor(ctx context.Context, userID string) error {
	return database.ErrorOf(s.rows(ctx).Where("user_id = ?", userID).Delete(&setupRow{}))
}

func (s *Store) deleteRecoveryCodes(ctx context.Context, userID string) error {
	return database.ErrorOf(s.rows(ctx).Where("user_id = ?", userID).Delete(&recoveryCodeRow{}))
}

// recoveryCodes are those that a user has left.
func (s *Store) recoveryCodes(ctx context.Context, userID string) *gorm.DB {
	return s.rows(ctx).Model(&recoveryCodeRow{}).Where("user_id = ? AND used_at IS NULL", userID)
}

// ReplaceRecoveryCodes stores a new set and forgets the old one.
func (s *Store) ReplaceRecoveryCodes(ctx context.Context, userID string, codes []secret.Digest, now time.Time) error {
	if err := s.deleteRecoveryCodes(ctx, userID); err != nil {
		return err
	}
	rows := database.Mapped(codes, func(code secret.Digest) recoveryCodeRow {
		return recoveryCodeRow{Digest: code, UserID: userID, CreatedAt: now}
	})
	return database.ErrorOf(s.rows(ctx).Create(&rows))
}

// ClaimRecoveryCode uses a recovery code up: false when it was used, or is none.
func (s *Store) ClaimRecoveryCode(ctx context.Context, userID string, code secret.Digest, now time.Time) (bool, error) {
	return wroteOne(s.recoveryCodes(ctx, userID).Where("digest = ?", code).Update("used_at", now))
}

// CountRecoveryCodes returns how many are left.
func (s *Store) CountRecoveryCodes(ctx context.Context, userID string) (int, error) {
	return database.Count(s.recoveryCodes(ctx, userID))
}

// ListSecondFactors returns every sealed secret, for sealing anew.
func (s *Store) ListSecondFactors(ctx context.Context) ([]authserver.SecondFactor, error) {
	rows, err := database.Find[secondFactorRow](s.rows(ctx).Order("user_id"))
	return database.Mapped(rows, func(r secondFactorRow) authserver.SecondFactor { return r.SecondFactor }), err
}

// ResealSecondFactor replaces a sealed secret if it is still the old one.
func (s *Store) ResealSecondFactor(ctx context.Context, userID string, old, sealed []byte) error {
	return database.ErrorOf(s.rows(ctx).Model(&secondFactorRow{}).Where("user_id = ? AND sealed = ?", userID, old).Update("sealed", sealed))
}
