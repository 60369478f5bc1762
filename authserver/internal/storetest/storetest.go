// Package storetest gives tests the store on fresh databases of both engines, and
// people to put into it. Only tests import it.
package storetest

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

// Main is the TestMain of a package whose tests use this one: it runs them and removes
// the database that theirs were copied from.
func Main(m *testing.M) { os.Exit(schema.Run(m)) }

// Database returns the URL of a migrated database that lives as long as the test.
func Database(t testing.TB, set testenv.Set) string {
	t.Helper()
	return schema.Database(t, set)
}

// Open opens a migrated database that lives as long as the test.
func Open(t testing.TB, set testenv.Set) *database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), Database(t, set), database.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}
