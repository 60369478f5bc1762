package introspection_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"latchkey/pkg/cache"
	"latchkey/pkg/fault"
	"latchkey/pkg/introspection"
	"latchkey/pkg/secret"
)

func TestAnswersAreGoodForOneLife(t *testing.T) {
	for _, lives := range []time.Duration{introspection.DefaultLife, time.Millisecond, introspection.MaxLife} {
		for _, state := range []bool{true, false} {
			t.Run(fmt.Sprintf("%v active %v", lives, state), func(t *testing.T) {
				c, as, token := newClock(), &authority{}, secret.New(secret.AccessToken)
				as.say(introspection.Answer{Active: state, UserID: "u"}, nil)
				i := newCachedWith(t, as, introspection.CachedOptions{Life: lives, Now: c.now})
				for range 3 {
					if isActive(t, i, token) != state {
						t.Fatal("wrong answer")
					}
				}
				c.advance(lives - 1)
				isActive(t, i, token)
				if n := as.asked.Load(); n != 1 {
					t.Errorf("asked %d times within a life", n)
				}
				as.say(introspection.Answer{Active: !state, UserID: "u"}, nil)
				c.advance(1)
				if isActive(t, i, token) == state {
					t.Error("after a life the old answer stands")
				}
			})
		}
	}
}

func TestLivesOutOfBoundsAreRefused(t *testing.T) {
	for _, lives := range []time.Duration{-1, introspection.MaxLife + 1} {
		_, err := introspection.NewCached(&authority{}, introspection.CachedOptions{Life: lives, Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
		if err == nil {
			t.Errorf("a life of %v was taken", lives)
		}
	}
}

func TestLifeCountsFromSendingTheAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, as, token := newClock(), newScript(), secret.New(secret.AccessToken)
		i := newCached(t, as, nil, c.now)
		first := introspect(t, i, token)
		c.advance(life - 100*time.Millisecond)
		(<-as) <- active
		if got, over := first.over(); !got || !over {
			t.Fatal("not served")
		}
		c.advance(100*time.Millisecond - 1)
		if got, over := introspect(t, i, token).over(); !got || !over {
			t.Error("within the life the answer does not serve")
		}
		c.advance(1)
		second := introspect(t, i, token)
		if as.asks() != 1 {
			t.Fatal("a slow answer lived on for more than the rest of its life")
		}
		(<-as) <- introspection.Answer{}
		if got, over := second.over(); got || !over {
			t.Error("the new answer does not serve")
		}
	})
}

// A lookup that takes three lives serves those who came within a life of it. Who
// comes later starts a new one, which the others share.
func TestALookupThatTakesThreeLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, as, token := newClock(), newScript(), secret.New(secret.AccessToken)
		i := newCached(t, as, nil, c.now)
		var early, late []waiting
		for range 5 {
			early = append(early, introspect(t, i, token))
		}
		c.advance(life - 1)
		early = append(early, introspect(t, i, token)) // a moment less than a life after the ask was sent
		if n := as.asks(); n != 1 {
			t.Fatalf("%d asks", n)
		}
		first := <-as
		c.advance(1)
		for range 5 {
			late = append(late, introspect(t, i, token))
			c.advance(life / 10)
		}
		if n := as.asks(); n != 1 {
			t.Fatalf("those who came a life after the ask was sent asked %d times", n)
		}
		second := <-as
		c.advance(life)
		first <- active // revoked after it was asked
		for _, w := range early {
			if got, over := w.over(); !got || !over {
				t.Errorf("of those who waited one was served %v, active %v", over, got)
			}
		}
		for _, w := range late {
			if _, over := w.over(); over {
				t.Error("who came late was served by the early answer")
			}
		}
		later := introspect(t, i, token) // the early answer is over, the second ask sent a life ago and more
		if as.asks() != 1 {
			t.Error("who came last did not ask anew")
		}
		third := <-as
		second <- introspection.Answer{}
		for _, w := range late {
			if got, over := w.over(); got || !over {
				t.Errorf("of those who came late one was served %v, active %v", over, got)
			}
		}
		third <- introspection.Answer{}
		if got, over := later.over(); got || !over {
			t.Errorf("who came last was served %v, active %v", over, got)
		}
	})
}

func TestConcurrentMissesShareOneCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		as, token := newScript(), secret.New(secret.AccessToken)
		i := newCached(t, as, nil, time.Now)
		ctx, cancel := context.WithCancel(t.Context())
		left := make(chan error, 1)
		go func() {
			_, err := i.Introspect(ctx, token)
			left <- err
		}()
		synctest.Wait()
		var all []waiting
		for range 50 {
			all = append(all, introspect(t, i, token))
		}
		cancel() // the first caller leaves; the call goes on for the others
		if err := <-left; !fault.Is(err, fault.Unavailable) {
			t.Errorf("who left got %v", err)
		}
		(<-as) <- active
		for _, w := range all {
			if got, over := w.over(); !got || !over {
				t.Error("not served")
			}
		}
		if n := as.asks(); n != 0 {
			t.Errorf("asked %d times more", n)
		}
	})
}

// An answer that lands between a caller's look at what is remembered and its
// look for one under way serves that caller.
func TestWhatLandsMeanwhileIsNotAskedAgain(t *testing.T) {
	c, as, token := newClock(), &authority{}, secret.New(secret.AccessToken)
	as.say(active, nil)
	var i *introspection.Cached
	looks := 0
	i = newCached(t, as, nil, func() time.Time {
		if looks++; looks == 2 { // the first caller has found nothing
			isActive(t, i, token)
		}
		return c.now()
	})
	if !isActive(t, i, token) || as.asked.Load() != 1 {
		t.Errorf("asked %d times", as.asked.Load())
	}
}

func TestALookupThatFailsIsNotRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, as, token := newClock(), &authority{}, secret.New(secret.AccessToken)
		store := cache.NewMemory(cache.Options{Now: c.now})
		as.say(active, fault.New(fault.Unavailable, "away"))
		i := newCached(t, as, store, c.now)
		if a, err := i.Introspect(t.Context(), token); !fault.Is(err, fault.Unavailable) || a.Active {
			t.Errorf("%+v, %v", a, err)
		}
		synctest.Wait()
		as.say(introspection.Answer{}, nil)
		if isActive(t, i, token) || isActive(t, newCached(t, as, store, c.now), token) {
			t.Error("what came with the failure is remembered")
		}
	})
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
	i = newCachedWith(t, as, introspection.CachedOptions{Now: c.now, Size: size})
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

func TestHitsAllocateNothing(t *testing.T) {
	as, token := &authority{}, secret.New(secret.AccessToken)
	as.say(active, nil)
	c := newClock()
	i := newCached(t, as, nil, c.now)
	ctx := t.Context()
	if n := testing.AllocsPerRun(1000, func() { _, _ = i.Introspect(ctx, token) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkHitInProcess(b *testing.B) {
	as, token := &authority{}, secret.New(secret.AccessToken)
	as.say(active, nil)
	i := newCached(b, as, nil, time.Now)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = i.Introspect(b.Context(), token)
	}
}
