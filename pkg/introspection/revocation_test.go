package introspection_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"latchkey/pkg/cache"
	"latchkey/pkg/introspection"
	"latchkey/pkg/secret"
)

func TestS38RevocationReachesEveryReplica(t *testing.T) {
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
							if _, err := i.Introspect(t.Context(), token); err != nil {
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
