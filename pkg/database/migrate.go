package database

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pressly/goose/v3"
)

// Migration is one step of a schema and whether it has been applied.
type Migration struct {
	Version int64  `json:"version"`
	Name    string `json:"name"`
	Applied bool   `json:"applied"`
}

// String is the migration as command lines print it.
func (m Migration) String() string {
	state := "missing"
	if m.Applied {
		state = "applied"
	}
	return fmt.Sprintf("%04d  %-8s %s", m.Version, state, m.Name)
}

// Bounds of a migration on PostgreSQL. How long each waits for the lock of a table
// is said in its file, so that readers do not queue behind it for longer.
const (
	migrationPatience = 5 * time.Minute // with locks that others hold, those of replicas that migrate too
	migrationPause    = time.Second     // between two tries
)

// Migrate applies every migration of dir/<engine> that is missing. On PostgreSQL
// one replica does, while the others wait for it; a migration that does not get
// the lock of a table in time is tried again. A schema that has gone on without
// this program is an error (see CheckCompatible).
func (db *DB) Migrate(ctx context.Context, files fs.FS, compatibility int) error {
	p, err := db.provider(files)
	if err != nil {
		return err
	}
	patient, cancel := context.WithTimeout(ctx, migrationPatience)
	defer cancel()
	release, err := db.migrationLock(patient)
	if err != nil {
		return err
	}
	defer release()
	if err := db.CheckCompatible(ctx, compatibility); err != nil {
		return err
	}
	for {
		_, err = p.Up(ctx)
		if err == nil {
			return nil
		}
		if !isLockTimeout(err) {
			return fmt.Errorf("database: migrate: %w", err)
		}
		db.log.LogAttrs(ctx, slog.LevelWarn, "a migration waits for a table that others use", slog.Any("error", err))
		if !wait(patient, migrationPause) {
			return fmt.Errorf("database: migrate: others held a lock all the time: %w", err)
		}
	}
}

func isLockTimeout(err error) bool {
	partial, ok := errors.AsType[*goose.PartialError](err)
	if ok {
		err = partial.Err
	}
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.Code == "55P03"
}

// migrationLockID names the lock that one replica holds while it migrates.
const migrationLockID = 0x6c617463686b6579 // "latchkey"

// migrationLock waits until no other process migrates this database. The lock is
// that of a transaction, on a connection of its own: behind a pooler a lock of a
// session would stay with the pooler's connection.
func (db *DB) migrationLock(ctx context.Context) (release func(), err error) {
	if db.pool == nil {
		return func() {}, nil // SQLite has one writer
	}
	cfg := db.pool.Config().ConnConfig
	cfg.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("database: migration lock: %w", err)
	}
	release = func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
		defer cancel()
		_ = conn.Close(ctx) // ends the transaction, and with it the lock
	}
	for {
		got, err := takeMigrationLock(ctx, conn)
		if err == nil && !got && !wait(ctx, migrationPause) {
			err = errors.New("another process has been migrating all the time")
		}
		if err != nil {
			release()
			return nil, fmt.Errorf("database: migration lock: %w", err)
		}
		if got {
			return release, nil
		}
	}
}

func takeMigrationLock(ctx context.Context, conn *pgx.Conn) (got bool, err error) {
	if _, err := conn.Exec(ctx, "BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0"); err != nil {
		return false, err
	}
	if err := conn.QueryRow(ctx, "SELECT pg_try_advisory_xact_lock($1)", int64(migrationLockID)).Scan(&got); err != nil || got {
		return got, err
	}
	_, err = conn.Exec(ctx, "ROLLBACK")
	return false, err
}

// Migrations lists the migrations of files and which are applied.
func (db *DB) Migrations(ctx context.Context, files fs.FS) ([]Migration, error) {
	p, err := db.provider(files)
	if err != nil {
		return nil, err
	}
	status, err := p.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("database: migration status: %w", err)
	}
	list := make([]Migration, 0, len(status))
	for _, s := range status {
		list = append(list, Migration{Version: s.Source.Version, Name: s.Source.Path, Applied: s.State == goose.StateApplied})
	}
	return list, nil
}

// Missing names the first migration of list that has not been applied; "": all
// have been.
func Missing(list []Migration) string {
	for _, m := range list {
		if !m.Applied {
			return m.Name
		}
	}
	return ""
}

func (db *DB) provider(files fs.FS) (*goose.Provider, error) {
	sub, err := fs.Sub(files, string(db.engine))
	if err != nil {
		return nil, fmt.Errorf("database: migrations: %w", err)
	}
	dialect := goose.DialectSQLite3
	if db.engine == Postgres {
		dialect = goose.DialectPostgres
	}
	p, err := goose.NewProvider(dialect, db.sql, sub, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("database: migrations: %w", err)
	}
	return p, nil
}
