package grant_test

import (
	"testing"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/store"
	"latchkey/pkg/scope"
)

// sweep deletes what is dead for thirty days, and returns how many rows went.
func (w *world) sweep() (total int64) {
	w.Helper()
	const month = 30 * 24 * time.Hour
	for _, e := range w.Store.Expiries(w.Now(), store.Retention{Grants: month, Devices: 1000 * time.Hour, Events: 10_000 * time.Hour}) {
		if _, err := w.DB.Sweep(w.Context(), e, 0, func(n int64) { total += n }); err != nil {
			w.Fatal(err)
		}
	}
	return total
}

// TestWhatIsIdleStaysAndWhatEndedIsRemembered: sweeps of a year find a grant that
// nobody uses alive, and each only once in a while. Thirty days after its end it goes,
// and not before, however long it was idle.
func TestWhatIsIdleStaysAndWhatEndedIsRemembered(t *testing.T) {
	eachEngine(t, defaults(), func(w *world) {
		w.Exec(`UPDATE signins SET expires_at = $1`, start.Add(20_000*time.Hour))
		idle, ended := w.redeemed(scope.Read), w.redeemed(scope.Read)
		w.Exec(`UPDATE grants SET refresh_expires_at = $1`, start.Add(20_000*time.Hour))
		days := func(n int) (gone int64) {
			for range n {
				w.Pass(24 * time.Hour)
				gone += w.sweep()
				if n := w.Count(`SELECT count(*) FROM grants WHERE alive_day < $1`, int(w.Now().Unix()/86400)-30); n != 0 {
					w.Fatalf("%d grants are looked at again", n)
				}
			}
			return gone
		}
		if n := days(365); n != 0 {
			w.Errorf("%d rows went that live", n)
		}
		if err := w.Service.End(w.Context(), authserver.GrantFilter{ID: ended.GrantID}, authserver.EndRevoked); err != nil {
			w.Fatal(err)
		}
		if n := days(30); n != 0 {
			w.Errorf("%d rows went within thirty days", n)
		}
		if n := days(1); n != 1 {
			w.Errorf("%d rows went after thirty days", n)
		}
		if n := w.Count(`SELECT count(*) FROM grants WHERE id = $1`, idle.GrantID); n != 1 {
			w.Error("a grant that lives went")
		}
	})
}

// D8: what is dead goes by the index, what is alive stays, and codes that nobody
// redeemed go at once.
func TestD8SweepTakesWhatIsDeadAndNothingElse(t *testing.T) {
	eachEngine(t, defaults(), func(w *world) {
		w.Exec(`UPDATE signins SET expires_at = $1`, start.Add(10_000*time.Hour))
		alive, ended := w.redeemed(scope.Read), w.redeemed(scope.Read)
		for range 700 { // more than a batch, all dead in the same instant
			w.redeemed(scope.Read)
		}
		w.Exec(`UPDATE grants SET ended_at = NULL, end_reason = '', alive_day = $1, access_expires_at = $2, refresh_expires_at = $2`,
			int(start.Unix()/86400), start.Add(24*time.Hour))
		w.approve(scope.Read)
		w.Pass(time.Minute)
		w.Exec(`UPDATE grants SET refresh_expires_at = $2 WHERE id = $1`, alive.GrantID, start.Add(10_000*time.Hour))
		if err := w.Service.End(w.Context(), authserver.GrantFilter{ID: ended.GrantID}, authserver.EndRevoked); err != nil {
			w.Fatal(err)
		}
		w.Pass(12 * time.Minute)
		if n := w.sweep(); n != 1 {
			w.Errorf("%d rows went, want the code", n)
		}
		w.Pass(31*24*time.Hour - 13*time.Minute)
		if n := w.sweep(); n != 1 {
			w.Errorf("%d rows went, want the grant that was ended", n)
		}
		w.Pass(48 * time.Hour)
		if n := w.sweep(); n != 700 {
			w.Errorf("%d rows went", n)
		}
		if n := w.Count(`SELECT count(*) FROM grants WHERE id = $1`, alive.GrantID); n != 1 {
			w.Error("a live grant went")
		}
	})
}
