package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"

	"latchkey/pkg/database"
	"latchkey/resourceapi/internal/config"
	"latchkey/resourceapi/internal/store"
)

func migrate(ctx context.Context, args []string) error {
	const usage = "usage: resourceapi migrate up|status [--json]"
	if len(args) == 0 {
		return usageError{usage}
	}
	up := false
	switch args[0] {
	case "-h", "--help":
		fmt.Println(usage)
		return nil
	case "up":
		up = true
	case "status":
	default:
		return usageError{fmt.Sprintf("resourceapi migrate: unknown command %q\n\n%s", args[0], usage)}
	}
	fs, asJSON := flags("migrate " + args[0])
	if err := parse(fs, args[1:]); err != nil {
		return err
	}
	cfg, err := settings()
	if err != nil {
		return err
	}
	if up {
		if err := migrateUp(ctx, cfg); err != nil {
			return err
		}
	}
	return printMigrations(ctx, cfg, *asJSON)
}

// migrateUp migrates as the owner of the tables and, where the service connects
// as another role, grants that role what requests need and nothing else.
func migrateUp(ctx context.Context, cfg config.Config) (err error) {
	db, err := openAsOwner(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := db.Migrate(ctx, store.Migrations()); err != nil {
		return err
	}
	if cfg.MigrationURL == "" || db.Engine() != database.Postgres {
		return nil
	}
	u, err := url.Parse(cfg.DatabaseURL)
	if err != nil {
		return errors.New("API_DATABASE_URL cannot be parsed") // the parser's own message would print the password
	}
	return store.Grant(ctx, db, u.User.Username())
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
		return printJSON(steps)
	}
	for _, m := range steps {
		state := "missing"
		if m.Applied {
			state = "applied"
		}
		fmt.Fprintf(os.Stdout, "%04d  %-8s %s\n", m.Version, state, m.Name)
	}
	return nil
}
