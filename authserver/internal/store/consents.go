package store

import "context"

// saveConsent remembers a consent. One that covers it stands as it is; one that
// does not is to read alone, and what covers both is everything.
const saveConsent = `INSERT INTO consents AS given (user_id, client_id, scopes, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)
	ON CONFLICT (user_id, client_id) DO UPDATE SET scopes = 'read read_write', updated_at = excluded.updated_at
	WHERE given.scopes = 'read' AND excluded.scopes <> 'read'
	RETURNING true`

// DeleteConsent forgets what the user allowed the client and reports whether
// there was anything.
func (s *Store) DeleteConsent(ctx context.Context, userID, clientID string) (bool, error) {
	n, err := s.db.Exec(ctx, `DELETE FROM consents WHERE user_id = $1 AND client_id = $2`, userID, clientID)
	return n > 0, err
}
