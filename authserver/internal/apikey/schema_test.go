package apikey_test

import (
	"context"
	"errors"
	"os"
	"testing"

	"latchkey/authserver/internal/store"
	"latchkey/pkg/database"
	"latchkey/pkg/testenv"
)

var schema = testenv.Schema{Migrate: func(ctx context.Context, url string) error {
	db, err := database.Open(ctx, url, database.Options{MaxConnections: 2})
	if err != nil {
		return err
	}
	return errors.Join(store.New(db).Migrate(ctx), db.Close())
}}

func TestMain(m *testing.M) { os.Exit(schema.Run(m)) }
