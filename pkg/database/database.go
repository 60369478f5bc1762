// Package database opens PostgreSQL or SQLite from a URL and hides the
// difference: one way to run a statement, one way to be in a transaction.
//
// A transaction lives in the context. Every method takes its connection from
// there, so a store method joins the transaction it is called in.
package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"gorm.io/gorm"

	"latchkey/pkg/coalesce"
)

// Engine names a database engine.
type Engine string

// The engines.
const (
	Postgres Engine = "postgres"
	SQLite   Engine = "sqlite"
)

// Options tune Open. The zero value is right for a small service.
type Options struct {
	MaxConnections int // 0: 16 on PostgreSQL, 8 on SQLite
	Logger         *slog.Logger
}

func (o Options) log() *slog.Logger {
	if o.Logger == nil {
		return slog.Default()
	}
	return o.Logger
}

// DB is an open database. Its methods are safe for concurrent use.
type DB struct {
	engine Engine
	orm    *gorm.DB
	sql    *sql.DB
	log    *slog.Logger
	file   string                   // of SQLite
	pool   *pgxpool.Pool            // nil on SQLite
	pass   *password                // nil on SQLite
	reads  *coalesce.Batcher[*call] // nil on SQLite
}

// Open opens the database that url names: postgres://… or sqlite:path. It does
// not migrate, and on PostgreSQL it does not yet connect: Ping does.
func Open(ctx context.Context, url string, opts Options) (*DB, error) {
	switch {
	case isPostgres(url):
		return openPostgres(ctx, url, opts)
	case strings.HasPrefix(url, "sqlite:"):
		return openSQLite(strings.TrimPrefix(url, "sqlite:"), opts)
	}
	return nil, errors.New("database: the URL must start with \"postgres://\" or \"sqlite:\"")
}

// Engine returns which engine this is.
func (db *DB) Engine() Engine { return db.engine }

// Ping checks that the database answers.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.sql.PingContext(ctx); err != nil {
		return fmt.Errorf("database: ping: %w", err)
	}
	return nil
}

// Close closes every connection.
func (db *DB) Close() error {
	err := db.sql.Close()
	if db.pool != nil {
		db.pool.Close()
	}
	if err != nil {
		return fmt.Errorf("database: close: %w", err)
	}
	return nil
}

type txKey struct{ db *DB }

type tx struct {
	orm         *gorm.DB
	afterCommit []func(ctx context.Context)
}

// InTx runs fn in a transaction and commits when it returns nil. Inside another
// InTx of the same database it joins that one: the outermost commits. Where
// PostgreSQL breaks a deadlock by ending the transaction, fn is run again, twice
// at most.
func (db *DB) InTx(ctx context.Context, fn func(ctx context.Context) error) error {
	if ctx.Value(txKey{db}) != nil {
		return fn(ctx)
	}
	err := db.transaction(ctx, fn)
	for _, pause := range deadlockPauses {
		if !isDeadlock(err) || !wait(ctx, pause) {
			return err
		}
		err = db.transaction(ctx, fn)
	}
	return err
}

// deadlockPauses are how long the loser of a deadlock waits before it runs again:
// long enough for the winner to take the lock that it was waiting for.
var deadlockPauses = []time.Duration{50 * time.Millisecond, 250 * time.Millisecond}

func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (db *DB) transaction(ctx context.Context, fn func(ctx context.Context) error) error {
	var t tx
	run := func(orm *gorm.DB) error {
		t = tx{orm: orm}
		return fn(context.WithValue(ctx, txKey{db}, &t))
	}
	var err error
	if set, ok := db.settingOf(ctx); ok {
		err = db.transactionWith(ctx, set, run)
	} else {
		err = db.orm.WithContext(ctx).Transaction(run)
	}
	if err != nil {
		return Translate(err)
	}
	for _, after := range t.afterCommit {
		after(ctx)
	}
	return nil
}

// AfterCommit runs fn once the transaction in ctx has committed, never if it
// does not; without a transaction, at once.
func (db *DB) AfterCommit(ctx context.Context, fn func(ctx context.Context)) {
	if t, ok := ctx.Value(txKey{db}).(*tx); ok {
		t.afterCommit = append(t.afterCommit, fn)
		return
	}
	fn(ctx)
}

// ORM returns gorm bound to ctx and to the transaction in it, if there is one.
// Outside a transaction its statements carry the setting of ctx (WithSetting).
func (db *DB) ORM(ctx context.Context) *gorm.DB {
	if t, ok := ctx.Value(txKey{db}).(*tx); ok {
		return t.orm.WithContext(ctx)
	}
	if set, ok := db.settingOf(ctx); ok {
		return db.ormUnder(ctx, set)
	}
	return db.orm.WithContext(ctx)
}

// ErrNoRows is returned by Row.Scan when the statement found nothing.
var ErrNoRows = sql.ErrNoRows
