package e2e

import (
	"net/http"
	"net/url"
	"sync"
	"testing"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

// together runs n calls at once and returns what each answered.
func together[T any](n int, call func(i int) T) []T {
	var (
		answers = make([]T, n)
		start   = make(chan struct{})
		group   sync.WaitGroup
	)
	for i := range n {
		group.Go(func() {
			<-start
			answers[i] = call(i)
		})
	}
	close(start)
	group.Wait()
	return answers
}

type outcome struct {
	answer *actor.Answer
	err    error
}

func countByStatus(t *testing.T, outcomes []outcome) map[int]int {
	t.Helper()
	counts := map[int]int{}
	for _, o := range outcomes {
		if o.err != nil {
			t.Fatal(o.err)
		}
		counts[o.answer.Status]++
		if o.answer.Status >= 500 {
			t.Errorf("%s", o.answer)
		}
	}
	return counts
}

func TestS13_T07_FiftyParallelRedemptionsHaveOneWinner(t *testing.T) {
	eachWorld(t, func(w *world) {
		app := w.public()
		code, pkce := w.code(w.person(), app, "read")
		outcomes := together(50, func(int) outcome {
			a, err := app.Exchange(w.t.Context(), code, pkce.Verifier)
			return outcome{a, err}
		})
		counts := countByStatus(w.t, outcomes)
		if counts[http.StatusOK] != 1 || counts[http.StatusBadRequest] != 49 {
			w.t.Errorf("statuses: %v, want one 200 and 49 times 400", counts)
		}
		for _, o := range outcomes {
			if o.answer.Status == http.StatusBadRequest && o.answer.Text("error") != "invalid_grant" {
				w.t.Errorf("a loser got %s", o.answer)
			}
		}
	})
}

func TestS26_T10_AHundredParallelRefreshesGiveOnePair(t *testing.T) {
	eachWorld(t, func(w *world) {
		app := w.public()
		first := w.tokens(app, "read")
		outcomes := together(100, func(int) outcome {
			a, err := app.Refresh(w.t.Context(), first.Refresh)
			return outcome{a, err}
		})
		if counts := countByStatus(w.t, outcomes); counts[http.StatusOK] != 100 {
			w.t.Errorf("statuses: %v, want 100 times 200", counts)
		}
		pairs := map[[2]string]bool{}
		for _, o := range outcomes {
			pairs[[2]string{o.answer.Text("access_token"), o.answer.Text("refresh_token")}] = true
		}
		if len(pairs) != 1 {
			w.t.Errorf("%d distinct pairs", len(pairs))
		}
		for pair := range pairs {
			w.wantActive(pair[0], true, "the one access token")
			w.refreshed(app, pair[1])
		}
	})
}

func TestS13_S26_RacesWithoutARetryWindowHaveOneWinner(t *testing.T) {
	ownWorld(t, stack.Setup{AuthEnv: process.Env{"AUTH_REFRESH_RETRY_WINDOW": "0s"}}, func(w *world) {
		app := w.public()
		first := w.tokens(app, "read")
		counts := countByStatus(w.t, together(20, func(int) outcome {
			a, err := app.Refresh(w.t.Context(), first.Refresh)
			return outcome{a, err}
		}))
		if counts[http.StatusOK] != 1 || counts[http.StatusBadRequest] != 19 {
			w.t.Errorf("statuses: %v, want one 200 and 19 times 400", counts)
		}
	})
}

func TestParallelConsentsAllSucceed(t *testing.T) {
	eachWorld(t, func(w *world) {
		app, p := w.public(), w.person()
		page, err := p.Open(w.t.Context(), app.AuthorizeURL(actor.NewPKCE(), "read", "s", nil))
		if err != nil {
			w.t.Fatal(err)
		}
		form, err := page.Form("decision")
		if err != nil {
			w.t.Fatal(err)
		}
		type result struct {
			page *actor.Page
			err  error
		}
		codes := map[string]bool{}
		for _, r := range together(20, func(int) result {
			page, err := p.Browser.Submit(w.t.Context(), page, form, "decision", actor.Allow)
			return result{page, err}
		}) {
			if r.err != nil {
				w.t.Fatal(r.err)
			}
			if r.page.Left == nil || r.page.Left.Query().Get("code") == "" {
				w.t.Errorf("%d %v", r.page.Status, r.page.Left)
				continue
			}
			codes[r.page.Left.Query().Get("code")] = true
		}
		if len(codes) != 20 {
			w.t.Errorf("%d distinct codes", len(codes))
		}
	})
}

func TestRefreshAndRevokeRacingLeaveNothingAlive(t *testing.T) {
	eachWorld(t, func(w *world) {
		app := w.public()
		for range 5 {
			pair := w.tokens(app, "read")
			outcomes := together(10, func(i int) outcome {
				if i == 5 {
					a, err := app.Revoke(w.t.Context(), pair.Access)
					return outcome{a, err}
				}
				a, err := app.Refresh(w.t.Context(), pair.Refresh)
				return outcome{a, err}
			})
			countByStatus(w.t, outcomes)
			if outcomes[5].answer.Status != http.StatusOK {
				w.t.Errorf("revoke: %s", outcomes[5].answer)
			}
			// The access token was either retired by a refresh or ended by the
			// revocation. In the second case nothing of the grant is alive.
			w.wantActive(pair.Access, false, "the first access token")
			wantStatus(w.t, w.form(app, "/oauth/revoke", url.Values{"token": {pair.Refresh}}), http.StatusOK)
			for _, o := range outcomes {
				if token := o.answer.Text("access_token"); token != "" {
					w.wantActive(token, false, "an access token of the revoked grant")
				}
			}
		}
	})
}
