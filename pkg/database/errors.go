package database

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"latchkey/pkg/fault"
)

// UniqueError says which unique constraint a write broke.
type UniqueError struct {
	Constraint string // PostgreSQL: its name; SQLite: "table.column, table.column"
	cause      error
}

// Error describes the broken constraint.
func (e *UniqueError) Error() string { return "database: unique constraint " + e.Constraint }

// Unwrap returns the driver's error.
func (e *UniqueError) Unwrap() error { return e.cause }

// IsUnique reports whether err is a broken unique constraint whose name (or, on
// SQLite, whose column list) contains any of the given parts; with no part, any.
func IsUnique(err error, parts ...string) bool {
	u, ok := errors.AsType[*UniqueError](err)
	if !ok || len(parts) == 0 {
		return ok
	}
	for _, part := range parts {
		if strings.Contains(u.Constraint, part) {
			return true
		}
	}
	return false
}

// IsDeadlock reports whether PostgreSQL ended a transaction because it and another
// one waited for each other. The other one goes on, so a second try succeeds.
func IsDeadlock(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.Code == "40P01"
}

// ErrForeignKey is a reference to a row that is not there.
var ErrForeignKey = errors.New("database: foreign key")

// Translate turns a driver's error into ours: *UniqueError, ErrForeignKey,
// fault.NotFound, or fault.Unavailable when the engine could not be asked.
// Anything else comes back as it is.
func Translate(err error) error {
	if err == nil {
		return nil
	}
	if _, done := errors.AsType[*fault.Error](err); done {
		return err
	}
	if errors.Is(err, gorm.ErrRecordNotFound) || errors.Is(err, sql.ErrNoRows) || errors.Is(err, pgx.ErrNoRows) {
		return fault.Wrap(fault.NotFound, err, "The requested resource was not found")
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return translatePostgres(pg, err)
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		return translateSQLite(lite, err)
	}
	if unreachable(err) {
		return fault.Wrap(fault.Unavailable, err, "The service is temporarily unavailable. Try again later.")
	}
	return err
}

func translatePostgres(pg *pgconn.PgError, err error) error {
	switch {
	case pg.Code == "23505":
		return &UniqueError{Constraint: pg.ConstraintName, cause: err}
	case pg.Code == "23503":
		return errors.Join(ErrForeignKey, err)
	case strings.HasPrefix(pg.Code, "08"), strings.HasPrefix(pg.Code, "53"), strings.HasPrefix(pg.Code, "57P"),
		pg.Code == "40001", pg.Code == "40P01", pg.Code == "55P03":
		return fault.Wrap(fault.Unavailable, err, "The service is temporarily unavailable. Try again later.")
	}
	return err
}

func translateSQLite(lite *sqlite.Error, err error) error {
	switch lite.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		columns := lite.Error()[strings.LastIndex(lite.Error(), ": ")+2:]
		return &UniqueError{Constraint: columns, cause: err}
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return errors.Join(ErrForeignKey, err)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_BUSY_SNAPSHOT, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL:
		return fault.Wrap(fault.Unavailable, err, "The service is temporarily unavailable. Try again later.")
	}
	return err
}

func unreachable(err error) bool {
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, sql.ErrConnDone) ||
		pgconn.Timeout(err) || strings.Contains(err.Error(), "conn closed") ||
		strings.Contains(err.Error(), "unexpected EOF") || strings.Contains(err.Error(), "closed pool")
}
