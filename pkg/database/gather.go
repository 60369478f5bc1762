package database

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

var errNotGathered = errors.New("database: statements are gathered on PostgreSQL, outside transactions and settings")

// WriteRowGathered is WriteRowBatched for a statement that answers many callers,
// so that PostgreSQL starts it once for all of a trip. Each parameter is an array
// of what the callers gave for it. A row answers one caller and begins with the
// place of that caller in the arrays, from 1, as WITH ORDINALITY counts; the
// place is not scanned. A caller whom no row answers gets ErrNoRows.
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
	at := map[string]int{} // by text
	for _, c := range calls {
		i, ok := at[c.text]
		switch {
		case !c.gathered:
			all = append(all, statement{c})
		case ok:
			all[i] = append(all[i], c)
		default:
			at[c.text] = len(all)
			all = append(all, statement{c})
		}
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
	if !s[0].gathered {
		s[0].err = pool.QueryRow(ctx, s.text(), s.args()...).Scan(s[0].dest...)
		return
	}
	s.deal(pool.Query(ctx, s.text(), s.args()...))
}

// take reads what came of s as the next of results.
func (s statement) take(results pgx.BatchResults) {
	if !s[0].gathered {
		s[0].err = results.QueryRow().Scan(s[0].dest...)
		return
	}
	s.deal(results.Query())
}

// deal gives each gathered call its row.
func (s statement) deal(rows pgx.Rows, err error) {
	for _, c := range s {
		c.err = pgx.ErrNoRows
	}
	if err == nil {
		for rows.Next() && s.dealRow(rows) == nil { // an error closes rows, and is theirs
		}
		rows.Close()
		err = rows.Err()
	}
	if err == nil {
		return
	}
	for _, c := range s {
		c.err = err
	}
}

func (s statement) dealRow(rows pgx.Rows) error {
	var place int
	if err := rows.Scan(append([]any{&place}, make([]any, len(s[0].dest))...)...); err != nil {
		return err
	}
	s[place-1].err = nil
	return rows.Scan(append([]any{nil}, s[place-1].dest...)...)
}
