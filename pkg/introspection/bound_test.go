package introspection_test

import (
	"context"
	"math/rand/v2"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"latchkey/pkg/cache"
	"latchkey/pkg/introspection"
	"latchkey/pkg/secret"
)

// mischief is a store that does not do what it was told to.
type mischief struct {
	cache.Store
	rng      *rand.Rand
	keeps    bool // nothing is ever forgotten
	restores bool // what stood there before comes back
	fails    bool // now and then
	off      bool // it is away
	written  [][]byte
}

func (m *mischief) Get(ctx context.Context, key string) ([]byte, time.Duration, error) {
	if m.off || m.fails && m.rng.IntN(3) == 0 {
		return nil, 0, cache.ErrUnavailable
	}
	if len(m.written) > 0 && m.keeps {
		return m.written[len(m.written)-1], time.Hour, nil
	}
	if len(m.written) > 0 && m.restores && m.rng.IntN(3) == 0 {
		return m.written[m.rng.IntN(len(m.written))], time.Hour, nil
	}
	return m.Store.Get(ctx, key)
}

func (m *mischief) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if m.off || m.fails && m.rng.IntN(3) == 0 {
		return cache.ErrUnavailable
	}
	m.written = append(m.written, value)
	return m.Store.Set(ctx, key, value, ttl)
}

// Three hosts use a credential at any time, with lookups of any length and
// whatever store: nobody is served by what was asked for a life or more before
// the request. Clocks that differ add to that only where the store does not
// forget either.
func TestNoAnswerIsOlderThanALife(t *testing.T) {
	for name, tt := range map[string]struct {
		store  mischief
		apart  time.Duration // clocks of neighbours
		beyond time.Duration // what is added to the life
		shares bool
	}{
		"the store works":                           {shares: true},
		"it fails now and then":                     {store: mischief{fails: true}, shares: true},
		"it forgets nothing":                        {store: mischief{keeps: true}, shares: true},
		"it is restored from dumps":                 {store: mischief{restores: true}, shares: true},
		"clocks a little apart":                     {apart: 150 * time.Millisecond, shares: true},
		"clocks a life apart":                       {apart: life},
		"clocks five minutes apart":                 {apart: 5 * time.Minute},
		"clocks apart, and it fails":                {apart: 5 * time.Minute, store: mischief{fails: true}},
		"clocks a little apart, it forgets nothing": {apart: 150 * time.Millisecond, store: mischief{keeps: true}, beyond: 300 * time.Millisecond, shares: true},
		"clocks a little apart, and dumps":          {apart: 150 * time.Millisecond, store: mischief{restores: true}, beyond: 300 * time.Millisecond, shares: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, rng := newClock(), rand.New(rand.NewPCG(1, 2))
				store := tt.store
				store.Store, store.rng = cache.NewMemory(cache.Options{Now: c.now}), rng
				var sent []time.Time
				as := asker(func(secret.Token) introspection.Answer {
					sent = append(sent, c.now())
					if rng.IntN(10) == 0 {
						c.advance(upTo(rng, 3*life))
					}
					return introspection.Answer{Active: true, CredentialID: strconv.Itoa(len(sent) - 1)}
				})
				var hosts []*introspection.Cached
				for n := range 3 {
					hosts = append(hosts, newCached(t, as, &store, c.ahead(time.Duration(n)*tt.apart)))
				}
				token, requests, shared, oldest := secret.New(secret.AccessToken), 5000, map[string]int{}, time.Duration(0)
				for range requests {
					n, arrived := rng.IntN(len(hosts)), c.now()
					a, err := hosts[n].Introspect(t.Context(), token)
					synctest.Wait() // until it is written to the store
					ask, convErr := strconv.Atoi(a.CredentialID)
					if err != nil || convErr != nil {
						t.Fatal(err, convErr)
					}
					shared[a.CredentialID] |= 1 << n
					oldest = max(oldest, arrived.Sub(sent[ask]))
					c.advance(upTo(rng, life/3))
				}
				if oldest >= life+tt.beyond {
					t.Errorf("an answer was %v old", oldest)
				}
				several := 0
				for _, by := range shared {
					if by&(by-1) != 0 {
						several++
					}
				}
				if tt.shares != (several > len(sent)/10) {
					t.Errorf("%d of %d answers served several hosts", several, len(sent))
				}
			})
		})
	}
}

func upTo(rng *rand.Rand, limit time.Duration) time.Duration {
	return time.Duration(rng.Int64N(int64(limit)))
}
