package database

import (
	"context"
	"errors"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"latchkey/pkg/lanes"
)

// tripTimeout bounds what those wait who come after a trip that hangs.
const tripTimeout = 5 * time.Second

// stepBack is shorter than the time after which PostgreSQL looks for deadlocks
// (1 s): of a batch, which holds several rows, and a transaction that wait for
// each other it is always the batch that steps back.
var stepBack = setting{"lock_timeout", "200ms"}

// ReadRowBatched is QueryRow for a statement that many callers run at once and
// that locks nothing. On PostgreSQL those who would wait for each other travel
// together, in a trip that does not end when one of them leaves. The statement
// runs when the row is scanned.
func (db *DB) ReadRowBatched(ctx context.Context, text string, args ...any) Row {
	return db.batched(ctx, db.reads, text, args)
}

// WriteRowBatched is ReadRowBatched for a statement that writes: those of a batch
// share one commit, and every caller learns of its own row after it. A statement
// that the database refuses does not take the others with it.
func (db *DB) WriteRowBatched(ctx context.Context, text string, args ...any) Row {
	return db.batched(ctx, db.writes, text, args)
}

func (db *DB) batched(ctx context.Context, l *lanes.Lanes[*call], text string, args []any) Row {
	if _, set := db.settingOf(ctx); l == nil || set || db.txOf(ctx) != nil {
		return db.QueryRow(ctx, text, args...)
	}
	return db.carried(ctx, l, &call{ctx: ctx, text: text, args: args})
}

func (db *DB) carried(ctx context.Context, l *lanes.Lanes[*call], c *call) Row {
	return Row{func(dest ...any) error {
		c.dest = dest
		if err := l.Do(c); err != nil {
			return err
		}
		if c.undone { // not on the lane: nobody waits behind a statement that waits for a lock
			ctx, cancel := context.WithTimeout(ctx, tripTimeout)
			defer cancel()
			statement{c}.alone(ctx, db.pool)
		}
		return c.err
	}}
}

// call is one caller's statement and what came of it.
type call struct {
	ctx      context.Context //nolint:containedctx // of the request it belongs to, for as long as that waits
	text     string
	args     []any
	dest     []any
	gathered bool // may be one of many that a single statement answers

	err    error
	undone bool // by the database, because another statement of its batch was refused
}

// trips carry statements to PostgreSQL, those that share one under a setting.
type trips struct {
	pool  *pgxpool.Pool
	under setting // zero: none
}

// writeLanes are fewer than there are CPUs, so that more share a commit.
func writeLanes() int { return max(1, runtime.GOMAXPROCS(0)/2) }

func (t trips) lanes(n int) *lanes.Lanes[*call] { return lanes.New(n, t.run) }

// run carries the statements in one trip. Where the database refuses one of them
// it has undone all: then each is to run alone.
func (t trips) run(calls []*call) {
	ctx := calls[0].ctx
	if len(calls) > 1 {
		ctx = context.WithoutCancel(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, tripTimeout)
	defer cancel()
	if len(calls) == 1 {
		statement(calls).alone(ctx, t.pool)
		return
	}
	err := t.together(ctx, calls)
	if err == nil {
		return
	}
	var refused *pgconn.PgError
	undone := errors.As(err, &refused)
	for _, c := range calls {
		c.err, c.undone = err, undone
	}
}

// together sends all statements with one sync, which makes them one transaction.
func (t trips) together(ctx context.Context, calls []*call) error {
	all := statements(calls)
	results, err := send(ctx, t.pool, t.under, all...)
	if err != nil {
		return err
	}
	defer func() { _ = results.Close() }() // after a panic; otherwise it is closed
	for _, s := range all {
		s.deal(results.Query())
	}
	return results.Close()
}
