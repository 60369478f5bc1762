package store

import (
	"context"
	"errors"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/database"
)

const chainColumns = `position, seal, swept, swept_seal, mark, logged_day`

// beginning stands for the seal before the first. It is not empty: SQLite takes an
// empty value for none.
var beginning = make([]byte, 32)

// LockEventChain holds the chain until the transaction of ctx ends, which makes it
// where there is none. By hand: it is a lock.
func (s *Store) LockEventChain(ctx context.Context) (*authserver.EventChain, error) {
	_, err := s.db.Exec(ctx, `INSERT INTO event_chain (id, `+chainColumns+`) VALUES (1, 0, $1, 0, $1, $1, 0) ON CONFLICT DO NOTHING`, beginning)
	if err != nil {
		return nil, err
	}
	return s.readChain(ctx, s.locking(`SELECT `+chainColumns+` FROM event_chain FOR UPDATE`))
}

// FindEventChain returns the chain; nil, nil: there is none.
func (s *Store) FindEventChain(ctx context.Context) (*authserver.EventChain, error) {
	c, err := s.readChain(ctx, `SELECT `+chainColumns+` FROM event_chain`)
	if errors.Is(err, database.ErrNoRows) {
		return nil, nil
	}
	return c, err
}

func (s *Store) readChain(ctx context.Context, text string) (*authserver.EventChain, error) {
	var c authserver.EventChain
	err := s.db.QueryRow(ctx, text).Scan(&c.Position, &c.Seal, &c.Swept, &c.SweptSeal, &c.Mark, &c.LoggedDay)
	return &c, err
}

// SaveEventChain stores where the chain stands, whose lock ctx holds.
func (s *Store) SaveEventChain(ctx context.Context, c *authserver.EventChain) error {
	_, err := s.db.Exec(ctx, `UPDATE event_chain SET position = $1, seal = $2, swept = $3, swept_seal = $4, mark = $5, logged_day = $6`,
		c.Position, c.Seal, c.Swept, c.SweptSeal, c.Mark, c.LoggedDay)
	return err
}

// SealEvents stores what proves events. By hand: on PostgreSQL it is one statement.
func (s *Store) SealEvents(ctx context.Context, list []authserver.SealedEvent) error {
	if s.db.Engine() == database.SQLite {
		for _, e := range list {
			_, err := s.db.Exec(ctx, `UPDATE events SET mark = $2, position = $3, seal = $4 WHERE id = $1`, e.ID, e.Mark, position(&e), e.Seal)
			if err != nil {
				return err
			}
		}
		return nil
	}
	ids, positions := make([]string, len(list)), make([]*int64, len(list))
	marks, seals := make([][]byte, len(list)), make([][]byte, len(list))
	for i, e := range list {
		ids[i], marks[i], positions[i], seals[i] = e.ID, e.Mark, position(&e), e.Seal
	}
	_, err := s.db.Exec(ctx, `UPDATE events SET mark = proof.mark, position = proof.position, seal = proof.seal
		FROM unnest($1::uuid[], $2::bytea[], $3::bigint[], $4::bytea[]) proof (id, mark, position, seal) WHERE events.id = proof.id`,
		ids, marks, positions, seals)
	return err
}

// position is nil of an event that is not in the chain.
func position(e *authserver.SealedEvent) *int64 {
	if e.Position == 0 {
		return nil
	}
	return &e.Position
}

// UnsealedEvents returns events that are not in the chain, oldest first. limit 0: all.
func (s *Store) UnsealedEvents(ctx context.Context, limit int) ([]authserver.SealedEvent, error) {
	query := s.rows(ctx).Where("position IS NULL").Order("at, id")
	if limit > 0 {
		query = query.Limit(limit)
	}
	return sealed(database.Find[sealedRow](query))
}

// SealedEvents returns the events of the chain after a position, in order.
func (s *Store) SealedEvents(ctx context.Context, after int64, limit int) ([]authserver.SealedEvent, error) {
	return sealed(database.Find[sealedRow](s.rows(ctx).Where("position > ?", after).Order("position").Limit(limit)))
}

// LastSealed is the greatest position that an event has.
func (s *Store) LastSealed(ctx context.Context) (last int64, err error) {
	err = s.db.QueryRow(ctx, `SELECT COALESCE(max(position), 0) FROM events`).Scan(&last)
	return last, err
}

// DeleteSealed deletes the events of the chain up to a position.
func (s *Store) DeleteSealed(ctx context.Context, upTo int64) error {
	_, err := s.db.Exec(ctx, `DELETE FROM events WHERE position <= $1`, upTo)
	return err
}

// CountSealed counts the events of the chain from before a moment, up to the first
// that is not. By hand: one statement, by the index of positions.
func (s *Store) CountSealed(ctx context.Context, before time.Time) (n int64, err error) {
	err = s.db.QueryRow(ctx, `SELECT count(*) FROM events WHERE position < COALESCE(
		(SELECT position FROM events WHERE position IS NOT NULL AND at >= $1 ORDER BY position LIMIT 1),
		(SELECT max(position) + 1 FROM events), 0)`, before).Scan(&n)
	return n, err
}

// sealedRow is an event with what proves it.
type sealedRow struct {
	Event eventRow `gorm:"embedded"`

	Mark     []byte
	Position *int64
	Seal     []byte
}

func (sealedRow) TableName() string { return "events" }

func sealed(rows []sealedRow, err error) ([]authserver.SealedEvent, error) {
	if err != nil {
		return nil, err
	}
	list := make([]authserver.SealedEvent, len(rows))
	for i, r := range rows {
		e, err := r.Event.event()
		if err != nil { // somebody has changed it, which the mark tells
			e.Details = map[string]string{"unreadable": r.Event.Details}
		}
		list[i] = authserver.SealedEvent{Event: e, Mark: r.Mark, Seal: r.Seal}
		if r.Position != nil {
			list[i].Position = *r.Position
		}
	}
	return list, nil
}
