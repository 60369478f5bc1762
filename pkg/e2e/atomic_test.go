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

// TestT26_AnOutageLeavesNothingHalfDone cuts the database off while codes are
// redeemed and tokens refreshed. Whatever was answered, each code and token is
// either wholly spent or not spent at all.
func TestT26_AnOutageLeavesNothingHalfDone(t *testing.T) {
	t.Parallel()
	testenv.Production.Need(t)
	direct := testenv.Postgres(t)
	proxy, through := testenv.NewProxy(t, direct)
	w := startWorld(t, testenv.Production, stack.Setup{AuthDB: through, AuthEnv: process.Env{
		"AUTH_CLIENT_CACHE": "1m", "AUTH_SWEEP_INTERVAL": "1h", "AUTH_CODE_LIFETIME": "10m",
	}})
	app, p := w.public(), w.person()
	type pending struct {
		code string
		pkce actor.PKCE
		pair Pair
	}
	const n = 20
	var codes, grants []pending
	for range n {
		code, pkce := w.code(p, app, "read")
		codes = append(codes, pending{code: code, pkce: pkce})
		grants = append(grants, pending{pair: w.tokensOf(p, app, "read")})
	}

	first := together(2*n+1, func(i int) outcome {
		switch {
		case i == 2*n:
			<-time.After(5 * time.Millisecond)
			proxy.Cut()
			return outcome{answer: &actor.Answer{Status: http.StatusOK}}
		case i%2 == 0:
			a, err := app.Exchange(t.Context(), codes[i/2].code, codes[i/2].pkce.Verifier)
			return outcome{a, err}
		}
		a, err := app.Refresh(t.Context(), grants[i/2].pair.Refresh)
		return outcome{a, err}
	})
	for _, o := range first {
		if o.err != nil || o.answer.Status != http.StatusOK && o.answer.Status != http.StatusServiceUnavailable {
			t.Errorf("during the outage: %v %v", o.answer, o.err)
		}
	}
	proxy.Restore()
	// A connection that was cut can be found out by the request that gets it, which is then
	// told to come again.
	again := func(ask func() *actor.Answer) (answer *actor.Answer) {
		testenv.Eventually(t, 30*time.Second, "the server works again", func() bool {
			answer = ask()
			return answer.Status != http.StatusServiceUnavailable
		})
		return answer
	}

	for i := range n {
		// A refresh whose answer was lost is repeated and answered.
		if answer := again(func() *actor.Answer { return w.refresh(app, grants[i].pair.Refresh) }); answer.Status != http.StatusOK {
			t.Errorf("a refresh after the outage: %s", answer)
		}
		if first[2*i].answer.Status == http.StatusOK {
			continue
		}
		answer := again(func() *actor.Answer { return w.exchange(app, codes[i].code, codes[i].pkce.Verifier) })
		if answer.Status != http.StatusOK && answer.Text("error") != "invalid_grant" {
			t.Errorf("a code after the outage: %s", answer)
		}
	}
	redeemed := countWhere(t, direct, "grants", "redeemed_at IS NOT NULL")
	if whole := countWhere(t, direct, "grants", "redeemed_at IS NOT NULL AND generation > 0 AND refresh_digest IS NOT NULL AND access_digest IS NOT NULL"); whole != redeemed {
		t.Errorf("%d codes were redeemed and %d grants have tokens", redeemed, whole)
	}
	if torn := countWhere(t, direct, "grants", "redeemed_at IS NULL AND (generation <> 0 OR refresh_digest IS NOT NULL)"); torn != 0 {
		t.Errorf("%d grants have tokens of a code that was not redeemed", torn)
	}
}

// TestT19_ManyFirstRequestsAtOnce asks a server that has just started for
// everything at once: what is filled in lazily is filled in by racing requests.
// Under the race detector the services are built with it, and their logs read.
func TestT19_ManyFirstRequestsAtOnce(t *testing.T) {
	ownWorld(t, stack.Setup{}, func(w *world) {
		app, confidential, p := w.public(), w.confidential(), w.person()
		if err := w.Auth.Stop(); err != nil {
			w.t.Fatal(err)
		}
		if err := w.RestartAuth(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		target := app.AuthorizeURL(actor.NewPKCE(), "read", "s", nil)
		countByStatus(w.t, together(60, func(i int) outcome {
			switch i % 4 {
			case 0:
				a, err := confidential.Refresh(w.t.Context(), "x")
				return outcome{a, err}
			case 1:
				a, err := w.resourceServer().Introspect(w.t.Context(), "x")
				return outcome{a, err}
			case 2:
				a, err := app.Exchange(w.t.Context(), "x", actor.NewPKCE().Verifier)
				return outcome{a, err}
			}
			page, err := p.Browser.Get(w.t.Context(), target)
			if err != nil {
				return outcome{nil, err}
			}
			return outcome{&actor.Answer{Status: page.Status}, nil}
		}))
	})
}
