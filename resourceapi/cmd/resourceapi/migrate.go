package main

import (
	"context"
	"errors"
	"fmt"

	"latchkey/pkg/cli"
	"latchkey/pkg/database"
	"latchkey/resourceapi/internal/config"
	"latchkey/resourceapi/internal/store"
)

var migrateCommand = cli.Group("resourceapi migrate", "usage: resourceapi migrate up|status [--json]", map[string]cli.Command{
	"up": migrateThen("up", migrateUp), "status": migrateThen("status", nil),
})

// migrateThen is a command that prints where the schema stands after change.
func migrateThen(name string, change func(context.Context, config.Config) error) cli.Command {
	return func(ctx context.Context, args []string) error {
		fs, asJSON := cli.Flags("resourceapi migrate " + name)
		if _, err := cli.Parse(fs, args, 0); err != nil {
			return err
		}
		cfg, err := readSettings()
		if err != nil {
			return err
		}
		if err := tellPlace(cfg, change != nil); err != nil {
			return err
		}
		if change != nil {
			if err := change(ctx, cfg); err != nil {
				return err
			}
		}
		return printMigrations(ctx, cfg, *asJSON)
	}
}

// migrateUp migrates as the owner of the tables and, where the service connects
// as another role, grants that role what requests need and nothing else.
func migrateUp(ctx context.Context, cfg config.Config) (err error) {
	db, err := openAsOwner(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := store.Migrate(ctx, db); err != nil {
		return err
	}
	if cfg.MigrationURL == "" || db.Engine() != database.Postgres {
		return nil
	}
	role, err := database.User(cfg.DatabaseURL)
	if err != nil {
		return err
	}
	return store.Grant(ctx, db, role)
}

func openAsOwner(ctx context.Context, cfg config.Config) (*database.DB, error) {
	address := cfg.DatabaseURL
	if cfg.MigrationURL != "" {
		address = cfg.MigrationURL
	}
	return database.Open(ctx, address, database.Options{MaxConnections: 2})
}

func printMigrations(ctx context.Context, cfg config.Config, asJSON bool) (err error) {
	db, err := openAsOwner(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	steps, err := db.Migrations(ctx, store.Migrations())
	if err != nil {
		return err
	}
	if asJSON {
		return cli.PrintJSON(steps)
	}
	for _, m := range steps {
		fmt.Println(m)
	}
	return nil
}
