package introspection_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/pkg/cache"
	"latchkey/pkg/fault"
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

func (c *clock) now() time.Time          { return time.Unix(0, c.nanos.Load()) }
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
	t.Cleanup(c.Close)
	return c
}

func run(t *testing.T, f func(context.Context)) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
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

func TestAnswersLiveUnderASecondInProcess(t *testing.T) {
	for _, state := range []bool{true, false} {
		t.Run(fmt.Sprintf("active %v", state), func(t *testing.T) {
			c, as, token := newClock(), &authority{}, secret.New(secret.AccessToken)
			as.say(introspection.Answer{Active: state, UserID: "u"}, nil)
			i := newCached(t, as, nil, c.now)
			for range 3 {
				if isActive(t, i, token) != state {
					t.Fatal("wrong answer")
				}
			}
			c.advance(introspection.Life - 1)
			isActive(t, i, token)
			if n := as.asked.Load(); n != 1 {
				t.Errorf("asked %d times within Life", n)
			}
			as.say(introspection.Answer{Active: !state, UserID: "u"}, nil)
			c.advance(1)
			if isActive(t, i, token) == state {
				t.Error("after Life the old answer stands")
			}
		})
	}
}

func TestLifeCountsFromBeforeTheLookup(t *testing.T) {
	c, as, token := newClock(), &authority{gate: make(chan struct{})}, secret.New(secret.AccessToken)
	as.say(active, nil)
	i := newCached(t, as, nil, c.now)
	done := make(chan struct{})
	go func() { isActive(t, i, token); close(done) }()
	eventually(t, time.Second, "asked", func() bool { return as.asked.Load() == 1 })
	c.advance(introspection.Life - 100*time.Millisecond)
	close(as.gate)
	<-done
	c.advance(100 * time.Millisecond)
	isActive(t, i, token)
	if n := as.asked.Load(); n != 2 {
		t.Errorf("a slow answer lived on for more than the rest of Life: asked %d times", n)
	}
}

// A request that arrives after a revocation must not be served by a lookup that
// took off more than a second before the request did.
func TestALateJoinerAsksAgain(t *testing.T) {
	c, as, token := newClock(), &authority{gate: make(chan struct{})}, secret.New(secret.AccessToken)
	as.say(active, nil)
	i := newCached(t, as, nil, c.now)
	first, second := make(chan bool, 1), make(chan bool, 1)
	go func() { first <- isActive(t, i, token) }()
	eventually(t, time.Second, "asked", func() bool { return as.asked.Load() == 1 })
	as.say(introspection.Answer{}, nil)
	c.advance(2 * time.Second)
	go func() { second <- isActive(t, i, token) }()
	select {
	case <-second:
		t.Error("did not wait")
	case <-time.After(20 * time.Millisecond): // let it join
	}
	close(as.gate)
	if !<-first || <-second {
		t.Error("the late joiner got the early answer")
	}
}

func TestLifeKeepsThePromise(t *testing.T) {
	if introspection.Life > time.Second {
		t.Errorf("answers live %v: a revocation would be seen after more than a second", introspection.Life)
	}
}

func TestConcurrentMissesShareOneCall(t *testing.T) {
	as, token := &authority{gate: make(chan struct{})}, secret.New(secret.AccessToken)
	as.say(active, nil)
	i := newCached(t, as, nil, time.Now)
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		_, err := i.Introspect(ctx, token)
		left <- err
	}()
	eventually(t, time.Second, "asked", func() bool { return as.asked.Load() == 1 })
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if !isActive(t, i, token) {
				t.Error("inactive")
			}
		})
	}
	cancel() // the first caller leaves; the call goes on for the others
	if err := <-left; !fault.Is(err, fault.Unavailable) {
		t.Errorf("who left got %v", err)
	}
	close(as.gate)
	wg.Wait()
	if n := as.asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

func TestExpiryIsCheckedOnEveryHit(t *testing.T) {
	c, as, token := newClock(), &authority{}, secret.New(secret.AccessToken)
	soon := active
	soon.Exp = c.now().Unix() + 1
	c.advance(500 * time.Millisecond)
	as.say(soon, nil)
	i := newCached(t, as, cache.NewMemory(cache.Options{Now: c.now}), c.now)
	if !isActive(t, i, token) {
		t.Fatal("inactive before its end")
	}
	c.advance(500 * time.Millisecond)
	if isActive(t, i, token) {
		t.Error("active after its end")
	}
}

func TestRevocationReachesEveryReplica(t *testing.T) {
	stores(t, func(t *testing.T, open func(*testing.T) cache.Store) {
		as := &authority{}
		as.say(active, nil)
		replicas := make([]*introspection.Cached, 3)
		for n := range replicas {
			replicas[n] = newCached(t, as, open(t), time.Now)
			run(t, replicas[n].Run)
		}
		tombstones := introspection.NewTombstones(open(t), time.Now, slog.New(slog.DiscardHandler), nil)
		for round := range 5 {
			token := secret.New(secret.AccessToken)
			for _, r := range replicas {
				if !isActive(t, r, token) {
					t.Fatal("inactive before revocation")
				}
			}
			before := as.asked.Load()
			tombstones.Write(t.Context(), []secret.Digest{token.Digest()}, introspection.ReasonDeactivated)
			for _, r := range replicas { // the authority would still say active: the tombstone decides
				eventually(t, time.Second, fmt.Sprint("round ", round), func() bool { return !isActive(t, r, token) })
				if a, _ := r.Introspect(t.Context(), token); a.Reason != introspection.ReasonDeactivated {
					t.Errorf("reason %q", a.Reason)
				}
			}
			if as.asked.Load() != before {
				t.Error("the authorization server was asked although the tombstone stands")
			}
		}
	})
}

