package testenv

import (
	"context"
	"slices"
	"strings"
	"testing"

	"latchkey/pkg/database"
)

// Tables returns the tables of db, sorted.
func Tables(t testing.TB, db *database.DB) []string {
	t.Helper()
	text := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`
	if db.Engine() == database.Postgres {
		text = `SELECT tablename FROM pg_tables WHERE schemaname = current_schema()`
	}
	names := oneColumn(t, db, 0, text)
	slices.Sort(names)
	return names
}

// Plan returns how db would run a statement on tables that are large. PostgreSQL is
// kept from reading a table from end to end, and from sorting, unless it has to.
func Plan(t testing.TB, db *database.DB, text string, args ...any) string {
	t.Helper()
	if db.Engine() == database.SQLite {
		return strings.Join(oneColumn(t, db, 3, "EXPLAIN QUERY PLAN "+text, args...), "\n")
	}
	var plan []string
	err := db.InTx(t.Context(), func(ctx context.Context) error {
		for _, way := range []string{"seqscan", "bitmapscan", "sort"} {
			if _, err := db.Exec(ctx, "SET LOCAL enable_"+way+" = off"); err != nil {
				return err
			}
		}
		rows, err := db.Query(ctx, "EXPLAIN "+text, args...)
		plan = read(t, rows, err, 0)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(plan, "\n")
}

func oneColumn(t testing.TB, db *database.DB, at int, text string, args ...any) []string {
	t.Helper()
	rows, err := db.Query(t.Context(), text, args...)
	return read(t, rows, err, at)
}

// read returns the column at of all rows.
func read(t testing.TB, rows database.Rows, err error, at int) (found []string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }() // they have been read
	for rows.Next() {
		var value string
		dest := make([]any, at+1)
		for i := range dest {
			dest[i] = new(any)
		}
		dest[at] = &value
		if err := rows.Scan(dest...); err != nil {
			t.Fatal(err)
		}
		found = append(found, value)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}
