package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/backlog"
	"latchkey/pkg/database"
)

type outboxRow struct {
	authserver.OutboxMessage
	NextAt time.Time
}

func (outboxRow) TableName() string { return "outbox" }

// AddOutboxMessage stores a message in the transaction that makes it necessary.
func (s *Store) AddOutboxMessage(ctx context.Context, m authserver.OutboxMessage) error {
	return database.ErrorOf(s.rows(ctx).Create(&outboxRow{m, m.CreatedAt}))
}

// ClaimOutboxMessage takes the message of a kind that has waited longest and hides it from
// other replicas until again: one that dies on the way is tried again. nil, nil:
// nothing is due at now. By hand: one statement claims and returns.
func (s *Store) ClaimOutboxMessage(ctx context.Context, kind string, now, again time.Time) (*authserver.OutboxMessage, error) {
	var m authserver.OutboxMessage
	err := s.db.QueryRow(ctx, `UPDATE outbox SET next_at = $2, attempts = attempts + 1, claimed_at = $1
		WHERE id = (SELECT id FROM outbox WHERE kind = $3 AND done_at IS NULL AND next_at <= $1 ORDER BY next_at, id LIMIT 1) AND next_at <= $1
		RETURNING id, kind, subject, payload, created_at, attempts`, now, again, kind).
		Scan(&m.ID, &m.Kind, &m.Subject, &m.Payload, &m.CreatedAt, &m.Attempts)
	if errors.Is(err, database.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &m, nil
}

// PostponeOutboxMessage sets when a message that failed is tried again; failure says how it
// did.
func (s *Store) PostponeOutboxMessage(ctx context.Context, id string, next time.Time, failure string) error {
	return database.ErrorOf(s.rows(ctx).Model(&outboxRow{}).Where("id = ?", id).
		Updates(map[string]any{"next_at": next, "claimed_at": nil, "failure": failure}))
}

// KeepOutboxMessage remembers that a message was delivered.
func (s *Store) KeepOutboxMessage(ctx context.Context, id string, now time.Time) error {
	return database.ErrorOf(s.rows(ctx).Model(&outboxRow{}).Where("id = ?", id).
		Updates(map[string]any{"done_at": now, "claimed_at": nil, "failure": ""}))
}

// FinishOutboxMessage removes a message that was delivered.
func (s *Store) FinishOutboxMessage(ctx context.Context, id string) error {
	return database.ErrorOf(s.rows(ctx).Where("id = ?", id).Delete(&outboxRow{}))
}

// CountOutbox counts the messages of a kind that wait. By hand: the bound is inside.
func (s *Store) CountOutbox(ctx context.Context, kind string) (w backlog.Waiting, err error) {
	err = s.db.QueryRow(ctx, fmt.Sprintf(`SELECT count(*), COALESCE(max(attempts), 0) FROM
		(SELECT attempts FROM outbox WHERE kind = $1 AND done_at IS NULL LIMIT %d) AS o`, backlog.AtMost), kind).Scan(&w.Rows, &w.Attempts)
	if err != nil || w.Rows == 0 {
		return w, err
	}
	w.Oldest, err = s.when(ctx, `SELECT created_at FROM outbox WHERE kind = $1 AND done_at IS NULL ORDER BY created_at LIMIT 1`, kind)
	return w, err
}

// CountUnsealed counts the security events that are not sealed yet. By hand: the
// bound is inside.
func (s *Store) CountUnsealed(ctx context.Context, _ string) (w backlog.Waiting, err error) {
	err = s.db.QueryRow(ctx, fmt.Sprintf(`SELECT count(*) FROM (SELECT 1 FROM events WHERE position IS NULL LIMIT %d) AS e`, backlog.AtMost)).Scan(&w.Rows)
	if err != nil || w.Rows == 0 {
		return w, err
	}
	w.Oldest, err = s.when(ctx, `SELECT at FROM events WHERE position IS NULL ORDER BY at, id LIMIT 1`)
	return w, err
}

// when returns the time that a statement finds; zero: none.
func (s *Store) when(ctx context.Context, text string, args ...any) (t time.Time, err error) {
	if err = s.db.QueryRow(ctx, text, args...).Scan(&t); errors.Is(err, database.ErrNoRows) {
		return time.Time{}, nil
	}
	return t, err
}
