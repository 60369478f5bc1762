package database

import (
	"context"
	"fmt"
	"hash/fnv"

	"github.com/jackc/pgx/v5"
)

// Alone runs fn unless another process is running something of the same name on this
// database; then ran is false. The name is locked by a transaction that stays open
// meanwhile and holds nothing else (pg_try_advisory_xact_lock), which works behind a
// pooler too. It keeps no snapshot, so what is deleted or replaced meanwhile can be
// tidied up. SQLite has one process. The lock spares work: what fn does must be right
// without it, because a connection may be lost.
func (db *DB) Alone(ctx context.Context, name string, fn func(ctx context.Context) error) (ran bool, err error) {
	if db.pool == nil || db.pool.Config().MaxConns < 2 { // fn needs a connection too
		return true, fn(ctx)
	}
	tx, err := db.pool.Begin(ctx)
	if err != nil {
		return false, Translate(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // nothing was written
	sum := fnv.New64a()
	_, _ = sum.Write([]byte("latchkey " + name)) // never fails
	var ours bool
	// A simple query: a prepared one leaves a portal open, which keeps its snapshot.
	row := tx.QueryRow(ctx, `SELECT pg_try_advisory_xact_lock($1)`, pgx.QueryExecModeSimpleProtocol, int64(sum.Sum64())) //nolint:gosec // any 64 bits will do
	if err := row.Scan(&ours); err != nil {
		return false, fmt.Errorf("database: lock %s: %w", name, Translate(err))
	}
	if !ours {
		return false, nil
	}
	return true, fn(ctx)
}
