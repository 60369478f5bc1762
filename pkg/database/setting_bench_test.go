package database_test

import (
	"context"
	"testing"

	"latchkey/pkg/database"
	"latchkey/pkg/testenv"
)

// BenchmarkSetting shows what it costs to give a statement its setting: none at
// all, in the statement's own trip, and in a transaction around it.
func BenchmarkSetting(b *testing.B) {
	db, err := database.Open(b.Context(), testenv.Postgres(b), database.Options{MaxConnections: 1})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // end of the benchmark
	one := func(ctx context.Context) error {
		return db.QueryRow(ctx, "SELECT $1::int", 1).Scan(new(int))
	}
	set := database.WithSetting(b.Context(), "latchkey.family", "one")
	for name, run := range map[string]func() error{
		"none":        func() error { return one(b.Context()) },
		"one-trip":    func() error { return one(set) },
		"transaction": func() error { return db.InTx(set, one) },
		"three-trips": func() error {
			return db.InTx(b.Context(), func(ctx context.Context) error {
				if _, err := db.Exec(ctx, "SELECT set_config('latchkey.family', 'one', true)"); err != nil {
					return err
				}
				return one(ctx)
			})
		},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := run(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
