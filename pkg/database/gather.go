package database

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

var (
	errNotGathered = errors.New("database: statements are gathered on PostgreSQL, outside transactions and settings")
	errPlace       = errors.New("database: a gathered statement answered nobody who asked")
)

// WriteRowGathered is WriteRowBatched for a statement that answers many callers,
// so that PostgreSQL starts it once for all of a trip; SQLite has no such thing.
// Each parameter is an array of what the callers gave for it, all as many. A row
// answers one caller and begins with the place of that caller in the arrays, from
// 1, as WITH ORDINALITY counts; the place is not scanned. A caller whom no row
// answers gets ErrNoRows.
//
// Such a statement reads its arrays from scalar subqueries: what the planner
// cannot look into it does not plan anew each time.
func (db *DB) WriteRowGathered(ctx context.Context, text string, args ...any) Row {
	if _, set := db.settingOf(ctx); db.writes == nil || set || db.txOf(ctx) != nil {
		return Row{func(...any) error { return errNotGathered }}
	}
	return db.carried(ctx, db.writes, &call{ctx: ctx, text: text, args: args, gathered: true})
}

// statement is what PostgreSQL runs for one call, or for several gathered ones.
type statement []*call

// statements are those that carry the calls, each in the place of its first.
func statements(calls []*call) []statement {
	all := make([]statement, 0, len(calls))
	for i, c := range calls {
		at := slices.IndexFunc(all, func(s statement) bool { return c.gathered && s[0].gathered && s[0].text == c.text })
		if at < 0 {
			all = append(all, calls[i:i+1:i+1])
			continue
		}
		all[at] = append(all[at], c)
	}
	return all
}

func (s statement) text() string { return s[0].text }

func (s statement) args() []any {
	if !s[0].gathered {
		return s[0].args
	}
	arrays := make([]any, len(s[0].args))
	for i := range arrays {
		array := make([]any, len(s))
		for j, c := range s {
			array[j] = c.args[i]
		}
		arrays[i] = array
	}
	return arrays
}

// alone runs s in a trip of its own.
func (s statement) alone(ctx context.Context, pool *pgxpool.Pool) {
	s.deal(pool.Query(ctx, s.text(), s.args()...))
}

// deal gives each call its row. Rows are read one by one, because a row that its
// caller cannot take would otherwise end the others', which have been committed.
func (s statement) deal(rows pgx.Rows, err error) {
	for _, c := range s {
		c.err = pgx.ErrNoRows
	}
	if err == nil {
		defer rows.Close()
		for err == nil && rows.Next() {
			err = s.dealRow(rows)
		}
		err = errors.Join(err, rows.Err())
	}
	if err == nil {
		return
	}
	for _, c := range s {
		c.err = err
	}
}

func (s statement) dealRow(rows pgx.Rows) error {
	types, fields, values := rows.Conn().TypeMap(), rows.FieldDescriptions(), rows.RawValues()
	c := s[0]
	if c.gathered {
		var place int
		if err := pgx.ScanRow(types, fields[:1], values[:1], &place); err != nil || place < 1 || place > len(s) {
			return errors.Join(errPlace, err)
		}
		c, fields, values = s[place-1], fields[1:], values[1:]
	}
	c.err = pgx.ScanRow(types, fields, values, c.dest...)
	return nil
}
