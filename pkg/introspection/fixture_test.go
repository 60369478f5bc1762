package introspection_test

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"latchkey/pkg/cache"
	"latchkey/pkg/introspection"
	"latchkey/pkg/secret"
	"latchkey/pkg/testenv"
)

const life = introspection.DefaultLife

// authority is an authorization server in a few lines: what it says of any
// credential, and how often it was asked.
type authority struct {
	mu     sync.Mutex
	answer introspection.Answer
	err    error
	asked  atomic.Int32
}

func (a *authority) say(answer introspection.Answer, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answer, a.err = answer, err
}

func (a *authority) Introspect(context.Context, secret.Token) (introspection.Answer, error) {
	a.asked.Add(1)
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.answer, a.err
}

type asker func(secret.Token) introspection.Answer

func (f asker) Introspect(_ context.Context, token secret.Token) (introspection.Answer, error) {
	return f(token), nil
}

// script is an authorization server whose answers the test gives one by one.
type script chan chan<- introspection.Answer

func (s script) Introspect(ctx context.Context, _ secret.Token) (introspection.Answer, error) {
	reply := make(chan introspection.Answer)
	s <- reply
	select {
	case answer := <-reply:
		return answer, nil
	case <-ctx.Done():
		return introspection.Answer{}, ctx.Err()
	}
}

// asks is how many wait for an answer that the test has not taken.
func (s script) asks() int {
	synctest.Wait()
	return len(s)
}

func newScript() script { return make(script, 10) }

// waiting is a request under way.
type waiting chan bool

func introspect(t *testing.T, i introspection.Introspector, token secret.Token) waiting {
	w := make(waiting, 1)
	go func() { w <- isActive(t, i, token) }()
	synctest.Wait()
	return w
}

// over reports whether the request was answered, and what.
func (w waiting) over() (active, over bool) {
	synctest.Wait()
	select {
	case active := <-w:
		return active, true
	default:
		return false, false
	}
}

var active = introspection.Answer{Active: true, UserID: "u", FamilyID: "f", Scope: "read"}

type clock struct{ nanos atomic.Int64 }

func (c *clock) now() time.Time { return time.Unix(0, c.nanos.Load()) }

func (c *clock) advance(d time.Duration) { c.nanos.Add(int64(d)) }

// ahead is the same clock on a host where it is set differently.
func (c *clock) ahead(d time.Duration) func() time.Time {
	return func() time.Time { return c.now().Add(d) }
}

func newClock() *clock { return clockAt(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)) }

func clockAt(at time.Time) *clock {
	c := &clock{}
	c.nanos.Store(at.UnixNano())
	return c
}

func newCached(t testing.TB, next introspection.Introspector, store cache.Store, now func() time.Time) *introspection.Cached {
	t.Helper()
	return newCachedWith(t, next, introspection.CachedOptions{Store: store, Now: now})
}

func newCachedWith(t testing.TB, next introspection.Introspector, opts introspection.CachedOptions) *introspection.Cached {
	t.Helper()
	opts.Logger = slog.New(slog.DiscardHandler)
	c, err := introspection.NewCached(next, opts)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func newPublisher(store cache.Store) *introspection.Publisher {
	return introspection.NewPublisher(store, slog.New(slog.DiscardHandler), nil)
}

func run(t *testing.T, f func(context.Context)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { f(ctx) })
	t.Cleanup(func() { cancel(); wg.Wait() })
}

// stores runs f with a shared store in process, and Redis.
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

func isActive(t testing.TB, i introspection.Introspector, token secret.Token) bool {
	t.Helper()
	a, err := i.Introspect(t.Context(), token)
	if err != nil {
		t.Error(err)
	}
	return a.Active
}

// stored waits until the shared store has an answer about token, and returns it.
func stored(t *testing.T, s cache.Store, token secret.Token) (raw []byte) {
	t.Helper()
	testenv.Eventually(t, 30*time.Second, "the answer is shared", func() bool {
		var err error
		if raw, _, err = s.Get(t.Context(), introspection.Key(token.Digest())); err != nil {
			t.Fatal(err)
		}
		return raw != nil
	})
	return raw
}

func remove(t *testing.T, s cache.Store, token secret.Token) {
	t.Helper()
	if err := s.DeleteAndPublish(t.Context(), []string{introspection.Key(token.Digest())}, "nobody listens", nil); err != nil {
		t.Fatal(err)
	}
}
