package introspection_test

import (
	"context"
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
)

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

// Nobody may push good answers out by guessing, nor fill the memory with any.
func TestWhatIsRememberedInProcessIsBounded(t *testing.T) {
	good, c := secret.New(secret.AccessToken), newClock()
	var asked atomic.Int64
	as := asker(func(token secret.Token) introspection.Answer {
		asked.Add(1)
		return introspection.Answer{Active: token == good, UserID: "u"}
	})
	i := newCached(t, as, nil, c.now)
	isActive(t, i, good)
	const guesses = 20_000
	for range guesses {
		isActive(t, i, secret.New(secret.AccessToken))
	}
	if isActive(t, i, good); asked.Load() != 1+guesses {
		t.Errorf("guessing pushed a good answer out: asked %d times", asked.Load())
	}

	const size, many = 1000, 4000
	as = func(secret.Token) introspection.Answer { asked.Add(1); return active }
	i, err := introspection.NewCached(as, introspection.CachedOptions{Now: c.now, Logger: slog.New(slog.DiscardHandler), Size: size})
	if err != nil {
		t.Fatal(err)
	}
	tokens := make([]secret.Token, many)
	for n := range tokens {
		tokens[n] = secret.New(secret.AccessToken)
		isActive(t, i, tokens[n])
	}
	asked.Store(0)
	for n := range tokens {
		isActive(t, i, tokens[len(tokens)-1-n])
	}
	if kept := many - asked.Load(); kept > size || kept < size/4 {
		t.Errorf("%d answers were remembered, with room for %d", kept, size)
	}
}

func BenchmarkHitInProcess(b *testing.B) {
	as, token := &authority{}, secret.New(secret.AccessToken)
	as.say(active, nil)
	i, _ := introspection.NewCached(as, introspection.CachedOptions{Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
	b.ReportAllocs()
	for b.Loop() {
		_, _ = i.Introspect(b.Context(), token)
	}
}
