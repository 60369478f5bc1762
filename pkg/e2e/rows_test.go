package e2e

import (
	"testing"

	"latchkey/pkg/database"
)

func openDB(t *testing.T, url string) *database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), url, database.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// countRows returns how many rows a table has.
func countRows(t *testing.T, url, table string) int {
	t.Helper()
	return countWhere(t, url, table, "true")
}

func countWhere(t *testing.T, url, table, condition string) int {
	t.Helper()
	var n int
	if err := openDB(t, url).QueryRow(t.Context(), "SELECT count(*) FROM "+table+" WHERE "+condition).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
