package testenv

import (
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestProxyCountsEveryStatementOnce(t *testing.T) {
	counter, url := CountStatements(t, Postgres(t))
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	counter.Take()
	for range 3 {
		var n int
		if err := conn.QueryRow(t.Context(), "SELECT $1::int + 1", 1).Scan(&n); err != nil || n != 2 {
			t.Fatal(n, err)
		}
	}
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "SELECT 2"); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := conn.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	seen := counter.Take()
	want := []string{"SELECT $1::int + 1", "SELECT $1::int + 1", "SELECT $1::int + 1", "begin", "SELECT 2", "commit"}
	if !slices.EqualFunc(seen, want, strings.EqualFold) {
		t.Errorf("counted %q", seen)
	}
	counter.Cut()
	if err := conn.Ping(t.Context()); err == nil {
		t.Error("a cut proxy lets through")
	}
}
