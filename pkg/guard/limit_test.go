package guard_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/pkg/cache"
	"latchkey/pkg/guard"
	"latchkey/pkg/introspection"
	"latchkey/pkg/keyuse"
	"latchkey/pkg/ratelimit"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
	"latchkey/pkg/testenv"
)

// limiters runs f with a limiter in process and one in Redis.
func limiters(t *testing.T, f func(t *testing.T, l ratelimit.Limiter)) {
	open := func(t *testing.T, url string) ratelimit.Limiter {
		s, err := cache.Open(url, cache.Options{Now: time.Now, Timeout: 5 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		l, err := ratelimit.New(s, ratelimit.Options{Now: time.Now, Logger: slog.New(slog.DiscardHandler), Policy: ratelimit.Refuse})
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	t.Run("memory", func(t *testing.T) { f(t, open(t, "")) })
	t.Run("redis", func(t *testing.T) { f(t, open(t, testenv.Redis(t))) })
}

func TestLimitsOverHTTP(t *testing.T) {
	limiters(t, func(t *testing.T, l ratelimit.Limiter) {
		f := start(t, l)
		key := f.token(secret.APIKey, good("read"))
		a := f.do(t, "GET", "/things", "", apiKey(key)...)
		for name, want := range map[string]string{
			"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "99", "RateLimit-Policy": `"standard";q=100;w=3600`,
		} {
			if got := a.header.Get(name); got != want {
				t.Errorf("%s: %q", name, got)
			}
		}
		if a := f.do(t, "POST", "/things", "{}", apiKey(key)...); a.status != 403 || a.header.Get("X-RateLimit-Remaining") != "98" {
			t.Errorf("a refusal for scope: %d, remaining %q", a.status, a.header.Get("X-RateLimit-Remaining"))
		}
		var (
			wg             sync.WaitGroup
			passed, denied atomic.Int32
		)
		room := make(chan struct{}, 64) // connections at a time
		for range 1000 {
			wg.Go(func() {
				room <- struct{}{}
				defer func() { <-room }()
				switch f.do(t, "GET", "/things", "", apiKey(key)...).status {
				case 200:
					passed.Add(1)
				case 429:
					denied.Add(1)
				}
			})
		}
		wg.Wait()
		if passed.Load() != 98 || denied.Load() != 902 {
			t.Errorf("%d passed and %d were denied of 1000, with 98 left", passed.Load(), denied.Load())
		}
		a = f.do(t, "GET", "/things", "", apiKey(key)...)
		if a.status != 429 || a.Error != "rate_limit_exceeded" || a.header.Get("X-RateLimit-Remaining") != "0" {
			t.Errorf("%d %s %v", a.status, a.Error, a.header)
		}
		if a.Details["limit"] != 100 || a.Details["current"] != 100 || a.Details["reset_in_seconds"] < 1 || a.Details["reset_in_seconds"] > 3600 ||
			a.header.Get("Retry-After") != a.header.Get("X-RateLimit-Reset") {
			t.Errorf("%v %v", a.Details, a.header)
		}
		// Keys share a count by user and source (A9), tokens by user and client.
		if a := f.do(t, "GET", "/things", "", apiKey(f.token(secret.APIKey, good("read")))...); a.status != 429 {
			t.Errorf("the key's successor: %d", a.status)
		}
		mobile := good("read")
		mobile.Source = "mobile"
		if a := f.do(t, "GET", "/things", "", apiKey(f.token(secret.APIKey, mobile))...); a.status != 200 {
			t.Errorf("a key of another source: %d", a.status)
		}
		for i, want := range []string{"9999", "9998"} {
			a := f.do(t, "GET", "/things", "", bearer(f.token(secret.AccessToken, good("read")))...)
			if a.status != 200 || a.header.Get("X-RateLimit-Remaining") != want {
				t.Errorf("token %d: %d %v", i, a.status, a.header)
			}
		}
		unlimited := good("read")
		unlimited.Tier = "unlimited"
		if a := f.do(t, "GET", "/things", "", apiKey(f.token(secret.APIKey, unlimited))...); a.header.Get("X-RateLimit-Limit") != "Infinity" {
			t.Errorf("unlimited: %v", a.header)
		}
	})
}

// noted is a limiter that notes what was counted, and lets everything through.
type noted struct {
	ratelimit.Limiter
	keys []string
}

func (n *noted) Use(_ context.Context, key string, l ratelimit.Limit, from string) (ratelimit.Result, error) {
	n.keys = append(n.keys, key+" from "+from)
	return ratelimit.Result{Allowed: true, Limit: l}, nil
}

// Without a limit a key is counted all the same, and its use is noted: its owner
// is shown both. A token that nothing limits is not counted.
func TestUnlimitedIsNotUncounted(t *testing.T) {
	var limiter noted
	var uses []keyuse.Use
	recorder, err := keyuse.NewRecorder(keyuse.Options{
		Now: time.Now, Logger: slog.New(slog.DiscardHandler), Interval: time.Hour,
		Sink: func(_ context.Context, r keyuse.Report) error { uses = append(uses, r.Uses...); return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	unlimited := ratelimit.Tiers{ratelimit.TierOAuth: 0, ratelimit.TierUnlimited: 0}
	with, without := serve(t, guard.Options{Limiter: &limiter, Tiers: unlimited, Uses: recorder}), serve(t, guard.Options{Uses: recorder})
	a := good("read")
	a.Tier = ratelimit.TierUnlimited
	key := with.token(secret.APIKey, a)
	without.known[key] = with.known[key]
	if a := with.do(t, "GET", "/things", "", bearer(with.token(secret.AccessToken, good("read")))...); a.status != 200 || a.header.Get("X-RateLimit-Limit") != "" {
		t.Errorf("token: %d %v", a.status, a.header)
	}
	if len(limiter.keys) > 0 {
		t.Errorf("a token without a limit was counted: %v", limiter.keys)
	}
	if a := with.do(t, "GET", "/things", "", apiKey(key)...); a.status != 200 || a.header.Get("X-RateLimit-Limit") != "Infinity" {
		t.Errorf("key: %d %v", a.status, a.header)
	}
	if want := "keys:user-1:web from 127.0.0.1"; len(limiter.keys) != 1 || limiter.keys[0] != want {
		t.Errorf("counted: %v, want %s", limiter.keys, want)
	}
	if a := without.do(t, "GET", "/things", "", apiKey(key)...); a.status != 200 || a.header.Get("X-RateLimit-Limit") != "" {
		t.Errorf("no limiter: %d %v", a.status, a.header)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	recorder.Run(ctx) // reports what is left
	for _, u := range uses {
		if want := map[string]int64{keyuse.KindKey: 2, keyuse.KindClient: 1, keyuse.KindGrant: 1}[u.Kind]; u.Count != want || (u.From == "127.0.0.1") != (u.Kind == keyuse.KindKey) {
			t.Errorf("%q: %+v", u.Kind, u)
		}
	}
	if len(uses) != 3 {
		t.Errorf("uses: %+v", uses)
	}
}

// A use from nowhere is reported without an address: with a text that is none
// the authorization server would refuse the whole report.
func TestAnUnknownAddressIsNone(t *testing.T) {
	var limiter noted
	key := secret.New(secret.APIKey)
	g, err := guard.New(guard.Options{
		Introspector: &vouch{known: map[string]introspection.Answer{key.Reveal(): {
			Active: true, Scope: "read", UserID: "u", FamilyID: "f", Role: "guest", CredentialID: "c", Source: "web", CredentialKind: introspection.KindAPIKey,
		}}},
		Limiter: &limiter, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil) // no chain: no address
	r.Header.Set("X-Api-Key", key.Reveal())
	reached := false
	err = g.Admit(guard.Requirement{Scope: scope.Read}, func(http.ResponseWriter, *http.Request, *guard.Principal) error {
		reached = true
		return nil
	})(httptest.NewRecorder(), r)
	if err != nil || !reached || len(limiter.keys) != 1 || limiter.keys[0] != "keys:u:web from " {
		t.Errorf("%v, reached %v, counted %v", err, reached, limiter.keys)
	}
}
