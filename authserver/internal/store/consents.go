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

// SaveConsent remembers a consent, replacing an earlier one. fault.NotFound: the
// client or the user has been deleted.
func (s *Store) SaveConsent(ctx context.Context, c authserver.Consent) error {
	_, err := s.db.Exec(ctx, `INSERT INTO consents (user_id, client_id, scopes, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (user_id, client_id) DO UPDATE SET scopes = excluded.scopes, updated_at = excluded.updated_at`,
		c.UserID, c.ClientID, c.Scopes.String(), c.CreatedAt, c.UpdatedAt)
	return referred(err)
}

// DeleteConsent forgets a consent. It is no error when there is none.
func (s *Store) DeleteConsent(ctx context.Context, userID, clientID string) error {
	_, err := s.db.Exec(ctx, `DELETE FROM consents WHERE user_id = $1 AND client_id = $2`, userID, clientID)
	return err
}
