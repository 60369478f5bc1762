package api_test

import (
	"context"
	"errors"
	"os"
	"testing"

	"latchkey/pkg/database"
	"latchkey/pkg/testenv"
	"latchkey/resourceapi/internal/store"
)

var schema = testenv.Schema{Migrate: func(ctx context.Context, url string) error {
	owner, err := database.Open(ctx, url, database.Options{MaxConnections: 2})
	if err != nil {
		return err
	}
	return errors.Join(migrate(ctx, owner), owner.Close())
}}

func TestMain(m *testing.M) { os.Exit(schema.Run(m)) }

// migrate makes the tables and, on PostgreSQL, the role that may use them.
func migrate(ctx context.Context, owner *database.DB) error {
	if err := store.Migrate(ctx, owner); err != nil || owner.Engine() != database.Postgres {
		return err
	}
	_, err := owner.Exec(ctx, `DO $$ BEGIN
		PERFORM pg_advisory_xact_lock(4711);
		IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '`+role+`') THEN
			CREATE ROLE `+role+` LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD '`+role+`';
		END IF;
	END $$`)
	if err != nil {
		return err
	}
	return store.Grant(ctx, owner, role)
}
