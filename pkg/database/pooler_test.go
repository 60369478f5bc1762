package database_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"latchkey/pkg/database"
	"latchkey/pkg/testenv"
)

// TestD1_PgBouncerInTransactionMode: PgBouncer gives each transaction another
// server; statements of all kinds are answered there as on a server of our own.
func TestD1_PgBouncerInTransactionMode(t *testing.T) {
	through := testenv.StartPgBouncer(t, testenv.Postgres(t))
	db := open(t, through)
	mustExec(t, db, "CREATE TABLE counters (id int PRIMARY KEY, n int NOT NULL DEFAULT 0, data bytea, at timestamptz)")
	set := database.WithSetting(t.Context(), "latchkey.family", "one")
	var all sync.WaitGroup
	for id := range 40 {
		all.Go(func() {
			for range 10 {
				ask(t, db, set, id)
			}
		})
	}
	all.Wait()
}

func ask(t *testing.T, db *database.DB, set context.Context, id int) { //nolint:revive // both contexts are looked at
	ctx := t.Context()
	insert := "INSERT INTO counters (id, data) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET n = counters.n + 1 RETURNING n"
	errs := []error{
		db.QueryRow(ctx, insert, id, []byte{1, 2}).Scan(new(int)),
		db.ReadRowBatched(ctx, "SELECT n FROM counters WHERE id = $1", id).Scan(new(int)),
		db.InTx(ctx, func(ctx context.Context) error { return db.QueryRow(ctx, insert, id, []byte{}).Scan(new(int)) }),
		db.ORM(ctx).Exec("UPDATE counters SET n = n + 1 WHERE id = ?", id).Error,
	}
	var family string
	read := "SELECT coalesce(current_setting('latchkey.family', true), '')"
	errs = append(errs, db.QueryRow(set, read).Scan(&family))
	if family != "one" {
		t.Errorf("the setting did not travel: %q", family)
	}
	errs = append(errs, db.QueryRow(ctx, read).Scan(&family))
	if family != "" {
		t.Errorf("the setting stayed: %q", family)
	}
	errs = append(errs, db.InTx(set, func(ctx context.Context) error { return db.QueryRow(ctx, read).Scan(&family) }))
	if err := errors.Join(errs...); err != nil || family != "one" {
		t.Errorf("%q, %v", family, err)
	}
}

// Migrations of two replicas through PgBouncer: each step once, and nothing of the
// lock stays behind.
func TestD1_MigrationsThroughPgBouncer(t *testing.T) {
	through := testenv.StartPgBouncer(t, testenv.Postgres(t))
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			for range 2 {
				if err := open(t, through).Migrate(t.Context(), steps("CREATE TABLE once (id int);"), 1); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

func TestCheckURL(t *testing.T) {
	for url, want := range map[string]string{
		"":                      "",
		"sqlite:x.db":           "",
		"postgres://a:hush@h/d": "",
		"postgresql://a@h1:5432,h2:1/d?target_session_attrs=read-write": "",
		"mysql://a:hush@h/d":                                            "must start with sqlite: or postgres://",
		"postgres://a:hu%zzsh@h/d":                                      "cannot be read",
		"postgres://a:hush@h/d?sslmode=perhaps":                         "cannot be read",
		"postgres://a:hush@h/d?default_query_exec_mode=exec":            "default_query_exec_mode",
		"postgres://a:hush@h/d?default_query_exec_mode=simple_protocol": "default_query_exec_mode",
	} {
		err := database.CheckURL("X_URL", url)
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "X_URL ") &&
			!strings.HasPrefix(err.Error(), "X_URL: ") || strings.Contains(err.Error(), "sh@")) {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func open(t *testing.T, url string) *database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), url, database.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// steps is a schema of one step on each engine.
func steps(statements string) fstest.MapFS {
	file := &fstest.MapFile{Data: []byte("-- +goose Up\n" + statements + "\n")}
	return fstest.MapFS{"postgres/0001_first.sql": file, "sqlite/0001_first.sql": file}
}
