package e2e

import (
	"net/http"
	"testing"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

// overlapping registers a public client whose processes share one store of tokens.
func (w *world) overlapping(overlap string) *actor.App {
	w.t.Helper()
	return w.client(loopbackCallback, "--public", "--refresh-overlap", overlap)
}

func samePair(a, b Pair) bool {
	return a.Access == b.Access && a.Refresh == b.Refresh && a.Scope == b.Scope
}

// A client that lost the answer gets it again, as long as nobody has used the new
// pair: 200 times at once, in production at two replicas.
func TestA5_ALostAnswerIsGivenAgain(t *testing.T) {
	ownWorld(t, stack.Setup{}, func(w *world) {
		app := w.public()
		doors := []*actor.App{app, app}
		if w.production() {
			replica, err := w.AddAuth(w.t.Context(), nil)
			if err != nil {
				w.t.Fatal(err)
			}
			doors[1] = &actor.App{Issuer: replica.URL, Client: app.Client}
		}
		spent := w.tokens(app, "read")
		outcomes := together(200, func(i int) outcome {
			answer, err := doors[i%2].Refresh(w.t.Context(), spent.Refresh)
			return outcome{answer, err}
		})
		if counts := countByStatus(w.t, outcomes); counts[http.StatusOK] != len(outcomes) {
			w.t.Fatalf("statuses: %v", counts)
		}
		pair, err := pairOf(outcomes[0].answer)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, o := range outcomes {
			if again, err := pairOf(o.answer); err != nil || !samePair(again, pair) {
				w.t.Fatalf("another pair: %v", err)
			}
		}
		w.wantActive(pair.Access, true, "the one access token") // its first use
		wantError(w.t, w.refresh(doors[1], spent.Refresh), http.StatusBadRequest, "invalid_grant")
		w.wantEnded(app, pair, "a replay")
	})
}

// An introspection of the earlier access token that comes late does not count as
// a use of the next one.
func TestA5_ALateIntrospectionClosesNothing(t *testing.T) {
	eachWorld(t, func(w *world) {
		app := w.public()
		pair := w.tokens(app, "read")
		for range 30 {
			spent := pair
			outcomes := together(6, func(i int) outcome {
				if i > 0 {
					answer, err := w.resourceServer().Introspect(w.t.Context(), spent.Access)
					return outcome{answer, err}
				}
				answer, err := app.Refresh(w.t.Context(), spent.Refresh)
				return outcome{answer, err}
			})
			countByStatus(w.t, outcomes)
			var err error
			if pair, err = pairOf(outcomes[0].answer); err != nil {
				w.t.Fatal(err)
			}
			if again := w.refreshed(app, spent.Refresh); !samePair(again, pair) {
				w.t.Fatal("the answer was not given again")
			}
			w.wantActive(pair.Access, true, "the new access token")
		}
	})
}

// The product's own app may refresh in several places at once and use what it
// got in between.
func TestA5_ParallelRefreshesOfTheOwnAppSignNobodyOut(t *testing.T) {
	eachWorld(t, func(w *world) {
		pair, err := pairOf(w.login(w.person(), "phone"))
		if err != nil {
			w.t.Fatal(err)
		}
		for range 10 {
			spent := pair.Refresh
			pairs := together(8, func(int) Pair {
				answer := w.refreshApp(spent, "phone")
				got, err := pairOf(answer)
				if err != nil {
					w.t.Error(err)
					return got
				}
				wantStatus(w.t, w.call(http.MethodGet, accounts, got.Access, nil), http.StatusOK)
				return got
			})
			pair = pairs[0]
			for _, other := range pairs {
				if !samePair(other, pair) {
					w.t.Fatal("one refresh was answered with several pairs")
				}
			}
		}
		w.wantActive(pair.Access, true, "the last access token")
	})
}

// With an overlap the second process of a client is answered although the first
// uses the new pair already, and a counter says so.
func TestA5_TheSecondProcessOfAClientIsAnswered(t *testing.T) {
	ownWorld(t, stack.Setup{}, func(w *world) {
		app := w.overlapping("10m")
		first := w.tokens(app, "read")
		second := w.refreshed(app, first.Refresh)
		wantStatus(w.t, w.call(http.MethodGet, accounts, second.Access, nil), http.StatusOK)
		before := w.counted(overlapCounter)
		again := w.refreshed(app, first.Refresh)
		if !samePair(again, second) || again.ExpiresIn > second.ExpiresIn || again.ExpiresIn < second.ExpiresIn-60 {
			w.t.Errorf("the second process got another pair, or %d s of %d", again.ExpiresIn, second.ExpiresIn)
		}
		if after := w.counted(overlapCounter); after != before+1 {
			w.t.Errorf("counted %v times", after-before)
		}
		third := w.refreshed(app, second.Refresh)
		wantError(w.t, w.refresh(app, first.Refresh), http.StatusBadRequest, "invalid_grant") // not the direct parent
		w.wantEnded(app, third, "a replay of an older token")
	})
}

func TestA5_WithoutARetryWindowNothingOverlaps(t *testing.T) {
	ownWorld(t, stack.Setup{AuthEnv: process.Env{"AUTH_REFRESH_RETRY_WINDOW": "0s"}}, func(w *world) {
		app := w.overlapping("10m")
		first := w.tokens(app, "read")
		second := w.refreshed(app, first.Refresh)
		wantError(w.t, w.refresh(app, first.Refresh), http.StatusBadRequest, "invalid_grant")
		w.wantEnded(app, second, "a replay")
	})
}
