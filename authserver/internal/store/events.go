package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/database"
)

const insertEvent = `INSERT INTO events (id, at, kind, outcome, actor_id, user_id, family_id, client_id, subject_id, details,
	address, user_agent, request_id, mark)
	SELECT $1, $2, $3, $4, $5, $6, CASE WHEN $7 <> '' THEN $7 ELSE COALESCE((SELECT CAST(family_id AS TEXT) FROM users WHERE id = $8), '') END,
	$9, $10, $11, $12, $13, $14, $15`

const returningFamily = ` RETURNING family_id`

func eventValues(e *authserver.Event) ([]any, error) {
	if e.Details == nil {
		e.Details = map[string]string{}
	}
	details, err := json.Marshal(e.Details) // names in order
	if err != nil {
		return nil, fmt.Errorf("store: details of an event: %w", err)
	}
	return []any{
		e.ID, e.At, e.Kind, e.Outcome, e.ActorID, e.UserID, e.FamilyID, orNull(e.UserID), e.ClientID, e.SubjectID, string(details),
		e.Address, e.UserAgent, e.RequestID,
		[]byte{},
	}, nil
}

// AddEvent stores e. An empty FamilyID becomes that of the user, in e too.
func (s *Store) AddEvent(ctx context.Context, e *authserver.Event) error {
	values, err := eventValues(e)
	if err != nil {
		return err
	}
	return s.db.QueryRow(ctx, insertEvent+returningFamily, values...).Scan(&e.FamilyID)
}

// AddRefusal stores e, unless the user has most events of its kind since then; of
// those who are refused at the same instant a few more may be stored.
func (s *Store) AddRefusal(ctx context.Context, e *authserver.Event, since time.Time, most int) error {
	values, err := eventValues(e)
	if err != nil {
		return err
	}
	err = s.db.QueryRow(ctx, insertEvent+` WHERE (SELECT count(*) FROM (SELECT 1 FROM events
		WHERE user_id = $6 AND at > $16 AND kind = $3 LIMIT $17) AS recent) < $17`+returningFamily,
		append(values, since, most)...).Scan(&e.FamilyID)
	if errors.Is(err, database.ErrNoRows) {
		return nil
	}
	return err
}
