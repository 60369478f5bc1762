package ratelimit

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/pkg/cache"
	"latchkey/pkg/testenv"
)

// clock is set by the test; both engines read it.
type clock struct{ millis atomic.Int64 }

func (c *clock) now() time.Time { return time.UnixMilli(c.millis.Load()) }

func (c *clock) advance(d time.Duration) { c.millis.Add(d.Milliseconds()) }

func newClock() *clock {
	c := &clock{}
	c.millis.Store(time.Date(2026, 3, 1, 10, 59, 0, 0, time.UTC).UnixMilli())
	return c
}

// engines runs the contract in process and on Redis, by the test's clock.
func engines(t *testing.T, contract func(t *testing.T, l Limiter, c *clock)) {
	t.Run("memory", func(t *testing.T) {
		c := newClock()
		l, err := New(cache.NewMemory(cache.Options{Now: c.now}), Options{Now: c.now, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		contract(t, l, c)
	})
	t.Run("redis", func(t *testing.T) {
		c := newClock()
		r := openRedis(t, testenv.NeedRedis(t), c, Refuse)
		r.clock = func() int64 { return c.millis.Load() }
		contract(t, r, c)
	})
}

func openRedis(t *testing.T, url string, c *clock, policy Policy) *Redis {
	t.Helper()
	s, err := cache.OpenRedis(url, cache.Options{Now: time.Now, Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	l, err := New(s, Options{Now: c.now, Logger: slog.New(slog.DiscardHandler), Policy: policy})
	if err != nil {
		t.Fatal(err)
	}
	return l.(*Redis)
}

func unique(t *testing.T) string { return fmt.Sprintf("test:%s:%d", t.Name(), time.Now().UnixNano()) }

func must(t *testing.T, r Result, err error) Result {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func allow(ctx context.Context, l Limiter, key string, limit Limit) (Result, error) {
	return one(l.Allow(ctx, Count{key, limit}))
}

func peek(ctx context.Context, l Limiter, key string, limit Limit) (Result, error) {
	return one(l.Peek(ctx, Count{key, limit}))
}

func one(results []Result, err error) (Result, error) {
	if err != nil {
		return Result{}, err
	}
	return results[0], nil
}

func TestSeveralKeysAreCountedAtOnce(t *testing.T) {
	engines(t, func(t *testing.T, l Limiter, _ *clock) {
		ctx, key := t.Context(), unique(t)
		short, long := Count{key + ":short", Limit{1, time.Minute}}, Count{key + ":long", Limit{5, time.Hour}}
		for i := range 3 {
			got, err := l.Allow(ctx, short, long)
			if err != nil || len(got) != 2 {
				t.Fatalf("%+v, %v", got, err)
			}
			if got[0].Allowed != (i == 0) || !got[1].Allowed || got[1].Used != int64(i+1) {
				t.Errorf("%d: %+v", i, got)
			}
		}
		got, err := l.Peek(ctx, long, short)
		if err != nil || len(got) != 2 || got[0].Used != 3 || !got[0].Allowed || got[1].Used != 1 || got[1].Allowed {
			t.Errorf("%+v, %v", got, err)
		}
		if got, err := l.Allow(ctx); err != nil || len(got) != 0 {
			t.Errorf("nothing to count: %+v, %v", got, err)
		}
	})
}

func TestParallelRequestsPassExactlyTheLimit(t *testing.T) {
	engines(t, func(t *testing.T, l Limiter, _ *clock) {
		ctx, key, limit := t.Context(), unique(t), Limit{100, time.Hour}
		var (
			wg     sync.WaitGroup
			passed atomic.Int32
			places [101]atomic.Int32 // by Result.Used
		)
		for range 1000 {
			wg.Go(func() {
				r, err := l.Use(ctx, key, limit, "192.0.2.1")
				if err != nil {
					t.Error(err)
				}
				if r.Allowed {
					passed.Add(1)
					places[r.Used].Add(1)
				}
				if !r.Allowed && (r.Used != 100 || r.Remaining != 0) || r.Reset <= 0 || r.Reset > time.Hour {
					t.Errorf("%+v", r)
				}
			})
		}
		wg.Wait()
		if passed.Load() != 100 {
			t.Errorf("%d of 1000 passed a limit of 100", passed.Load())
		}
		for used := range places {
			if n := places[used].Load(); used > 0 && n != 1 {
				t.Errorf("%d requests were told that they are number %d", n, used)
			}
		}
		p, err := peek(ctx, l, key, limit)
		if p = must(t, p, err); p.Used != 100 || p.Hour != 100 || p.Remaining != 0 || p.Allowed {
			t.Errorf("after it: %+v", p)
		}
	})
}

func TestRefusedRequestsAreNotCounted(t *testing.T) {
	engines(t, func(t *testing.T, l Limiter, c *clock) {
		ctx, key, limit := t.Context(), unique(t), Limit{2, time.Hour}
		for i := range 2 {
			r, err := allow(ctx, l, key, limit)
			if r = must(t, r, err); !r.Allowed || r.Used != int64(i+1) || r.Remaining != int64(1-i) {
				t.Fatalf("%d: %+v", i, r)
			}
		}
		for range 10 {
			c.advance(time.Minute)
			r, err := allow(ctx, l, key, limit)
			if r = must(t, r, err); r.Allowed || r.Used != 2 || r.Hour > 2 {
				t.Fatalf("%+v", r)
			}
		}
		r, err := allow(ctx, l, key, limit)
		if r = must(t, r, err); r.Reset != 50*time.Minute {
			t.Errorf("try again in %v", r.Reset)
		}
		c.advance(r.Reset - time.Millisecond)
		if r, err = peek(ctx, l, key, limit); must(t, r, err).Allowed {
			t.Error("allowed before the time told")
		}
		c.advance(time.Millisecond)
		if r, err = allow(ctx, l, key, limit); !must(t, r, err).Allowed {
			t.Error("refused at the time told")
		}
	})
}

// TestNoWindowLetsMoreThrough drives random traffic with bursts at awkward
// times and holds every passed request against an exact log.
func TestNoWindowLetsMoreThrough(t *testing.T) {
	engines(t, func(t *testing.T, l Limiter, c *clock) {
		ctx, key, limit := t.Context(), unique(t), Limit{20, time.Hour}
		random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // repeatable traffic
		var passed []int64
		for range 2000 {
			if random.IntN(20) == 0 {
				c.advance(time.Duration(random.IntN(3500)) * time.Second)
			} else {
				c.advance(time.Duration(random.IntN(90_000)) * time.Millisecond)
			}
			now := c.millis.Load()
			r, err := allow(ctx, l, key, limit)
			r = must(t, r, err)
			since := func(window time.Duration) (n int64) {
				for i := len(passed) - 1; i >= 0 && passed[i] > now-window.Milliseconds(); i-- {
					n++
				}
				return n
			}
			if r.Allowed && since(time.Hour) >= limit.Max {
				t.Fatalf("the %dth within an hour passed", since(time.Hour)+1)
			}
			if !r.Allowed && since(time.Hour+2*time.Minute) < limit.Max {
				t.Fatalf("refused with %d within an hour and two minutes", since(time.Hour+2*time.Minute))
			}
			if r.Reset > time.Hour || r.Reset < 0 {
				t.Fatalf("reset %v", r.Reset)
			}
			if r.Allowed {
				passed = append(passed, now)
			}
		}
		if len(passed) < 100 {
			t.Errorf("only %d passed", len(passed))
		}
	})
}

func TestUseStamps(t *testing.T) {
	engines(t, func(t *testing.T, l Limiter, c *clock) {
		ctx, key := t.Context(), unique(t)
		for _, limit := range []Limit{{5, time.Hour}, {0, time.Hour}} {
			r, err := l.Use(ctx, key, limit, "2001:db8::7")
			if !must(t, r, err).Allowed {
				t.Fatal("refused")
			}
			p, err := peek(ctx, l, key, limit)
			if p = must(t, p, err); !p.LastUsed.Equal(c.now()) || p.LastFrom != "2001:db8::7" {
				t.Errorf("%+v", p)
			}
			c.advance(10 * time.Second)
		}
		p, err := peek(ctx, l, key, Limit{5, time.Hour})
		if p = must(t, p, err); p.Hour != 2 || p.Used != 1 {
			t.Errorf("two calls, one of them without limit: %+v", p)
		}
		c.advance(time.Minute) // over the full hour
		if p, err = peek(ctx, l, key, Limit{5, time.Hour}); must(t, p, err).Hour != 0 || p.Used != 1 {
			t.Errorf("after the full hour: %+v", p)
		}
		if err := l.Forget(ctx, key); err != nil {
			t.Fatal(err)
		}
		if p, err = peek(ctx, l, key, Limit{5, time.Hour}); must(t, p, err).Used != 0 || !p.LastUsed.IsZero() {
			t.Errorf("after Forget: %+v", p)
		}
	})
}

func TestALoweredLimitHoldsAtOnce(t *testing.T) {
	engines(t, func(t *testing.T, l Limiter, c *clock) {
		ctx, key := t.Context(), unique(t)
		for range 6 {
			r, err := allow(ctx, l, key, Limit{10, time.Hour})
			must(t, r, err)
			c.advance(5 * time.Minute)
		}
		r, err := allow(ctx, l, key, Limit{3, time.Hour})
		// Six are remembered; four must go, the fourth was made 15 minutes in, 30 have passed.
		if r = must(t, r, err); r.Allowed || r.Remaining != 0 || r.Reset != 45*time.Minute {
			t.Errorf("%+v", r)
		}
	})
}

func TestRedisUsesItsOwnClock(t *testing.T) {
	r := openRedis(t, testenv.NeedRedis(t), newClock(), Refuse)
	key := unique(t)
	res, err := r.Use(t.Context(), key, Limit{1, time.Hour}, "192.0.2.1")
	if !must(t, res, err).Allowed {
		t.Fatal("refused")
	}
	res, err = peek(t.Context(), r, key, Limit{1, time.Hour})
	if age := time.Since(must(t, res, err).LastUsed); age < -time.Minute || age > time.Minute {
		t.Errorf("stamped %v ago", age)
	}
}
