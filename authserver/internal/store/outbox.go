package store

import (
	"context"
	"errors"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/database"
)

// AddOutboxMessage stores a message in the transaction that makes it necessary.
func (s *Store) AddOutboxMessage(ctx context.Context, m authserver.OutboxMessage) error {
	_, err := s.db.Exec(ctx, `INSERT INTO outbox (id, kind, subject, created_at, next_at) VALUES ($1, $2, $3, $4, $4)`,
		m.ID, m.Kind, m.Subject, m.CreatedAt)
	return err
}

// ClaimOutboxMessage takes the message that has waited longest and hides it from
// other replicas until again: one that dies on the way is tried again. nil, nil:
// nothing is due at now.
func (s *Store) ClaimOutboxMessage(ctx context.Context, now, again time.Time) (*authserver.OutboxMessage, error) {
	var m authserver.OutboxMessage
	err := s.db.QueryRow(ctx, `UPDATE outbox SET next_at = $2, attempts = attempts + 1
		WHERE id = (SELECT id FROM outbox WHERE next_at <= $1 ORDER BY next_at, id LIMIT 1) AND next_at <= $1
		RETURNING id, kind, subject, created_at, attempts`, now, again).Scan(&m.ID, &m.Kind, &m.Subject, &m.CreatedAt, &m.Attempts)
	if errors.Is(err, database.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &m, nil
}

// PostponeOutboxMessage sets when a message that failed is tried again.
func (s *Store) PostponeOutboxMessage(ctx context.Context, id string, next time.Time) error {
	_, err := s.db.Exec(ctx, `UPDATE outbox SET next_at = $2 WHERE id = $1`, id, next)
	return err
}

// FinishOutboxMessage removes a message that was delivered.
func (s *Store) FinishOutboxMessage(ctx context.Context, id string) error {
	_, err := s.db.Exec(ctx, `DELETE FROM outbox WHERE id = $1`, id)
	return err
}

// CountOutboxMessages returns how many wait.
func (s *Store) CountOutboxMessages(ctx context.Context) (int, error) {
	var n int
	err := s.db.QueryRow(ctx, `SELECT count(*) FROM outbox`).Scan(&n)
	return n, err
}
