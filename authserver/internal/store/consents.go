package store

import (
	"context"
	"errors"
	"fmt"

	"latchkey/authserver"
	"latchkey/pkg/database"
	"latchkey/pkg/scope"
)

// FindConsent returns what the user allowed the client, or nil, nil.
func (s *Store) FindConsent(ctx context.Context, userID, clientID string) (*authserver.Consent, error) {
	c := authserver.Consent{UserID: userID, ClientID: clientID}
	var scopes string
	err := s.db.QueryRow(ctx, `SELECT scopes, created_at, updated_at FROM consents
		WHERE user_id = $1 AND client_id = $2`, userID, clientID).Scan(&scopes, &c.CreatedAt, &c.UpdatedAt)
	if errors.Is(err, database.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if c.Scopes, err = scope.Parse(scopes); err != nil {
		return nil, fmt.Errorf("store: consent of client %s: %w", clientID, err)
	}
	return &c, nil
}

// saveConsent remembers a consent. One that covers it stands as it is; one that
// does not is to read alone, and what covers both is everything.
const saveConsent = `INSERT INTO consents AS given (user_id, client_id, scopes, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)
	ON CONFLICT (user_id, client_id) DO UPDATE SET scopes = 'read read_write', updated_at = excluded.updated_at
	WHERE given.scopes = 'read' AND excluded.scopes <> 'read'
	RETURNING true`

// DeleteConsent forgets a consent. It is no error when there is none.
func (s *Store) DeleteConsent(ctx context.Context, userID, clientID string) error {
	_, err := s.db.Exec(ctx, `DELETE FROM consents WHERE user_id = $1 AND client_id = $2`, userID, clientID)
	return err
}
