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
