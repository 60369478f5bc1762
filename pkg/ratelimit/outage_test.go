package ratelimit

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"latchkey/pkg/apierror"
	"latchkey/pkg/cache"
	"latchkey/pkg/fault"
	"latchkey/pkg/testenv"
)

func deadAddr(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	return ln.Addr().String()
}

func TestRedisAwayIsNeverUnlimited(t *testing.T) {
	limit := Limit{3, time.Hour}
	t.Run("local", func(t *testing.T) {
		r := openRedis(t, "redis://"+deadAddr(t), newClock(), Local)
		passed := 0
		for range 10 {
			res, err := r.Use(t.Context(), "k", limit, "")
			if res = must(t, res, err); !res.Degraded {
				t.Error("not marked as degraded")
			}
			if res.Allowed {
				passed++
			}
		}
		if passed != 3 || testutil.ToFloat64(r.metrics.degraded) != 10 {
			t.Errorf("%d passed, %v degraded", passed, testutil.ToFloat64(r.metrics.degraded))
		}
	})
	t.Run("refuse", func(t *testing.T) {
		r := openRedis(t, "redis://"+deadAddr(t), newClock(), Refuse)
		if _, err := r.Use(t.Context(), "k", limit, ""); !fault.Is(err, fault.Unavailable) {
			t.Errorf("%v", err)
		}
	})
	t.Run("it goes on from what Redis said", func(t *testing.T) {
		r := openRedis(t, testenv.NeedRedis(t), newClock(), Local)
		key := unique(t)
		for range 2 {
			res, err := r.Use(t.Context(), key, limit, "")
			must(t, res, err)
		}
		if err := r.shared.Close(); err != nil {
			t.Fatal(err)
		}
		passed := 0
		for range 5 {
			res, err := r.Use(t.Context(), key, limit, "")
			if must(t, res, err).Allowed {
				passed++
			}
		}
		if passed != 1 {
			t.Errorf("%d passed after two of three", passed)
		}
	})
}

func TestMemoryIsBounded(t *testing.T) {
	c := newClock()
	m := newMemory(Options{Now: c.now, MaxKeys: 160}, newMetrics(prometheus.NewRegistry()))
	for i := range 5000 {
		_, _ = allow(t.Context(), m, fmt.Sprint("k", i), Limit{1, time.Hour})
	}
	n := 0
	for i := range m.shard {
		n += len(m.shard[i].records)
	}
	if n > 160 {
		t.Errorf("%d keys are remembered", n)
	}
}

func TestHeadersAndRefusal(t *testing.T) {
	c := newClock()
	m := newMemory(Options{Now: c.now}, newMetrics(nil))
	tiers := DefaultTiers()
	var r Result
	for range 101 {
		r, _ = m.Use(t.Context(), "k", tiers.Limit("standard"), "")
	}
	h := http.Header{}
	r.SetHeaders(h, "standard")
	for name, want := range map[string]string{
		"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "3600",
		"RateLimit": `"standard";r=0;t=3600`, "RateLimit-Policy": `"standard";q=100;w=3600`,
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	err := r.Refusal()
	if apierror.Status(err) != http.StatusTooManyRequests || err.(*fault.Error).Message != "Rate limit exceeded. Try again in 3600 seconds." { //nolint:errorlint // it is one
		t.Errorf("%v", err)
	}
	r, _ = m.Use(t.Context(), "u", tiers.Limit("unlimited"), "")
	h = http.Header{}
	r.SetHeaders(h, "unlimited")
	if h.Get("X-RateLimit-Limit") != "Infinity" || h.Get("X-RateLimit-Reset") != "0" || r.Refusal() != nil {
		t.Errorf("unlimited: %v", h)
	}
	if got := tiers.Limit("made up"); got.Max != 100 {
		t.Errorf("an unknown tier has limit %d", got.Max)
	}
}

func BenchmarkUse(b *testing.B) {
	now := Options{Now: time.Now, Logger: slog.New(slog.DiscardHandler)}
	s, err := cache.OpenRedis(testenv.NeedRedis(b), cache.Options{Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	shared, _ := New(s, now)
	local, _ := New(nil, now)
	for name, l := range map[string]Limiter{"redis": shared, "memory": local} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					_, _ = l.Use(b.Context(), "bench", Limit{1 << 30, time.Hour}, "192.0.2.1")
				}
			})
		})
	}
	b.Run("get", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				_, _, _ = s.Get(b.Context(), "bench-none")
			}
		})
	})
}
