package main_test

import (
	"encoding/json"
	"testing"
	"time"

	"latchkey/pkg/database"
	"latchkey/pkg/testenv"
	"latchkey/resourceapi/internal/store"
)

// TestSweepCountsAndDeletesOfEachFamily, with a service that is running.
func TestSweepCountsAndDeletesOfEachFamily(t *testing.T) {
	program := build(t)
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newService(t, program, set)
		if status, answer := s.call("POST", "/api/v1/sync", nil); status >= 300 {
			t.Fatal(status, answer)
		}
		db, err := database.Open(t.Context(), s.env["API_DATABASE_URL"], database.Options{MaxConnections: 1})
		if err != nil {
			t.Fatal(err)
		}
		ctx := database.WithSetting(t.Context(), store.FamilySetting, "2f1e8b7a-0000-4000-8000-000000000001")
		old := time.Now().UTC().Add(-31 * 24 * time.Hour)
		testenv.Eventually(t, 30*time.Second, "the sync is done", func() bool {
			var n int
			return db.QueryRow(ctx, `SELECT count(*) FROM jobs`).Scan(&n) == nil && n == 0
		})
		for text, at := range map[string]time.Time{`UPDATE syncs SET created_at = $1`: old, `UPDATE sweeps SET due_at = $1`: old} {
			if n, err := db.Exec(ctx, text, at); n == 0 || err != nil {
				t.Fatal(n, err)
			}
		}
		for i, c := range []struct {
			args  []string
			syncs bool
		}{{[]string{"sweep", "--dry-run", "--json"}, true}, {[]string{"sweep", "--json"}, true}, {[]string{"sweep", "--dry-run", "--json"}, false}} {
			out, err := run(t, program, s.env, c.args...)
			var counts map[string]int64
			if err != nil || json.Unmarshal([]byte(out), &counts) != nil || (counts["syncs"] > 0) != c.syncs {
				t.Errorf("%d. %v: %v\n%s", i, c.args, err, out)
			}
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
}
