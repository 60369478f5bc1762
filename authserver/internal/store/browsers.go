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

// KnowBrowser notes that a user signs in at a browser. fresh: for the first time, or
// for the first time since ForgetAnnouncements. Of sign-ins that come together there
// one is.
func (s *Store) KnowBrowser(ctx context.Context, browser secret.Digest, userID string, now time.Time) (fresh bool, err error) {
	n, err := s.db.Exec(ctx, `UPDATE known_browsers SET seen_at = $3 WHERE digest = $1 AND user_id = $2 AND announced`, browser[:], userID, now)
	if err != nil || n == 1 {
		return false, err
	}
	n, err = s.db.Exec(ctx, `INSERT INTO known_browsers (digest, user_id, seen_at, announced) VALUES ($1, $2, $3, true)
		ON CONFLICT (digest, user_id) DO UPDATE SET seen_at = excluded.seen_at, announced = true
		WHERE NOT known_browsers.announced`, browser[:], userID, now)
	return n == 1, err
}

// ForgetAnnouncements makes every browser of a user one that the person has to hear
// of again. What it is allowed to guess stays.
func (s *Store) ForgetAnnouncements(ctx context.Context, userID string) error {
	_, err := s.db.Exec(ctx, `UPDATE known_browsers SET announced = false WHERE user_id = $1`, userID)
	return err
}
