package database_test

import (
	"context"
	"testing"

	"latchkey/pkg/database"
	"latchkey/pkg/testenv"
)

// TestOneProcessAtATimeIsAlone on PostgreSQL, where several replicas run; another name
// is another matter, and a pool of one connection keeps none for the lock.
func TestOneProcessAtATimeIsAlone(t *testing.T) {
	testenv.Production.Need(t)
	url := testenv.Postgres(t)
	open := func(most int) *database.DB {
		db, err := database.Open(t.Context(), url, database.Options{MaxConnections: most})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		return db
	}
	first, second, small := open(2), open(2), open(1)
	try := func(db *database.DB, name string) bool {
		ran, err := db.Alone(t.Context(), name, func(context.Context) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		return ran
	}
	ran, err := first.Alone(t.Context(), "sweep", func(ctx context.Context) error {
		if try(second, "sweep") {
			t.Error("two at a time")
		}
		if !try(second, "another") || !try(small, "sweep") {
			t.Error("others wait")
		}
		_, err := first.Exec(ctx, `SELECT 1`) // there is a connection left
		return err
	})
	if err != nil || !ran || !try(second, "sweep") {
		t.Errorf("not released: %v %v", ran, err)
	}
}

// TestWhoIsAloneKeepsNoSnapshot: with one, nothing that is deleted or replaced during a
// sweep could be tidied up, so that everybody's rows would grow meanwhile.
func TestWhoIsAloneKeepsNoSnapshot(t *testing.T) {
	testenv.Production.Need(t)
	db, err := database.Open(t.Context(), testenv.Postgres(t), database.Options{MaxConnections: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	var locks, snapshots int
	_, err = db.Alone(t.Context(), "sweep", func(ctx context.Context) error {
		return db.QueryRow(ctx, `SELECT count(*), count(backend_xmin) FROM pg_stat_activity
			WHERE datname = current_database() AND state = 'idle in transaction'`).Scan(&locks, &snapshots)
	})
	if err != nil || locks != 1 || snapshots != 0 {
		t.Errorf("%d locks, %d snapshots: %v", locks, snapshots, err)
	}
}
