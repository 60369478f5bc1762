package store_test

import (
	"strings"
	"testing"
	"time"

	"latchkey/authserver/internal/store"
	"latchkey/pkg/database"
	"latchkey/pkg/fault"
	"latchkey/pkg/testenv"
)

// TestEveryTableSaysHowItsRowsEnd: a sweep, or with what they belong to. A new table
// fails here until somebody has decided.
func TestEveryTableSaysHowItsRowsEnd(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.DB, s *store.Store) {
		swept := map[string]bool{}
		for _, e := range s.Expiries(start, store.Retention{}) {
			swept[e.From] = true
		}
		kept := store.RowEnds()
		tables := testenv.Tables(t, db)
		for _, table := range tables {
			if swept[table] == (kept[table] != "") {
				t.Errorf("%s: swept %v, kept %q", table, swept[table], kept[table])
			}
			delete(swept, table)
			delete(kept, table)
		}
		if len(tables) < 20 || len(swept) > 0 || len(kept) > 0 {
			t.Errorf("%d tables; rules for none: %v %v", len(tables), swept, kept)
		}
	})
}

// TestSweepsGoByIndex: no rule reads a table from end to end or sorts it.
func TestSweepsGoByIndex(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.DB, s *store.Store) {
		for _, e := range s.Expiries(start, store.Retention{Grants: time.Hour, Devices: time.Hour}) {
			plan := testenv.Plan(t, db, `SELECT `+e.By+`, `+e.ID+` FROM `+e.From+` WHERE `+e.By+` < $1`+e.And+` ORDER BY `+e.By+`, `+e.ID+` LIMIT 100`, e.Before)
			if strings.Contains(plan, "Seq Scan on "+e.From) || strings.Contains(plan, "Sort") ||
				strings.Contains(plan, "TEMP B-TREE") || strings.Contains(plan, "SCAN "+e.From) && !strings.Contains(plan, "USING") {
				t.Errorf("%s by %s:\n%s", e.From, e.By, plan)
			}
		}
	})
}

// A client that introduced itself and that nobody uses is forgotten, but not one that
// an operator has switched off: it would come back as if nothing had been.
func TestASwitchedOffClientIsNotForgotten(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.DB, s *store.Store) {
		for _, id := range []string{"unused", "off"} {
			addClient(t, s, id)
		}
		exec(t, db, `UPDATE clients SET introduced = 'document', seen_at = $1`, start)
		exec(t, db, `UPDATE clients SET disabled_at = $1 WHERE id = 'off'`, start)
		for _, e := range s.Expiries(start.Add(365*24*time.Hour), store.Retention{}) {
			if e.From != "clients" {
				continue
			}
			if _, err := db.Sweep(t.Context(), e, 0, func(int64) {}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.FindClient(t.Context(), "unused"); !fault.Is(err, fault.NotFound) {
			t.Errorf("unused: %v", err)
		}
		if _, err := s.FindClient(t.Context(), "off"); err != nil {
			t.Errorf("switched off: %v", err)
		}
	})
}

// TestEventsOfARequestGoByIndex on both engines.
func TestEventsOfARequestGoByIndex(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.DB, s *store.Store) {
		how := testenv.Plan(t, db, `SELECT id FROM events WHERE request_id = $1 AND request_id <> '' ORDER BY at, id`, "r")
		if !strings.Contains(how, "events_request") || strings.Contains(how, "Sort") || strings.Contains(how, "TEMP B-TREE") {
			t.Error(how)
		}
	})
}

// TestDecisionsGoByIndex: what the overview looks for is found without reading tables.
func TestDecisionsGoByIndex(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.DB, _ *store.Store) {
		for index, statement := range map[string]string{
			"clients_claimed":     `SELECT id FROM clients WHERE owner_id IS NOT NULL OR introduced <> '' ORDER BY created_at DESC, id DESC LIMIT 200`,
			"events_refused":      `SELECT address, user_id FROM events WHERE kind = 'signin.failed' AND at >= $1 ORDER BY at DESC, id DESC LIMIT 5000`,
			"usage_hours_limited": `SELECT subject, hour FROM usage_hours WHERE kind = 'key' AND limited > 0 AND hour >= $1 ORDER BY hour DESC, subject DESC LIMIT 5000`,
		} {
			var args []any
			if strings.Contains(statement, "$1") {
				args = append(args, start)
			}
			how := testenv.Plan(t, db, statement, args...)
			if !strings.Contains(how, index) || strings.Contains(how, "Sort") || strings.Contains(how, "TEMP B-TREE") {
				t.Errorf("%s: %s", index, how)
			}
		}
	})
}
