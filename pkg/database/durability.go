package database

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"
)

// Warn says in the log where this database promises less than its callers may
// think: commits that a failover or a crash takes back.
func (db *DB) Warn(ctx context.Context) error {
	if db.pool == nil {
		return nil
	}
	var (
		standbys      int
		names, commit string
	)
	err := db.QueryRow(ctx, `SELECT (SELECT count(*) FROM pg_stat_replication),
		current_setting('synchronous_standby_names'), current_setting('synchronous_commit')`).Scan(&standbys, &names, &commit)
	if err != nil {
		return err
	}
	lazy := commit == "off" || commit == "local"
	const then = "the last commits, and what they revoked works again (docs/operations.md, What a failover or a restore brings back)"
	switch {
	case standbys > 0 && (names == "" || lazy):
		db.log.LogAttrs(ctx, slog.LevelWarn, "PostgreSQL has a standby that is not synchronous: a failover to it loses "+then,
			slog.Int("standbys", standbys), slog.String("synchronous_standby_names", names), slog.String("synchronous_commit", commit))
	case commit == "off":
		db.log.LogAttrs(ctx, slog.LevelWarn, "PostgreSQL commits without waiting for its disk: a crash loses "+then, slog.String("synchronous_commit", commit))
	}
	return nil
}

// ErrReadOnly says that the database takes no writes.
var ErrReadOnly = errors.New("database: PostgreSQL is read-only")

// Writable checks that the database takes writes: a standby, and a primary that
// was told so, is read-only. Of SQLite only a write could tell.
func (db *DB) Writable(ctx context.Context) error {
	if db.pool == nil {
		return nil
	}
	var readOnly string
	if err := db.QueryRow(ctx, "SHOW transaction_read_only").Scan(&readOnly); err != nil {
		return err
	}
	if readOnly == "on" {
		return ErrReadOnly
	}
	return nil
}

// Version asks the engine which one it is: "PostgreSQL 17.2", "SQLite 3.50.4".
func (db *DB) Version(ctx context.Context) (string, error) {
	name, ask := "PostgreSQL", "SHOW server_version"
	if db.engine == SQLite {
		name, ask = "SQLite", "SELECT sqlite_version()"
	}
	var text string
	if err := db.QueryRow(ctx, ask).Scan(&text); err != nil {
		return name, err
	}
	number, _, _ := strings.Cut(text, " ") // of whoever built it is said behind it
	return name + " " + number, nil
}

// Now asks the database what time it is. Known is false on SQLite, which has the
// clock of the process.
func (db *DB) Now(ctx context.Context) (at time.Time, known bool, err error) {
	if db.pool == nil {
		return time.Time{}, false, nil
	}
	err = db.QueryRow(ctx, "SELECT clock_timestamp()").Scan(&at)
	return at, true, err
}
