package database_test

import (
	"context"
	"errors"
	"testing"

	"latchkey/pkg/database"
	"latchkey/pkg/testenv"
)

func TestSettingTravelsWithTheStatement(t *testing.T) {
	db, err := database.Open(t.Context(), testenv.Postgres(t), database.Options{MaxConnections: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // end of the test
	set := database.WithSetting(t.Context(), "latchkey.family", "one")
	read := func(ctx context.Context) string {
		var got string
		if err := db.QueryRow(ctx, "SELECT coalesce(current_setting('latchkey.family', true), '')").Scan(&got); err != nil {
			t.Fatal(err)
		}
		return got
	}
	for range 3 { // the one connection must forget the setting every time
		if got := read(set); got != "one" {
			t.Errorf("with the setting: %q", got)
		}
		if got := read(t.Context()); got != "" {
			t.Errorf("after it: %q", got)
		}
	}
	rows, err := db.Query(set, "SELECT current_setting('latchkey.family', true) FROM generate_series(1, $1::int)", 3)
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for rows.Next() {
		var got string
		if err := rows.Scan(&got); err != nil || got != "one" {
			t.Errorf("row: %q, %v", got, err)
		}
		count++
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil || count != 3 {
		t.Errorf("%d rows, %v", count, err)
	}
	if _, err := db.Exec(set, "CREATE TABLE seen AS SELECT current_setting('latchkey.family', true) AS who"); err != nil {
		t.Fatal(err)
	}
	if err := db.QueryRow(set, "SELECT 1/0").Scan(new(int)); err == nil {
		t.Error("a failing statement succeeded")
	}
	if err := db.QueryRow(set, "SELECT who FROM seen WHERE false").Scan(new(string)); !errors.Is(err, database.ErrNoRows) {
		t.Errorf("no rows: %v", err)
	}
}

func TestSettingBeginsTheTransaction(t *testing.T) {
	db, err := database.Open(t.Context(), testenv.Postgres(t), database.Options{MaxConnections: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // end of the test
	if _, err := db.Exec(t.Context(), "CREATE TABLE notes (who TEXT)"); err != nil {
		t.Fatal(err)
	}
	set := database.WithSetting(t.Context(), "latchkey.family", "two")
	insert := func(ctx context.Context) error {
		_, err := db.Exec(ctx, "INSERT INTO notes SELECT current_setting('latchkey.family', true)")
		return err
	}
	committed := false
	err = db.InTx(set, func(ctx context.Context) error {
		db.AfterCommit(ctx, func(context.Context) { committed = true })
		return errors.Join(insert(ctx), db.ORM(ctx).Exec("INSERT INTO notes VALUES ('orm')").Error)
	})
	if err != nil || !committed {
		t.Fatalf("commit: %v, hook ran: %v", err, committed)
	}
	refused := errors.New("refused")
	if err := db.InTx(set, func(ctx context.Context) error { return errors.Join(insert(ctx), refused) }); !errors.Is(err, refused) {
		t.Fatalf("roll back: %v", err)
	}
	func() {
		defer func() { _ = recover() }()
		_ = db.InTx(set, func(ctx context.Context) error { _ = insert(ctx); panic("in a transaction") })
	}()
	gone, cancel := context.WithCancel(set)
	if err := db.InTx(gone, func(ctx context.Context) error { err := insert(ctx); cancel(); return err }); err == nil {
		t.Error("a cancelled transaction committed")
	}
	var rows int
	if err := db.QueryRow(t.Context(), "SELECT count(*) FROM notes WHERE who IN ('two', 'orm')").Scan(&rows); err != nil || rows != 2 {
		t.Errorf("%d rows, %v", rows, err)
	}
	if err := db.InTx(database.WithSetting(t.Context(), "latchkey.family", "it's"), insert); err == nil {
		t.Error("a quote was let through")
	}
}
