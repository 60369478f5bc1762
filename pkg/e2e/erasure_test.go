package e2e

import (
	"net/http"
	"testing"
	"time"

	"latchkey/pkg/database"
	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

// The last member of a family leaves while the resource API is away, and the
// authorization server dies at once after its answer. The family's data goes
// all the same, once both are back.
func TestErasureSurvivesACrash(t *testing.T) {
	ownWorld(t, stack.Setup{AuthEnv: process.Env{"AUTH_ERASURE_GRACE": "0s"}}, func(w *world) {
		p := w.person()
		pair, err := pairOf(w.login(p, "phone"))
		if err != nil {
			w.t.Fatal(err)
		}
		wantStatus(w.t, w.call(http.MethodGet, accounts, pair.Access, nil), http.StatusOK)
		answer, err := w.resourceServer().Introspect(w.t.Context(), pair.Access)
		if err != nil {
			w.t.Fatal(err)
		}
		family := answer.Text("family_id")
		if n := w.rowsOf(family); n == 0 {
			w.t.Fatal("the family has no data to erase")
		}

		w.API().Kill()
		answer, err = (&actor.App{}).Call(w.t.Context(), http.MethodDelete, w.Auth.URL+"/api/v1/users/me", pair.Access, nil)
		if err != nil || answer.Status != http.StatusOK {
			w.t.Fatalf("%v %v", answer, err)
		}
		w.Auth.Kill()

		if err := w.RestartAuth(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		w.APIs = nil
		if err := w.AddAPI(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		testenv.Eventually(w.t, time.Minute, "the family's data is erased", func() bool { return w.rowsOf(family) == 0 })
		if answer := w.login(p, "phone"); answer.Status != http.StatusUnauthorized {
			w.t.Errorf("signing in to the deleted account: %s", answer)
		}
	})
}

// rowsOf counts the accounts of a family in the resource API's own tables.
func (w *world) rowsOf(family string) int {
	w.t.Helper()
	db, err := database.Open(w.t.Context(), w.APIDB, database.Options{MaxConnections: 1})
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // read only
	var n int
	if err := db.QueryRow(w.t.Context(), `SELECT count(*) FROM accounts WHERE family_id = $1`, family).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}
