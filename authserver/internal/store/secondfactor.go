package store

import (
	"context"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

// SaveSecondFactorSetup stores a secret that is not confirmed yet, unless the
// same sign-in has one that is still good at now.
func (s *Store) SaveSecondFactorSetup(ctx context.Context, f authserver.SecondFactorSetup, now time.Time) error {
	_, err := s.db.Exec(ctx, `INSERT INTO second_factor_setups (signin_id, user_id, sealed, expires_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (signin_id) DO UPDATE SET sealed = excluded.sealed, expires_at = excluded.expires_at
		WHERE second_factor_setups.expires_at <= $5`, f.SigninID, f.UserID, f.Sealed, f.ExpiresAt, now)
	return err
}

// FindSecondFactorSetup returns the secret that a sign-in shows. fault.NotFound:
// it has none that is good at now.
func (s *Store) FindSecondFactorSetup(ctx context.Context, signinID string, now time.Time) (*authserver.SecondFactorSetup, error) {
	f := authserver.SecondFactorSetup{SigninID: signinID}
	err := s.db.QueryRow(ctx, `SELECT user_id, sealed, expires_at FROM second_factor_setups WHERE signin_id = $1 AND expires_at > $2`,
		signinID, now).Scan(&f.UserID, &f.Sealed, &f.ExpiresAt)
	return orNotFound(&f, err)
}

// DeleteSecondFactorSetup forgets the secret that a sign-in shows.
func (s *Store) DeleteSecondFactorSetup(ctx context.Context, signinID string) error {
	_, err := s.db.Exec(ctx, `DELETE FROM second_factor_setups WHERE signin_id = $1`, signinID)
	return err
}

// FindSecondFactor returns a user's second factor, fault.NotFound when there is none.
func (s *Store) FindSecondFactor(ctx context.Context, userID string) (*authserver.SecondFactor, error) {
	f := authserver.SecondFactor{UserID: userID}
	err := s.db.QueryRow(ctx, `SELECT sealed, last_step FROM second_factors WHERE user_id = $1`, userID).Scan(&f.Sealed, &f.LastStep)
	return orNotFound(&f, err)
}

// CreateSecondFactor makes a secret count, one winner: false when the user has a
// second factor. Secrets that other browsers show are forgotten.
func (s *Store) CreateSecondFactor(ctx context.Context, f authserver.SecondFactor, now time.Time) (bool, error) {
	n, err := s.db.Exec(ctx, `INSERT INTO second_factors (user_id, sealed, last_step, confirmed_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (user_id) DO NOTHING`, f.UserID, f.Sealed, f.LastStep, now)
	if err != nil || n == 0 {
		return false, err
	}
	if _, err := s.db.Exec(ctx, `DELETE FROM second_factor_setups WHERE user_id = $1`, f.UserID); err != nil {
		return false, err
	}
	_, err = s.db.Exec(ctx, `UPDATE users SET second_factor = true WHERE id = $1`, f.UserID)
	return true, err
}

// ClaimStep accepts the code of a time step: false when it, or a later one, was
// accepted before.
func (s *Store) ClaimStep(ctx context.Context, userID string, step int64) (bool, error) {
	n, err := s.db.Exec(ctx, `UPDATE second_factors SET last_step = $2
		WHERE user_id = $1 AND last_step < $2`, userID, step)
	return n == 1, err
}

// DeleteSecondFactor forgets secret and recovery codes.
func (s *Store) DeleteSecondFactor(ctx context.Context, userID string) error {
	for _, text := range []string{
		`DELETE FROM second_factors WHERE user_id = $1`,
		`DELETE FROM recovery_codes WHERE user_id = $1`,
		`UPDATE users SET second_factor = false WHERE id = $1`,
	} {
		if _, err := s.db.Exec(ctx, text, userID); err != nil {
			return err
		}
	}
	return nil
}

// ReplaceRecoveryCodes stores a new set and forgets the old one.
func (s *Store) ReplaceRecoveryCodes(ctx context.Context, userID string, codes []secret.Digest, now time.Time) error {
	if _, err := s.db.Exec(ctx, `DELETE FROM recovery_codes WHERE user_id = $1`, userID); err != nil {
		return err
	}
	for _, code := range codes {
		_, err := s.db.Exec(ctx, `INSERT INTO recovery_codes (digest, user_id, created_at) VALUES ($1, $2, $3)`, code[:], userID, now)
		if err != nil {
			return err
		}
	}
	return nil
}

// ClaimRecoveryCode uses a recovery code up: false when it was used, or is none.
func (s *Store) ClaimRecoveryCode(ctx context.Context, userID string, code secret.Digest, now time.Time) (bool, error) {
	n, err := s.db.Exec(ctx, `UPDATE recovery_codes SET used_at = $3
		WHERE digest = $1 AND user_id = $2 AND used_at IS NULL`, code[:], userID, now)
	return n == 1, err
}

// CountRecoveryCodes returns how many are left.
func (s *Store) CountRecoveryCodes(ctx context.Context, userID string) (int, error) {
	var n int
	err := s.db.QueryRow(ctx, `SELECT count(*) FROM recovery_codes WHERE user_id = $1 AND used_at IS NULL`, userID).Scan(&n)
	return n, err
}

// ListSecondFactors returns every sealed secret, for sealing anew.
func (s *Store) ListSecondFactors(ctx context.Context) ([]authserver.SecondFactor, error) {
	return collect(ctx, s, func(f *authserver.SecondFactor) []any {
		return []any{&f.UserID, &f.Sealed, &f.LastStep}
	}, `SELECT user_id, sealed, last_step FROM second_factors ORDER BY user_id`)
}

// ResealSecondFactor replaces a sealed secret if it is still the old one.
func (s *Store) ResealSecondFactor(ctx context.Context, userID string, old, sealed []byte) error {
	_, err := s.db.Exec(ctx, `UPDATE second_factors SET sealed = $3 WHERE user_id = $1 AND sealed = $2`, userID, old, sealed)
	return err
}

// CreatePendingSignin remembers that a right password was given. fault.NotFound:
// the user is neither active nor closed, or has another password than u.
func (s *Store) CreatePendingSignin(ctx context.Context, token secret.Digest, u *authserver.User, now, expires time.Time) error {
	n, err := s.db.Exec(ctx, s.locking(`INSERT INTO pending_signins (digest, user_id, created_at, expires_at)
		SELECT $1, id, $4, $5 FROM users WHERE id = $2 AND password_hash = $3
		AND (deactivated_at IS NULL OR erase_at IS NOT NULL) FOR SHARE`),
		token[:], u.ID, u.PasswordHash, now, expires)
	if err == nil && n == 0 {
		return fault.New(fault.NotFound, "User not found")
	}
	return err
}

// FindPendingSignin returns the user who gave the right password,
// fault.NotFound when there is none or it was too long ago.
func (s *Store) FindPendingSignin(ctx context.Context, token secret.Digest, now time.Time) (*authserver.User, error) {
	return s.findUser(ctx, `u.id = (SELECT user_id FROM pending_signins WHERE digest = $1 AND expires_at > $2)
		AND (u.deactivated_at IS NULL OR u.erase_at IS NOT NULL)`, token[:], now)
}

// TakePendingSignin uses it up: fault.NotFound when somebody else did.
func (s *Store) TakePendingSignin(ctx context.Context, token secret.Digest) error {
	n, err := s.db.Exec(ctx, `DELETE FROM pending_signins WHERE digest = $1`, token[:])
	if err == nil && n == 0 {
		return fault.New(fault.NotFound, "No such pending sign-in")
	}
	return err
}

// DeletePendingSignins forgets those of a user, or with "" all that expired.
func (s *Store) DeletePendingSignins(ctx context.Context, userID string, now time.Time) error {
	if userID == "" {
		_, err := s.db.Exec(ctx, `DELETE FROM pending_signins WHERE expires_at <= $1`, now)
		return err
	}
	_, err := s.db.Exec(ctx, `DELETE FROM pending_signins WHERE user_id = $1`, userID)
	return err
}
