package database_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/pkg/database"
	"latchkey/pkg/testenv"
)

// TestD6_AMigrationDoesNotQueueForALock: while somebody holds a table, the
// migration that wants it comes and goes, so that readers pass between its tries.
func TestD6_AMigrationDoesNotQueueForALock(t *testing.T) {
	db := open(t, testenv.Postgres(t))
	mustExec(t, db, "CREATE TABLE busy (id int)")
	done := make(chan error, 1)
	err := db.InTx(t.Context(), func(ctx context.Context) error {
		if err := db.QueryRow(ctx, "SELECT count(*) FROM busy").Scan(new(int)); err != nil {
			return err
		}
		go func() {
			done <- db.Migrate(t.Context(), steps("SET LOCAL lock_timeout = '50ms'; ALTER TABLE busy ADD COLUMN more int;"), 1)
		}()
		waiting := "SELECT count(*) FROM pg_locks WHERE relation = 'busy'::regclass AND NOT granted"
		testenv.Eventually(t, 30*time.Second, "the migration waits", func() bool { return count(t, db, waiting) == 1 })
		testenv.Eventually(t, 30*time.Second, "it gives way", func() bool { return count(t, db, waiting) == 0 })
		read, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		return db.QueryRow(read, "SELECT count(*) FROM busy").Scan(new(int))
	})
	if err := errors.Join(err, <-done); err != nil {
		t.Fatal(err)
	}
	mustExec(t, db, "INSERT INTO busy (more) VALUES (1)")
}

func count(t *testing.T, db *database.DB, text string) (n int) {
	t.Helper()
	if err := db.QueryRow(t.Context(), text).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestD6_ANewerSchemaIsRefused on both engines.
func TestD6_ANewerSchemaIsRefused(t *testing.T) {
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		url := "sqlite:" + filepath.Join(t.TempDir(), "x.db")
		if set == testenv.Production {
			url = testenv.Postgres(t)
		}
		db := open(t, url)
		schema := steps("CREATE TABLE schema_compatibility (number int NOT NULL); INSERT INTO schema_compatibility VALUES (2);")
		if err := errors.Join(db.CheckCompatible(t.Context(), 1), db.Migrate(t.Context(), schema, 2), db.CheckCompatible(t.Context(), 3)); err != nil {
			t.Fatal(err)
		}
		for _, err := range []error{db.CheckCompatible(t.Context(), 1), db.Migrate(t.Context(), schema, 1)} {
			if err == nil || !strings.Contains(err.Error(), "newer than this program") {
				t.Errorf("an old program: %v", err)
			}
		}
	})
}
