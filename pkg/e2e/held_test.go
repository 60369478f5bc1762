package e2e

import (
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

// hold locks the grant of a client, as somebody at the database does, until
// release is called.
func (w *world) hold(clientID string) (release func()) {
	w.t.Helper()
	conn, err := pgx.Connect(w.t.Context(), w.AuthDB)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = conn.Close(w.t.Context()) })
	tx, err := conn.Begin(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	if tag, err := tx.Exec(w.t.Context(), "SELECT 1 FROM grants WHERE client_id = $1 FOR UPDATE", clientID); err != nil || tag.RowsAffected() != 1 {
		w.t.Fatalf("%v rows, %v", tag.RowsAffected(), err)
	}
	return func() {
		if err := tx.Rollback(w.t.Context()); err != nil {
			w.t.Error(err)
		}
	}
}

// refreshAll refreshes all pairs at once, in place, and returns how long the
// slowest took.
func (w *world) refreshAll(app *actor.App, pairs []Pair) time.Duration {
	w.t.Helper()
	took := together(len(pairs), func(i int) time.Duration {
		began := time.Now()
		answer, err := app.Refresh(w.t.Context(), pairs[i].Refresh)
		if err != nil || answer.Status != http.StatusOK {
			w.t.Errorf("a refresh: %v %v", answer, err)
			return 0
		}
		pairs[i] = Pair{Access: answer.Text("access_token"), Refresh: answer.Text("refresh_token")}
		return time.Since(began)
	})
	return slices.Max(took)
}

// TestB2_NobodyWaitsBehindSomebodyElsesLock refreshes fifty grants at once while
// somebody at the database holds the row of another one, which is refreshed at the
// same moments. The bound comes from the same minute without the lock, so it
// runs alone.
func TestB2_NobodyWaitsBehindSomebodyElsesLock(t *testing.T) {
	testenv.Production.Need(t)
	w := startWorld(t, testenv.Production, stack.Setup{AuthEnv: manyGrants.With(process.Env{"AUTH_DATABASE_CONNECTIONS": "16"})})
	app, heldApp, p := w.public(), w.public(), w.person()
	held := w.refreshed(heldApp, w.tokensOf(p, heldApp, "read").Refresh)
	pairs := make([]Pair, 50)
	for i := range pairs {
		pairs[i] = w.tokensOf(p, app, "read")
	}
	const rounds = 5
	slowest := func(meanwhile func()) time.Duration { // of the round that nothing else kept waiting
		var took []time.Duration
		for range rounds {
			go meanwhile()
			took = append(took, w.refreshAll(app, pairs))
		}
		return slices.Min(took)
	}
	slowest(func() {}) // connections and plans are made
	alone := slowest(func() {})

	release, waiting := w.hold(heldApp.Client.ID), make(chan outcome, rounds)
	beside := slowest(func() {
		answer, err := heldApp.Refresh(t.Context(), held.Refresh)
		waiting <- outcome{answer, err}
	})
	var asks []time.Duration
	for range rounds {
		began := time.Now()
		w.wantActive(held.Access, true, "the access token of the held grant") // its first use, which cannot be noted
		asks = append(asks, time.Since(began))
	}
	asked := slices.Min(asks)
	t.Logf("the slowest of fifty: %s alone, %s beside a held row; an introspection of that one %s", alone, beside, asked)
	if bound := 3*alone + 250*time.Millisecond; beside > bound || asked > bound {
		t.Errorf("beside a held row the slowest of fifty took %s and an introspection of it %s, the bound is %s", beside, asked, bound)
	}
	if n := len(waiting); n > 0 {
		t.Errorf("%d refreshes of the held grant were answered", n)
	}
	release()
	w.wantOnePair(waiting, rounds)
}

// wantOnePair wants n refreshes of one token to have been answered alike.
func (w *world) wantOnePair(answers <-chan outcome, n int) {
	w.t.Helper()
	var first Pair
	for i := range n {
		o := <-answers
		if o.err != nil {
			w.t.Fatal(o.err)
		}
		pair, err := pairOf(o.answer)
		if i == 0 {
			first = pair
		}
		if err != nil || !samePair(pair, first) {
			w.t.Errorf("the held grant, released: %v", err)
		}
	}
}

// Two grants of one user and client do not wait for each other either, whatever
// is done with them.
func TestB2_OneGrantOfAUserDoesNotHoldTheOthers(t *testing.T) {
	t.Parallel()
	testenv.Production.Need(t)
	w := startWorld(t, testenv.Production, stack.Setup{})
	app, p := w.public(), w.person()
	w.tokensOf(p, app, "read")
	release := w.hold(app.Client.ID)
	defer release()
	done := make(chan struct{})
	go func() {
		defer close(done)
		pair, err := Authorize(t.Context(), app, p, "read")
		if err != nil {
			t.Error(err)
			return
		}
		if answer, err := app.Form(t.Context(), "/oauth/revoke", url.Values{"token": {pair.Access}}); err != nil || answer.Status != http.StatusOK {
			t.Errorf("revoke: %v %v", answer, err)
		}
	}()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		t.Error("a grant of the same user and client waits for another one")
	}
}
