package account_test

import (
	"context"
	"testing"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/storetest"
)

// What an operator switched off stays off when its owner leaves and comes back.
func TestComingBackSwitchesNothingOnThatAnOperatorSwitchedOff(t *testing.T) {
	eachEngine(t, settings(graceful), func(w *world) {
		ada := w.ada()
		bob := w.member(ada, "bob@example.com", authserver.RoleMember)
		for _, id := range []string{"good", "bad"} {
			w.AddClient(id, func(c *authserver.Client) { c.OwnerID = bob.ID })
		}
		w.must(w.Store.DisableClient(w.Context(), "bad", w.Now()))
		want := func(when, live string) {
			w.Helper()
			for _, id := range []string{"good", "bad"} {
				if n := w.Count(`SELECT count(*) FROM clients WHERE id = $1 AND disabled_at IS NULL`, id); (n == 1) != (id == live) {
					w.Errorf("%s: the %s one", when, id)
				}
			}
		}
		w.Pass(time.Second)
		w.must(w.People.Deactivate(w.Context(), bob.ID))
		want("deactivated", "")
		w.Pass(time.Second)
		w.must(w.People.Reactivate(w.Context(), bob.ID))
		want("reactivated", "good")
		w.Pass(time.Second)
		_, err := w.People.Close(w.Context(), bob.ID)
		w.must(err)
		want("closed", "")
		w.Pass(time.Second)
		got, err := w.People.SignIn(w.Context(), "bob@example.com", password, home, nobody)
		w.must(err)
		w.must(w.People.Restore(w.Context(), got.Restore.Reveal()))
		want("restored", "good")
	})
}

// While its owner's account is closed nothing is on, also when an operator switches it on
// at the moment the owner goes.
func TestNothingIsOnWithoutItsOwner(t *testing.T) {
	eachEngine(t, settings(graceful), func(w *world) {
		bob := w.member(w.ada(), "bob@example.com", authserver.RoleMember)
		w.AddClient("budget", func(c *authserver.Client) { c.OwnerID = bob.ID })
		for range 5 {
			w.must(w.Store.DisableClient(w.Context(), "budget", w.Now()))
			w.Pass(time.Second)
			storetest.Race(2, func(i int) bool {
				if i == 0 {
					return w.People.Deactivate(w.Context(), bob.ID) == nil
				}
				return w.Store.InTx(w.Context(), func(ctx context.Context) error {
					_, err := w.Store.EnableClient(ctx, "budget")
					return err
				}) == nil
			})
			if n := w.Count(`SELECT count(*) FROM clients WHERE id = 'budget' AND stopped_at IS NULL AND disabled_at IS NOT NULL`); n != 1 {
				w.Error("it is on without its owner, or still off for the operator")
			}
			w.Pass(time.Second)
			w.must(w.People.Reactivate(w.Context(), bob.ID))
			if n := w.Count(`SELECT count(*) FROM clients WHERE id = 'budget' AND disabled_at IS NULL`); n != 1 {
				w.Error("its owner is back, and it is off")
			}
		}
	})
}
