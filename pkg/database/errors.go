package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"time"

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

// isDeadlock reports whether PostgreSQL ended a transaction because it and another
// one waited for each other. The other one goes on, so a second try succeeds.
func isDeadlock(err error) bool {
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
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok { // whatever PostgreSQL said: no connection was made
		return unavailable(err)
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return translatePostgres(pg, err)
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		return translateSQLite(lite, err)
	}
	if unreachable(err) {
		return unavailable(err)
	}
	return err
}

func unavailable(cause error) error {
	return fault.Wrap(fault.Unavailable, cause, "The service is temporarily unavailable. Try again later.").WithRetryAfter(time.Second)
}

// outages are the codes, and the classes of codes, by which PostgreSQL says that
// it cannot do now what it could do at another time.
var outages = []string{
	"08",    // the connection is lost, or a pooler cannot give one
	"53",    // no memory, no disk, too many connections
	"57P",   // it is shutting down, or has ended the connection
	"58",    // it cannot read or write its files
	"57014", // a statement timeout
	"25006", // read-only: a standby, or a primary that was told so
	"25P03", // a transaction that was idle for too long
	"25P04", // a transaction that took too long
	"40001", "40P01", "55P03", "55P02",
}

// usedUp reports whether a connection is of no use after an error: it leads to a
// server that is read-only, or carries a session's settings of before. The next
// one may lead to the new primary, and has the settings of then.
func usedUp(code string) bool { return code == "25006" || code == "57014" }

func translatePostgres(pg *pgconn.PgError, err error) error {
	switch {
	case pg.Code == "23505":
		return &UniqueError{Constraint: pg.ConstraintName, cause: err}
	case pg.Code == "23503":
		return errors.Join(ErrForeignKey, err)
	case slices.ContainsFunc(outages, func(code string) bool { return strings.HasPrefix(pg.Code, code) }):
		return unavailable(err)
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
	}
	switch lite.Code() & 0xff { // the rest of a code says why
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR,
		sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_NOMEM:
		return unavailable(err)
	}
	return err
}

func unreachable(err error) bool {
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, driver.ErrBadConn) ||
		errors.Is(err, sql.ErrTxDone) || errors.Is(err, pgx.ErrTxClosed) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || pgconn.Timeout(err) || strings.Contains(err.Error(), "conn closed") ||
		strings.Contains(err.Error(), "unexpected EOF") || strings.Contains(err.Error(), "closed pool")
}
