package store

import (
	"io/fs"
	"strings"
	"testing"

	"latchkey/pkg/database"
	"latchkey/pkg/testenv"
)

// TestD6_MigrationsGiveUpWaitingForLocks: every reader would wait behind them.
func TestD6_MigrationsGiveUpWaitingForLocks(t *testing.T) {
	files, err := fs.Glob(Migrations(), "postgres/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		raw, err := fs.ReadFile(Migrations(), file)
		if err != nil || !strings.HasPrefix(string(raw), "-- +goose Up\nSET LOCAL lock_timeout = '5s';\nSET LOCAL statement_timeout = 0;\n") {
			t.Errorf("%s does not begin with the limits of CONTRIBUTING.md: %v", file, err)
		}
	}
}

// TestD6_TheProgramIsAsNewAsItsSchema: a migration that raises the number raises
// that of the program.
func TestD6_TheProgramIsAsNewAsItsSchema(t *testing.T) {
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		url := "sqlite:" + t.TempDir() + "/x.db"
		if set == testenv.Production {
			url = testenv.Postgres(t)
		}
		db, err := database.Open(t.Context(), url, database.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close() //nolint:errcheck // end of the test
		if err := Migrate(t.Context(), db); err != nil {
			t.Fatal(err)
		}
		var n, number int
		if err := db.QueryRow(t.Context(), "SELECT count(*), max(number) FROM schema_compatibility").Scan(&n, &number); err != nil || n != 1 || number != compatibility {
			t.Errorf("%d rows, number %d, program %d: %v", n, number, compatibility, err)
		}
	})
}
