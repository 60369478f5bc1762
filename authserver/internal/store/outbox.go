package store

import (
	"context"
	"errors"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/database"
)

// AddErrand stores a message in the transaction that makes it necessary.
func (s *Store) AddErrand(ctx context.Context, e authserver.Errand) error {
	_, err := s.db.Exec(ctx, `INSERT INTO outbox (id, kind, subject, created_at, next_at) VALUES ($1, $2, $3, $4, $4)`,
		e.ID, e.Kind, e.Subject, e.CreatedAt)
	return err
}

// ClaimErrand takes the message that has waited longest and hides it from other
// replicas until again; when this one dies on the way, another one tries then.
// nil, nil: nothing is due at now.
func (s *Store) ClaimErrand(ctx context.Context, now, again time.Time) (*authserver.Errand, error) {
	var e authserver.Errand
	err := s.db.QueryRow(ctx, `UPDATE outbox SET next_at = $2, attempts = attempts + 1
		WHERE id = (SELECT id FROM outbox WHERE next_at <= $1 ORDER BY next_at, id LIMIT 1) AND next_at <= $1
		RETURNING id, kind, subject, created_at, attempts`, now, again).Scan(&e.ID, &e.Kind, &e.Subject, &e.CreatedAt, &e.Attempts)
	if errors.Is(err, database.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &e, nil
}

// PostponeErrand sets when a message that could not be delivered is tried again.
func (s *Store) PostponeErrand(ctx context.Context, id string, next time.Time) error {
	_, err := s.db.Exec(ctx, `UPDATE outbox SET next_at = $2 WHERE id = $1`, id, next)
	return err
}

// FinishErrand removes a message that was delivered.
func (s *Store) FinishErrand(ctx context.Context, id string) error {
	_, err := s.db.Exec(ctx, `DELETE FROM outbox WHERE id = $1`, id)
	return err
}

// CountErrands returns how many messages wait.
func (s *Store) CountErrands(ctx context.Context) (int, error) {
	var n int
	err := s.db.QueryRow(ctx, `SELECT count(*) FROM outbox`).Scan(&n)
	return n, err
}