func TestAnAnswerInFlightCannotUndoARevocation(t *testing.T) {
	stores(t, func(t *testing.T, open func(*testing.T) cache.Store) {
		as, token := &authority{gate: make(chan struct{})}, secret.New(secret.AccessToken)
		as.say(active, nil)
		i := newCached(t, as, open(t), time.Now)
		got := make(chan bool, 1)
		go func() { got <- isActive(t, i, token) }()
		eventually(t, time.Second, "asked", func() bool { return as.asked.Load() == 1 })
		introspection.NewTombstones(open(t), time.Now, slog.New(slog.DiscardHandler), nil).
			Write(t.Context(), []secret.Digest{token.Digest()}, "")
		close(as.gate)
		if <-got {
			t.Error("the answer in flight won")
		}
		if isActive(t, i, token) {
			t.Error("and is remembered")
		}
	})
}

func TestSharedAnswersSpareTheAuthorizationServer(t *testing.T) {
	stores(t, func(t *testing.T, open func(*testing.T) cache.Store) {
		as, token := &authority{}, secret.New(secret.AccessToken)
		as.say(active, nil)
		for range 3 {
			if !isActive(t, newCached(t, as, open(t), time.Now), token) {
				t.Fatal("inactive")
			}
		}
		if n := as.asked.Load(); n != 1 {
			t.Errorf("three replicas asked %d times", n)
		}
		raw, found, err := open(t).Get(t.Context(), introspection.Key(token.Digest()))
		if err != nil || !found {
			t.Fatalf("not shared: %v", err)
		}
		if text := token.Reveal(); len(raw) == 0 || string(raw) == text {
			t.Error("the credential itself is in the store")
		}
	})
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

func TestARevocationDuringAnOutageOfTheStoreHolds(t *testing.T) {
	c, as, token := newClock(), &authority{}, secret.New(secret.AccessToken)
	as.say(active, nil)
	store := &broken{Store: cache.NewMemory(cache.Options{Now: c.now})}
	i := newCached(t, as, store, c.now)
	tombstones := introspection.NewTombstones(store, c.now, slog.New(slog.DiscardHandler), nil)
	isActive(t, i, token)

	store.off.Store(true)
	as.say(introspection.Answer{}, nil)
	tombstones.Write(t.Context(), []secret.Digest{token.Digest()}, "")
	c.advance(time.Second)
	if isActive(t, i, token) {
		t.Error("active a second after the revocation, store away")
	}
	store.off.Store(false) // back, with the old "active" in it
	c.advance(time.Second)
	if isActive(t, i, token) {
		t.Error("the store came back and brought the token with it")
	}
	run(t, tombstones.Run)
	eventually(t, 2*time.Second, "the tombstone", func() bool {
		raw, _, _ := store.Get(t.Context(), introspection.Key(token.Digest()))
		return string(raw) == `{"active":false}`
	})
	if err := tombstones.Flush(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestNobodyIsLetInWhenNobodyCanSay(t *testing.T) {
	as := &authority{}
	as.say(introspection.Answer{}, fault.New(fault.Unavailable, "away"))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	store, err := cache.OpenRedis("redis://"+l.Addr().String(), cache.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	i := newCached(t, as, store, time.Now)
	if a, err := i.Introspect(t.Context(), secret.New(secret.AccessToken)); !fault.Is(err, fault.Unavailable) || a.Active {
		t.Errorf("%+v, %v", a, err)
	}
	as.say(active, nil)
	if !isActive(t, i, secret.New(secret.AccessToken)) {
		t.Error("Redis away alone keeps people out")
	}
}

func TestLookupsRacingWithRevocations(t *testing.T) {
	stores(t, func(t *testing.T, open func(*testing.T) cache.Store) {
		ended := &sync.Map{}
		as := asker(func(token secret.Token) introspection.Answer {
			if _, gone := ended.Load(token.Digest()); gone {
				return introspection.Answer{}
			}
			return active
		})
		i := newCached(t, as, open(t), time.Now)
		run(t, i.Run)
		tombstones := introspection.NewTombstones(open(t), time.Now, slog.New(slog.DiscardHandler), nil)
		var wg sync.WaitGroup
		for range 20 {
			token := secret.New(secret.AccessToken)
			stop := make(chan struct{})
			for range 4 {
				wg.Go(func() {
					for {
						select {
						case <-stop:
							return
						default:
							if _, err := i.Introspect(context.Background(), token); err != nil {
								t.Error(err)
								return
							}
						}
					}
				})
			}
			ended.Store(token.Digest(), true)
			tombstones.Write(t.Context(), []secret.Digest{token.Digest()}, "")
			eventually(t, time.Second, "refused", func() bool { return !isActive(t, i, token) })
			for range 100 {
				if isActive(t, i, token) {
					t.Error("refused, and then let in again")
					break
				}
			}
			close(stop)
			wg.Wait()
		}
	})
}

type asker func(secret.Token) introspection.Answer

func (f asker) Introspect(_ context.Context, token secret.Token) (introspection.Answer, error) {
	return f(token), nil
}

func TestTombstonesWithoutAStoreDoNothing(t *testing.T) {
	none := introspection.NewTombstones(nil, time.Now, slog.New(slog.DiscardHandler), nil)
	none.Write(t.Context(), []secret.Digest{{}}, "")
	if err := none.Flush(t.Context()); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("at once"))
	none.Run(ctx)
}

func BenchmarkHitInProcess(b *testing.B) {
	as, token := &authority{}, secret.New(secret.AccessToken)
	as.say(active, nil)
	i, _ := introspection.NewCached(as, introspection.CachedOptions{Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
	defer i.Close()
	b.ReportAllocs()
	for b.Loop() {
		_, _ = i.Introspect(b.Context(), token)
	}
}
