package store

import (
	"context"
	"time"

	"latchkey/pkg/secret"
)

// Statements by hand: every sign-in asks.

// KnowsBrowser reports whether the person with the address has signed in at the
// browser before.
func (s *Store) KnowsBrowser(ctx context.Context, browser secret.Digest, email string) (bool, error) {
	var known bool
	err := s.db.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM known_browsers b JOIN users u ON u.id = b.user_id
		WHERE b.digest = $1 AND u.email = $2)`, browser[:], email).Scan(&known)
	return known, err
}

// KnowBrowser notes that a user signs in at a browser.
func (s *Store) KnowBrowser(ctx context.Context, browser secret.Digest, userID string, now time.Time) error {
	_, err := s.db.Exec(ctx, `INSERT INTO known_browsers (digest, user_id, seen_at) VALUES ($1, $2, $3)
		ON CONFLICT (digest, user_id) DO UPDATE SET seen_at = excluded.seen_at`, browser[:], userID, now)
	return err
}
