package guard_test

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/pkg/cache"
	"latchkey/pkg/ratelimit"
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
		// Another key of the same user has its own count; tokens share theirs by user and client.
		if a := f.do(t, "GET", "/things", "", apiKey(f.token(secret.APIKey, good("read")))...); a.status != 200 {
			t.Errorf("another key: %d", a.status)
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
