package database

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"latchkey/pkg/coalesce"
)

var errPlace = errors.New("database: a gathered statement answered nobody who asked")

// Gather is a statement that answers many callers at once, so that they share its
// start, its trip and its commit. Each parameter is an array of what the callers
// gave for it. A row answers one caller and begins with the place of that caller
// in the arrays, from 1, as WITH ORDINALITY counts; the place is not scanned.
//
// The statement must not wait for a row that somebody holds (FOR NO KEY UPDATE …
// SKIP LOCKED): its callers would wait with it. A caller whom no row answers gets
// ErrNoRows, and may then run a statement of its own that waits.
//
// It reads its arrays from scalar subqueries: what the planner cannot look into
// it does not plan anew each time.
type Gather struct {
	db    *DB
	text  string
	calls *coalesce.Batcher[*call]
}

// Gather prepares text to be run for many callers. It is for PostgreSQL; on
// SQLite it returns nil.
func (db *DB) Gather(text string) *Gather {
	if db.pool == nil {
		return nil
	}
	g := &Gather{db: db, text: text}
	// Fewer trips than CPUs: more callers share a commit.
	g.calls = coalesce.New(max(1, runtime.GOMAXPROCS(0)/2), g.carry)
	return g
}

// Row is the row that answers this caller. The statement runs when the row is
// scanned, outside the transaction of ctx: a caller in one does not gather.
func (g *Gather) Row(ctx context.Context, args ...any) Row {
	c := &call{ctx: ctx, args: args}
	return Row{func(dest ...any) error {
		c.dest = dest
		if err := g.calls.Do(c); err != nil {
			return err
		}
		return c.err
	}}
}

// Serves reports whether a caller with ctx can share the statement: on PostgreSQL,
// outside a transaction.
func (g *Gather) Serves(ctx context.Context) bool { return g != nil && g.db.txOf(ctx) == nil }

func (g *Gather) carry(calls []*call) {
	ctx, cancel := tripContext(calls)
	defer cancel()
	err := g.deal(ctx, calls)
	if err == nil {
		return
	}
	if refused := (*pgconn.PgError)(nil); len(calls) > 1 && errors.As(err, &refused) {
		err = pgx.ErrNoRows // perhaps because of one of them: nothing was written, and each may run alone
	}
	for _, c := range calls {
		c.err = err
	}
}

// deal gives each call its row. Rows are read one by one, because a row that its
// caller cannot take would otherwise end the others', which have been committed.
func (g *Gather) deal(ctx context.Context, calls []*call) error {
	for _, c := range calls {
		c.err = pgx.ErrNoRows
	}
	rows, err := g.db.pool.Query(ctx, g.text, arrays(calls)...)
	if err != nil {
		return fmt.Errorf("database: gather: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		types, fields, values := rows.Conn().TypeMap(), rows.FieldDescriptions(), rows.RawValues()
		var place int
		if err := pgx.ScanRow(types, fields[:1], values[:1], &place); err != nil || place < 1 || place > len(calls) {
			return errors.Join(errPlace, err)
		}
		c := calls[place-1]
		c.err = pgx.ScanRow(types, fields[1:], values[1:], c.dest...)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("database: gather: %w", err)
	}
	return nil
}

// arrays are the arguments of the calls, one array for each parameter.
func arrays(calls []*call) []any {
	all := make([]any, len(calls[0].args))
	for i := range all {
		array := make([]any, len(calls))
		for j, c := range calls {
			array[j] = c.args[i]
		}
		all[i] = array
	}
	return all
}
