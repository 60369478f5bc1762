package introspection_test

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/pkg/cache"
	"latchkey/pkg/introspection"
	"latchkey/pkg/secret"
	"latchkey/pkg/testenv"
)

// authority is an authorization server in a few lines: what it says of any
// credential, how often it was asked, and a gate to hold answers back.
type authority struct {
	mu     sync.Mutex
	answer introspection.Answer
	err    error
	asked  atomic.Int32
	gate   chan struct{}
}

func (a *authority) say(answer introspection.Answer, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answer, a.err = answer, err
}

// Introspect makes up its mind before the gate: what passes it may be stale.
func (a *authority) Introspect(ctx context.Context, _ secret.Token) (introspection.Answer, error) {
	a.asked.Add(1)
	a.mu.Lock()
	answer, err, gate := a.answer, a.err, a.gate
	a.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
			return introspection.Answer{}, ctx.Err()
		}
	}
	return answer, err
}

var active = introspection.Answer{Active: true, UserID: "u", FamilyID: "f", Scope: "read"}

type clock struct{ nanos atomic.Int64 }

func (c *clock) now() time.Time { return time.Unix(0, c.nanos.Load()) }

func (c *clock) advance(d time.Duration) { c.nanos.Add(int64(d)) }

func newClock() *clock {
	c := &clock{}
	c.nanos.Store(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).UnixNano())
	return c
}

func newCached(t *testing.T, next introspection.Introspector, store cache.Store, now func() time.Time) *introspection.Cached {
	t.Helper()
	c, err := introspection.NewCached(next, introspection.CachedOptions{Store: store, Now: now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func run(t *testing.T, f func(context.Context)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { f(ctx) })
	t.Cleanup(func() { cancel(); wg.Wait() })
}

// stores runs f with no shared store, one in process, and Redis.
func stores(t *testing.T, f func(t *testing.T, open func(t *testing.T) cache.Store)) {
	t.Run("memory", func(t *testing.T) {
		m := cache.NewMemory(cache.Options{Now: time.Now})
		f(t, func(*testing.T) cache.Store { return m })
	})
	t.Run("redis", func(t *testing.T) {
		url := testenv.NeedRedis(t)
		f(t, func(t *testing.T) cache.Store {
			s, err := cache.OpenRedis(url, cache.Options{Now: time.Now, Timeout: 2 * time.Second})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			return s
		})
	})
}

func isActive(t *testing.T, i introspection.Introspector, token secret.Token) bool {
	t.Helper()
	a, err := i.Introspect(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	return a.Active
}

func eventually(t *testing.T, within time.Duration, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(within)
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("%s: not within %v", what, within)
		case <-time.After(time.Millisecond):
		}
	}
}

// broken is a store that can be switched off.
type broken struct {
	cache.Store
	off atomic.Bool
}

func (b *broken) Get(ctx context.Context, key string) ([]byte, bool, error) {
	if b.off.Load() {
		return nil, false, cache.ErrUnavailable
	}
	return b.Store.Get(ctx, key)
}

func (b *broken) SetAndPublish(ctx context.Context, e []cache.Entry, channel string, m []byte) error {
	if b.off.Load() {
		return cache.ErrUnavailable
	}
	return b.Store.SetAndPublish(ctx, e, channel, m)
}

type asker func(secret.Token) introspection.Answer

func (f asker) Introspect(_ context.Context, token secret.Token) (introspection.Answer, error) {
	return f(token), nil
}
