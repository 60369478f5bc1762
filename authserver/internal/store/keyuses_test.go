package store_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/authserver/internal/store"
	"latchkey/pkg/database"
	"latchkey/pkg/keyuse"
)

// Nobody counts what is not there, or had ended before.
func TestUsageIsOfWhatThereIs(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.DB, s *store.Store) {
		p := addPerson(t, db)
		k, _ := addKey(t, s, p.id, authserver.SourceWeb)
		if _, err := db.Exec(t.Context(), `UPDATE api_keys SET revoked_at = $1 WHERE id = $2`, start, k.ID); err != nil {
			t.Fatal(err)
		}
		hour, nobody := start.Truncate(time.Hour), uuid.NewString()
		later := hour.Add(2 * time.Hour)
		err := s.StampUses(t.Context(), []keyuse.Use{
			{ID: k.ID, At: start, Hour: hour, Count: 1},
			{ID: k.ID, At: later, Hour: later, Count: 1},
			{ID: nobody, At: start, Hour: hour, Count: 1},
			{Kind: keyuse.KindClient, ID: "nobody", At: start, Hour: hour, Count: 1},
			{Kind: keyuse.KindGrant, ID: nobody, At: start, Hour: hour, Count: 1},
			{Kind: keyuse.KindInstance, ID: "signin", At: start, Hour: hour, Count: 1},
		})
		if err != nil {
			t.Fatal(err)
		}
		for what, want := range map[string]int{"kind = 'key'": 1, "kind = 'instance'": 1, "1 = 1": 2} {
			var n int
			if err := db.QueryRow(t.Context(), `SELECT count(*) FROM usage_hours WHERE `+what).Scan(&n); err != nil || n != want {
				t.Errorf("%s: %d rows, %v", what, n, err)
			}
		}
	})
}

// What the instance counts of itself is kept for a year, what is about keys is not; and a
// year is summed up by month.
func TestTheInstanceRemembersAYear(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.DB, s *store.Store) {
		const day = 24 * time.Hour
		for _, ago := range []time.Duration{0, 40 * day, 399 * day, 401 * day} {
			exec(t, db, `INSERT INTO usage_hours (kind, subject, hour, calls, limited, forbidden) VALUES ('instance', 'tokens', $1, 5, 0, 0), ('key', 'k', $1, 5, 0, 0)`, start.Add(-ago))
			exec(t, db, `INSERT INTO latency_hours (hour, bucket, requests) VALUES ($1, 3, 7)`, start.Add(-ago))
		}
		for _, e := range s.Expiries(start, store.Retention{Usage: 35 * day}) {
			if e.From != "usage_hours" && e.From != "latency_hours" {
				continue
			}
			if _, err := db.Sweep(t.Context(), e, 0, func(int64) {}); err != nil {
				t.Fatal(err)
			}
		}
		for what, want := range map[string]int{
			`usage_hours WHERE kind = 'instance'`: 3, `usage_hours WHERE kind = 'key'`: 1, `latency_hours`: 3,
		} {
			var n int
			if err := db.QueryRow(t.Context(), `SELECT count(*) FROM `+what).Scan(&n); err != nil || n != want {
				t.Errorf("%s: %d, want %d (%v)", what, n, want, err)
			}
		}
		exec(t, db, `INSERT INTO usage_hours (kind, subject, hour, calls, limited, forbidden) VALUES ('instance', 'tokens', $1, 6, 0, 0)`, start.Add(-time.Hour))
		exec(t, db, `INSERT INTO latency_hours (hour, bucket, requests) VALUES ($1, 3, 8)`, start.Add(-time.Hour))
		months, err := s.ListUsageMonths(t.Context(), "instance", "tokens", start.Add(-100*day))
		if err != nil || len(months) != 2 {
			t.Fatalf("%+v, %v", months, err)
		}
		sums := map[time.Month]int64{}
		for _, one := range months {
			sums[one.Hour.UTC().Month()] = one.Calls
		}
		if sums[start.Month()] != 11 || sums[start.Add(-40*day).Month()] != 5 {
			t.Errorf("%v", sums)
		}
		took, err := s.ListLatencyMonths(t.Context(), start.Add(-10*day))
		if err != nil || len(took) != 1 || took[0].Requests != 15 || took[0].Bucket != 3 || took[0].Hour.UTC().Month() != start.Month() {
			t.Errorf("%+v, %v", took, err)
		}
	})
}
