package store

import (
	"context"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

// SaveSecondFactor stores a secret that is not confirmed yet, replacing an
// earlier one that was not. false: the user has a confirmed one.
func (s *Store) SaveSecondFactor(ctx context.Context, f authserver.SecondFactor, now time.Time) (bool, error) {
	n, err := s.db.Exec(ctx, `INSERT INTO second_factors (user_id, sealed, created_at) VALUES ($1, $2, $3)
		ON CONFLICT (user_id) DO UPDATE SET sealed = excluded.sealed, created_at = excluded.created_at, last_step = 0
		WHERE second_factors.confirmed_at IS NULL`, f.UserID, f.Sealed, now)
	return n == 1, err
}

// FindSecondFactor returns a user's second factor, fault.NotFound when there is none.
func (s *Store) FindSecondFactor(ctx context.Context, userID string) (*authserver.SecondFactor, error) {
	f := authserver.SecondFactor{UserID: userID}
	err := s.db.QueryRow(ctx, `SELECT sealed, confirmed_at, last_step FROM second_factors WHERE user_id = $1`, userID).
		Scan(&f.Sealed, &f.ConfirmedAt, &f.LastStep)
	return orNotFound(&f, err)
}

// ConfirmSecondFactor makes the secret count, one winner.
func (s *Store) ConfirmSecondFactor(ctx context.Context, userID string, step int64, now time.Time) (bool, error) {
	n, err := s.db.Exec(ctx, `UPDATE second_factors SET confirmed_at = $3, last_step = $2
		WHERE user_id = $1 AND confirmed_at IS NULL`, userID, step, now)
	if err != nil || n == 0 {
		return false, err
	}
	_, err = s.db.Exec(ctx, `UPDATE users SET second_factor = true WHERE id = $1`, userID)
	return true, err
}

// ClaimStep accepts the code of a time step: false when it, or a later one, was
// accepted before.
func (s *Store) ClaimStep(ctx context.Context, userID string, step int64) (bool, error) {
	n, err := s.db.Exec(ctx, `UPDATE second_factors SET last_step = $2
		WHERE user_id = $1 AND confirmed_at IS NOT NULL AND last_step < $2`, userID, step)
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
		return []any{&f.UserID, &f.Sealed, &f.ConfirmedAt, &f.LastStep}
	}, `SELECT user_id, sealed, confirmed_at, last_step FROM second_factors ORDER BY user_id`)
}

// ResealSecondFactor replaces a sealed secret if it is still the old one.
func (s *Store) ResealSecondFactor(ctx context.Context, userID string, old, sealed []byte) error {
	_, err := s.db.Exec(ctx, `UPDATE second_factors SET sealed = $3 WHERE user_id = $1 AND sealed = $2`, userID, old, sealed)
	return err
}

// CreatePendingSignin remembers that a right password was given. fault.NotFound:
// the user is not active, or has another password than u.
func (s *Store) CreatePendingSignin(ctx context.Context, token secret.Digest, u *authserver.User, now, expires time.Time) error {
	n, err := s.db.Exec(ctx, s.locking(`INSERT INTO pending_signins (digest, user_id, created_at, expires_at)
		SELECT $1, id, $4, $5 FROM users WHERE id = $2 AND password_hash = $3 AND deactivated_at IS NULL FOR SHARE`),
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
		AND u.deactivated_at IS NULL`, token[:], now)
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
