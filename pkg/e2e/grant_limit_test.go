package e2e

import (
	"net/http"
	"testing"
	"time"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

// alive counts the pairs whose access token is active.
func (w *world) alive(pairs []Pair) (n int) {
	w.t.Helper()
	for _, pair := range pairs {
		if w.active(pair.Access) {
			n++
		}
	}
	return n
}

// The oldest are those that were idle longest, whenever they began.
func TestB4_TheOldestGrantsOfAUserAndAClientEnd(t *testing.T) {
	ownWorld(t, stack.Setup{AuthEnv: process.Env{"AUTH_GRANT_LIMIT": "5"}}, func(w *world) {
		app, p := w.public(), w.person()
		others := []Pair{w.tokensOf(p, w.public(), "read"), w.tokens(app, "read")}
		var pairs []Pair
		for i := range 8 {
			if i == 5 {
				pairs[0] = w.refreshed(app, pairs[0].Refresh) // it is in use
			}
			pairs = append(pairs, w.tokensOf(p, app, "read"))
		}
		for i, pair := range pairs {
			w.wantActive(pair.Access, i == 0 || i > 3, "one of eight grants, of which the second, third and fourth were idle longest")
		}
		wantError(w.t, w.refresh(app, pairs[1].Refresh), http.StatusBadRequest, "invalid_grant")
		w.refreshed(app, pairs[7].Refresh)
		if n := w.alive(others); n != len(others) {
			w.t.Errorf("of another client and another user %d of %d live", n, len(others))
		}
	})
}

func TestB4_ParallelGrantsKeepWithinTheLimit(t *testing.T) {
	const limit = 10
	ownWorld(t, stack.Setup{AuthEnv: process.Env{"AUTH_GRANT_LIMIT": "10"}}, func(w *world) {
		app, p := w.public(), w.person()
		w.tokensOf(p, app, "read") // consent is remembered
		var got []Pair
		testenv.Eventually(w.t, time.Minute, "more are given than may live", func() bool {
			for _, pair := range together(60, func(int) Pair {
				pair, err := Authorize(w.t.Context(), app, p, "read")
				if err != nil && pair.Access == "" { // a code may be pushed out by others
					return Pair{}
				}
				return pair
			}) {
				if pair.Access != "" {
					got = append(got, pair)
				}
			}
			return len(got) > limit
		})
		if n := w.alive(got); len(got) <= limit || n > limit || n < limit/2 {
			w.t.Errorf("%d of %d grants live, %d may", n, len(got), limit)
		}
	})
}

// Codes that nobody redeems do not push out what is in use.
func TestB4_CodesThatStayDoNotEndGrants(t *testing.T) {
	ownWorld(t, stack.Setup{AuthEnv: process.Env{"AUTH_GRANT_LIMIT": "12"}}, func(w *world) {
		app, p := w.public(), w.person()
		inUse := []Pair{w.tokensOf(p, app, "read"), w.tokensOf(p, app, "read")}
		const made, kept = 30, 10
		codes, keys := make([]string, made), make([]actor.PKCE, made)
		for i := range codes {
			codes[i], keys[i] = w.code(p, app, "read")
		}
		if n := w.alive(inUse); n != len(inUse) {
			w.t.Errorf("%d of %d grants live beside %d codes", n, len(inUse), made)
		}
		var good []int
		for i := range codes {
			answer := w.exchange(app, codes[i], keys[i].Verifier)
			if answer.Status == http.StatusOK {
				good = append(good, i)
			} else {
				wantError(w.t, answer, http.StatusBadRequest, "invalid_grant")
			}
		}
		if len(good) != kept || good[0] != made-kept {
			w.t.Errorf("of %d codes these are good: %v", made, good)
		}
	})
}

func TestB4_CodesAreLimitedByUserAndClient(t *testing.T) {
	ownWorld(t, stack.Setup{AuthEnv: process.Env{"AUTH_CODES_PER_MINUTE": "5"}}, func(w *world) {
		app, other, p, q := w.public(), w.public(), w.person(), w.person()
		for _, pair := range [][2]any{{p, other}, {q, app}} { // consents
			w.tokensOf(pair[0].(*actor.Person), pair[1].(*actor.App), "read")
		}
		given := 0
		var last *actor.Page
		for range 10 {
			last = w.ask(p, app)
			if last.Left != nil && last.Left.Query().Get("code") != "" {
				given++
			}
		}
		if given != 5 {
			w.t.Errorf("%d codes in a minute, want 5", given)
		}
		busy := last.Left != nil && last.Left.Query().Get("error") == "temporarily_unavailable"
		if last.Status != http.StatusTooManyRequests && !busy {
			w.t.Errorf("the tenth: %d %v", last.Status, last.Left)
		}
		w.code(p, other, "read")
		w.code(q, app, "read")
	})
}

// ask lets p authorize app, pressing "allow" when asked to.
func (w *world) ask(p *actor.Person, app *actor.App) *actor.Page {
	w.t.Helper()
	page, err := p.Open(w.t.Context(), app.AuthorizeURL(actor.NewPKCE(), "read", "s", nil))
	if err == nil && page.Left == nil && page.Status == http.StatusOK {
		var form *actor.Form
		if form, err = page.Form("decision"); err == nil {
			page, err = p.Browser.Submit(w.t.Context(), page, form, "decision", actor.Allow)
		}
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return page
}

func TestB4_RefreshesAreLimitedByUserAndClient(t *testing.T) {
	ownWorld(t, stack.Setup{AuthEnv: process.Env{"AUTH_REFRESHES_PER_MINUTE": "5"}}, func(w *world) {
		app, p := w.public(), w.person()
		pair, stranger := w.tokensOf(p, app, "read"), w.tokens(app, "read")
		other := w.public()
		elsewhere := w.tokensOf(p, other, "read")
		refreshed := 0
		var last *actor.Answer
		for range 10 {
			if last = w.refresh(app, pair.Refresh); last.Status != http.StatusOK {
				break
			}
			refreshed++
			pair.Refresh = last.Text("refresh_token")
		}
		if refreshed < 4 || refreshed > 6 {
			w.t.Errorf("%d refreshes in a minute, want about 5", refreshed)
		}
		if last.Status != http.StatusTooManyRequests || last.Header.Get("Retry-After") == "" {
			w.t.Errorf("the next: %s with Retry-After %q", last, last.Header.Get("Retry-After"))
		}
		w.refreshed(app, stranger.Refresh)
		w.refreshed(other, elsewhere.Refresh)
	})
}
