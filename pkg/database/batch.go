package database

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"latchkey/pkg/coalesce"
)

// tripTimeout bounds a trip, and so how long callers wait behind one that hangs.
const tripTimeout = 5 * time.Second

// ReadRowBatched is QueryRow for a statement that many callers run at once and
// that locks nothing. On PostgreSQL callers that would wait for each other share
// a round trip, which does not end when one of them leaves. The statement runs
// when the row is scanned.
//
// A statement that writes does not belong here: one that waits for a lock would
// make the others wait with it. Gather is for those.
func (db *DB) ReadRowBatched(ctx context.Context, text string, args ...any) Row {
	if _, set := db.settingOf(ctx); db.reads == nil || set || db.txOf(ctx) != nil {
		return db.QueryRow(ctx, text, args...)
	}
	c := &call{ctx: ctx, text: text, args: args}
	return Row{func(dest ...any) error {
		c.dest = dest
		if err := db.reads.Do(c); err != nil {
			return err
		}
		if c.undone {
			ctx, cancel := context.WithTimeout(ctx, tripTimeout)
			defer cancel()
			c.alone(ctx, db.pool)
		}
		return c.err
	}}
}

// call is one caller's statement and what came of it.
type call struct {
	ctx  context.Context //nolint:containedctx // of the request it belongs to, for as long as that waits
	text string
	args []any
	dest []any

	err    error
	undone bool // by the database, because another statement of its batch was refused
}

// alone runs c in a trip of its own.
func (c *call) alone(ctx context.Context, pool *pgxpool.Pool) {
	c.err = pool.QueryRow(ctx, c.text, c.args...).Scan(c.dest...)
}

type trips struct{ pool *pgxpool.Pool }

func readTrips(pool *pgxpool.Pool, n int) *coalesce.Batcher[*call] {
	return coalesce.New(n, trips{pool}.carry)
}

// carry runs the statements in one trip. When the database refuses one of them it
// answers none of them; then each runs again, alone.
func (t trips) carry(calls []*call) {
	ctx, cancel := tripContext(calls)
	defer cancel()
	if len(calls) == 1 {
		calls[0].alone(ctx, t.pool)
		return
	}
	err := together(ctx, t.pool, calls)
	if err == nil {
		return
	}
	var refused *pgconn.PgError
	undone := errors.As(err, &refused)
	for _, c := range calls {
		c.err, c.undone = err, undone
	}
}

// tripContext ends with a lone caller, or after the longest time a trip may take.
func tripContext(calls []*call) (context.Context, context.CancelFunc) {
	ctx := calls[0].ctx
	if len(calls) > 1 {
		ctx = context.WithoutCancel(ctx)
	}
	return context.WithTimeout(ctx, tripTimeout)
}

// together sends all statements with one sync.
func together(ctx context.Context, pool *pgxpool.Pool, calls []*call) error {
	batch := &pgx.Batch{}
	for _, c := range calls {
		batch.Queue(c.text, c.args...)
	}
	results := pool.SendBatch(ctx, batch)
	defer func() { _ = results.Close() }() // after a panic; otherwise it is closed
	for _, c := range calls {
		c.read(results.Query())
	}
	return results.Close()
}

// read gives c its row. It does not use Scan of the rows, which would end the
// other calls when one caller cannot take its row.
func (c *call) read(rows pgx.Rows, err error) {
	if c.err = err; err != nil {
		return
	}
	defer rows.Close()
	c.err = pgx.ErrNoRows
	if rows.Next() {
		c.err = pgx.ScanRow(rows.Conn().TypeMap(), rows.FieldDescriptions(), rows.RawValues(), c.dest...)
	}
	if err := rows.Err(); err != nil {
		c.err = err
	}
}
