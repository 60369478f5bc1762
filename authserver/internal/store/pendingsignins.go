package store

import (
	"context"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

// Statements by hand: one checks the user, holds the row and stores.

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
