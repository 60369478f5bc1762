package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"latchkey/authserver"
	"latchkey/pkg/database"
)

// insertEvent is by hand: it finds the family in the same statement.
const insertEvent = `INSERT INTO events (id, at, kind, outcome, actor_id, user_id, family_id, client_id, subject_id, details,
	address, user_agent, request_id, mark)
	SELECT $1, $2, $3, $4, $5, $6, CASE WHEN $7 <> '' THEN $7 ELSE COALESCE((SELECT CAST(family_id AS TEXT) FROM users WHERE id = $8), '') END,
	$9, $10, $11, $12, $13, $14, $15`

const returningFamily = ` RETURNING family_id`

func eventValues(e *authserver.Event, mark []byte) ([]any, error) {
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
		mark,
	}, nil
}

// AddEvent stores e. An empty FamilyID becomes that of the user, in e too.
func (s *Store) AddEvent(ctx context.Context, e *authserver.Event, mark []byte) error {
	values, err := eventValues(e, mark)
	if err != nil {
		return err
	}
	return s.db.QueryRow(ctx, insertEvent+returningFamily, values...).Scan(&e.FamilyID)
}

// AddRefusal stores e, unless the user has most events of its kind since then; of
// those who are refused at the same instant a few more may be stored.
func (s *Store) AddRefusal(ctx context.Context, e *authserver.Event, mark []byte, since time.Time, most int) error {
	values, err := eventValues(e, mark)
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

// eventRow is an event as it is read.
type eventRow struct {
	ID, Kind, Outcome, ActorID, UserID, FamilyID, ClientID, SubjectID, Details string

	At        time.Time
	Address   string
	UserAgent string
	RequestID string
}

func (eventRow) TableName() string { return "events" }

func (r eventRow) event() (authserver.Event, error) {
	e := authserver.Event{
		ID: r.ID, At: r.At.UTC(), Kind: r.Kind, Outcome: r.Outcome, ActorID: r.ActorID, UserID: r.UserID, FamilyID: r.FamilyID,
		ClientID: r.ClientID, SubjectID: r.SubjectID,
		Origin: authserver.Origin{Address: r.Address, UserAgent: r.UserAgent, RequestID: r.RequestID},
	}
	if err := json.Unmarshal([]byte(r.Details), &e.Details); err != nil {
		return e, fmt.Errorf("store: details of event %s: %w", r.ID, err)
	}
	return e, nil
}

// events are those that f chooses, as many as there are.
func (s *Store) events(ctx context.Context, f authserver.EventFilter) *gorm.DB {
	query := s.rows(ctx).Model(&eventRow{})
	for column, value := range map[string]string{"id": f.ID, "user_id": f.UserID, "family_id": f.FamilyID} {
		if value != "" {
			query = query.Where(column+" = ?", value)
		}
	}
	if f.About != "" {
		query = query.Where("user_id = ? OR actor_id = ? OR client_id = ? OR subject_id = ? OR family_id = ? OR address = ? OR request_id = ?",
			f.About, f.About, f.About, f.About, f.About, f.About, f.About)
	}
	if len(f.Kinds) > 0 {
		query = query.Where("kind IN ?", f.Kinds)
	}
	if !f.Since.IsZero() {
		query = query.Where("at >= ?", f.Since)
	}
	if !f.Until.IsZero() {
		query = query.Where("at < ?", f.Until)
	}
	if f.After.ID != "" {
		query = query.Where("(at, id) < (?, ?)", f.After.At(), f.After.ID)
	}
	if f.Before.ID != "" {
		query = query.Where("(at, id) > (?, ?)", f.Before.At(), f.Before.ID)
	}
	return query
}

// CountEvents counts the events that f chooses, up to most of them.
func (s *Store) CountEvents(ctx context.Context, f authserver.EventFilter, most int) (int, error) {
	return database.Count(s.db.ORM(ctx).Table("(?) AS chosen", s.events(ctx, f).Select("id").Limit(most)))
}

// ListEvents returns the events that f chooses, newest first.
func (s *Store) ListEvents(ctx context.Context, f authserver.EventFilter) ([]authserver.Event, error) {
	back := f.Before.ID != "" // from there on, and then turned
	query := s.events(ctx, f)
	if back {
		query = query.Order("at, id")
	} else {
		query = query.Order("at DESC, id DESC")
	}
	if f.Limit > 0 {
		query = query.Limit(f.Limit)
	}
	rows, err := database.Find[eventRow](query)
	if err != nil {
		return nil, err
	}
	if back {
		slices.Reverse(rows)
	}
	found := make([]authserver.Event, len(rows))
	for i, r := range rows {
		if found[i], err = r.event(); err != nil {
			return nil, err
		}
	}
	return found, nil
}
