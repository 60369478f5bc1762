package database

import (
	"context"
	"database/sql"
	"errors"
	"regexp"
	"sync"

	"github.com/jackc/pgx/v5"
	"gorm.io/gorm"
)

// Row is one row, or the error that came instead.
type Row struct {
	scan func(dest ...any) error
}

// Scan reads the row. ErrNoRows: the statement found nothing. Other errors are
// translated (see Translate).
func (r Row) Scan(dest ...any) error {
	err := r.scan(dest...)
	if errors.Is(err, pgx.ErrNoRows) || errors.Is(err, sql.ErrNoRows) {
		return ErrNoRows
	}
	return Translate(err)
}

// Rows is a set of rows to be closed.
type Rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close() error
}

// QueryRow runs a hand-written statement that returns at most one row.
// Parameters are $1, $2 … on both engines. Outside a transaction on PostgreSQL
// it goes to pgx directly, without the work of database/sql.
func (db *DB) QueryRow(ctx context.Context, text string, args ...any) Row {
	if tx := db.txOf(ctx); tx != nil {
		return Row{tx.QueryRowContext(ctx, db.rewrite(text), args...).Scan}
	}
	if set, ok := db.settingOf(ctx); ok {
		return db.queryRowWith(ctx, set, text, args)
	}
	if db.pool != nil {
		return Row{db.pool.QueryRow(ctx, text, args...).Scan}
	}
	return Row{db.sql.QueryRowContext(ctx, db.rewrite(text), args...).Scan}
}

// Query runs a hand-written statement that returns rows.
func (db *DB) Query(ctx context.Context, text string, args ...any) (Rows, error) {
	if tx := db.txOf(ctx); tx != nil {
		rows, err := tx.QueryContext(ctx, db.rewrite(text), args...) //nolint:rowserrcheck // Rows.Err is the caller's
		return sqlRows{rows}, Translate(err)
	}
	if set, ok := db.settingOf(ctx); ok {
		rows, err := db.queryWith(ctx, set, text, args)
		return rows, Translate(err)
	}
	if db.pool != nil {
		rows, err := db.pool.Query(ctx, text, args...)
		return pgxRows{rows}, Translate(err)
	}
	rows, err := db.sql.QueryContext(ctx, db.rewrite(text), args...) //nolint:rowserrcheck // Rows.Err is the caller's
	return sqlRows{rows}, Translate(err)
}

// Exec runs a hand-written statement and returns how many rows it touched.
func (db *DB) Exec(ctx context.Context, text string, args ...any) (int64, error) {
	if set, ok := db.settingOf(ctx); ok && db.txOf(ctx) == nil {
		n, err := db.execWith(ctx, set, text, args)
		return n, Translate(err)
	}
	if db.txOf(ctx) == nil && db.pool != nil {
		tag, err := db.pool.Exec(ctx, text, args...)
		return tag.RowsAffected(), Translate(err)
	}
	var (
		res sql.Result
		err error
	)
	if tx := db.txOf(ctx); tx != nil {
		res, err = tx.ExecContext(ctx, db.rewrite(text), args...)
	} else {
		res, err = db.sql.ExecContext(ctx, db.rewrite(text), args...)
	}
	if err != nil {
		return 0, Translate(err)
	}
	n, err := res.RowsAffected()
	return n, Translate(err)
}

func (db *DB) txOf(ctx context.Context) gorm.ConnPool {
	if t, ok := ctx.Value(txKey{db}).(*tx); ok {
		return t.orm.Statement.ConnPool
	}
	return nil
}

// sqlRows and pgxRows translate what ends them early: the server may go away
// between two rows, and pgx sends the statement only when the first is read.
type sqlRows struct{ *sql.Rows }

func (r sqlRows) Err() error { return Translate(r.Rows.Err()) }

type pgxRows struct{ pgx.Rows }

func (r pgxRows) Err() error { return Translate(r.Rows.Err()) }

func (r pgxRows) Close() error {
	r.Rows.Close()
	return Translate(r.Err())
}

var (
	dollar    = regexp.MustCompile(`\$(\d+)`)
	rewritten sync.Map // text → text; the statements of a program are few and constant
)

// rewrite turns $1 into ?1 for SQLite, where $1 would be a name, not a position.
func (db *DB) rewrite(text string) string {
	if db.engine == Postgres {
		return text
	}
	if done, ok := rewritten.Load(text); ok {
		return done.(string)
	}
	done := dollar.ReplaceAllString(text, "?$1")
	rewritten.Store(text, done)
	return done
}
