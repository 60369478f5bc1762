package database

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
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

// Migrate applies every migration of dir/<engine> that is missing. On
// PostgreSQL a session lock lets several replicas start together.
func (db *DB) Migrate(ctx context.Context, files fs.FS) error {
	p, err := db.provider(files)
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("database: migrate: %w", err)
	}
	return nil
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
	dialect, options := goose.DialectSQLite3, []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	if db.engine == Postgres {
		dialect = goose.DialectPostgres
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300)) // seconds, tries
		if err != nil {
			return nil, fmt.Errorf("database: migration lock: %w", err)
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	p, err := goose.NewProvider(dialect, db.sql, sub, options...)
	if err != nil {
		return nil, fmt.Errorf("database: migrations: %w", err)
	}
	return p, nil
}
