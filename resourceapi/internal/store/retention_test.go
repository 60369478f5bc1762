package store_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/pkg/database"
	"latchkey/pkg/retention"
	"latchkey/pkg/testenv"
	"latchkey/resourceapi/internal/store"
)

// TestEveryTableSaysHowItsRowsEnd: a sweep, or with what they belong to. A new table
// fails here until somebody has decided.
func TestEveryTableSaysHowItsRowsEnd(t *testing.T) {
	eachQueue(t, func(q *queue) {
		swept := map[string]bool{}
		for _, e := range append(store.Expiries(q.now), store.ExpiriesOf(q.Family(uuid.NewString()), q.now)...) {
			swept[e.From] = true
		}
		kept := store.RowEnds()
		for _, table := range testenv.Tables(q.t, q.db) {
			if swept[table] == (kept[table] != "") {
				q.t.Errorf("%s: swept %v, kept %q", table, swept[table], kept[table])
			}
			delete(swept, table)
			delete(kept, table)
		}
		if len(swept) > 0 || len(kept) > 0 {
			q.t.Errorf("rules for no table: %v %v", swept, kept)
		}
	})
}

// TestSweepsGoByIndex: no rule reads a table from end to end or sorts it.
func TestSweepsGoByIndex(t *testing.T) {
	eachQueue(t, func(q *queue) {
		ofFamily := store.ExpiriesOf(q.Family(uuid.NewString()), q.now)
		for _, e := range append(ofFamily, store.Expiries(q.now)...) {
			args := append([]any{e.Before}, e.Args...)
			plan := testenv.Plan(q.t, q.db, `SELECT `+e.By+`, `+e.ID+` FROM `+e.From+` WHERE `+e.By+` < $1`+e.And+` ORDER BY `+e.By+`, `+e.ID+` LIMIT 100`, args...)
			if strings.Contains(plan, "Seq Scan") || strings.Contains(plan, "Sort") || strings.Contains(plan, "TEMP B-TREE") ||
				strings.Contains(plan, "SCAN "+e.From) && !strings.Contains(plan, "USING") {
				q.t.Errorf("%s by %s:\n%s", e.From, e.By, plan)
			}
		}
	})
}

func (q *queue) once(family, key string) {
	q.t.Helper()
	digest := sha256.Sum256([]byte(key))
	_, _, _, err := q.Family(family).Idempotent(q.t.Context(), digest[:], digest[:], func(context.Context) (int, []byte, error) { return 200, []byte("{}"), nil })
	if err != nil {
		q.t.Fatal(err)
	}
}

func (q *queue) rowsOf(family, table string) (n int64) {
	q.t.Helper()
	ctx := database.WithSetting(q.t.Context(), store.FamilySetting, family)
	if err := q.db.QueryRow(ctx, `SELECT count(*) FROM `+table+` WHERE family_id = $1`, family).Scan(&n); err != nil {
		q.t.Fatal(err)
	}
	return n
}

func (q *queue) wantRows(family string, keys, syncs, sweeps int64) {
	q.t.Helper()
	got := []int64{q.rowsOf(family, "idempotency_keys"), q.rowsOf(family, "syncs"), q.rowsOf(family, "sweeps")}
	if want := []int64{keys, syncs, sweeps}; got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
		q.t.Errorf("keys, syncs and sweeps: %v, want %v", got, want)
	}
}

// TestD8_WhatExpiresGoesWithoutASync: keys after a day or two, syncs after a month,
// of each family and under its row security; and what is young stays.
func TestD8_WhatExpiresGoesWithoutASync(t *testing.T) {
	eachQueue(t, func(q *queue) {
		sweeper := retention.New(retention.Options{DB: q.db, Rules: store.Expiries, Apart: q.Store, Now: func() time.Time { return q.now }})
		round := func(want retention.Counts) {
			q.t.Helper()
			dry, err := sweeper.Expired(q.t.Context())
			if err != nil {
				q.t.Fatal(err)
			}
			gone, ran, err := sweeper.Round(q.t.Context())
			if err != nil || !ran {
				q.t.Fatal(ran, err)
			}
			for _, counts := range []retention.Counts{dry, gone} {
				maps.DeleteFunc(counts, func(_ string, n int64) bool { return n == 0 })
				if !maps.Equal(counts, want) {
					q.t.Errorf("%v of %v", counts, want)
				}
			}
		}
		quiet, busy := uuid.NewString(), uuid.NewString()
		for i := range 230 { // more than a batch
			q.once(quiet, fmt.Sprint(i))
		}
		q.startSync(busy)
		if _, err := q.db.Exec(q.t.Context(), `INSERT INTO leases (family_id, holder, until) VALUES ($1, $1, $2)`, busy, q.now); err != nil { // of a worker that died
			q.t.Fatal(err)
		}
		round(retention.Counts{})
		q.now = q.now.Add(23*time.Hour + 30*time.Minute)
		q.once(busy, "young")
		q.once(quiet, "young")
		q.now = q.now.Add(31 * time.Minute)
		round(retention.Counts{"idempotency_keys": 230, "leases": 1})
		q.wantRows(quiet, 1, 0, 1)
		q.wantRows(busy, 1, 1, 1)
		q.now = q.now.Add(25 * time.Hour)
		round(retention.Counts{"idempotency_keys": 2})
		q.wantRows(quiet, 0, 0, 0)
		q.wantRows(busy, 0, 1, 1)
		q.now = q.now.Add(30 * 24 * time.Hour)
		round(retention.Counts{"syncs": 1})
		q.wantRows(busy, 0, 0, 0)
		q.once(busy, "again")
		q.wantRows(busy, 1, 0, 1)
		if err := q.Family(busy).Erase(q.t.Context()); err != nil {
			q.t.Fatal(err)
		}
		q.wantRows(busy, 0, 0, 0)
	})
}

// TestASweepWaitsForWhoWrites: a key that is being written while the family is taken off
// is not forgotten.
func TestASweepWaitsForWhoWrites(t *testing.T) {
	eachQueue(t, func(q *queue) {
		family := uuid.NewString()
		q.once(family, "old")
		q.now = q.now.Add(25 * time.Hour)
		other := store.New(q.db, store.Options{Currency: "USD", Now: func() time.Time { return q.now }})
		swept := make(chan error, 1)
		digest := sha256.Sum256([]byte("new"))
		_, _, _, err := q.Family(family).Idempotent(q.t.Context(), digest[:], digest[:], func(context.Context) (int, []byte, error) {
			go func() {
				swept <- other.SweepApart(q.t.Context(), q.now, func(string, int64) {})
			}()
			if q.db.Engine() == database.Postgres { // SQLite has one writer: the sweep waits before its first batch
				testenv.Eventually(q.t, 30*time.Second, "the sweep waits", func() bool {
					var n int
					err := q.db.QueryRow(q.t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&n)
					return err == nil && n > 0
				})
			}
			return 200, []byte("{}"), nil
		})
		if err != nil {
			q.t.Fatal(err)
		}
		if err := <-swept; err != nil {
			q.t.Fatal(err)
		}
		q.wantRows(family, 1, 0, 1)
	})
}
