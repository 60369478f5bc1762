package introspection_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"latchkey/pkg/cache"
	"latchkey/pkg/introspection"
	"latchkey/pkg/secret"
)

// filled returns an answer whose every field has a value of its own, those
// added later included.
func filled(t testing.TB) introspection.Answer {
	var a introspection.Answer
	v := reflect.ValueOf(&a).Elem()
	for i := range v.NumField() {
		switch f := v.Field(i); f.Kind() {
		case reflect.Bool:
			f.SetBool(true)
		case reflect.String:
			f.SetString(fmt.Sprintf("text %d é", i))
		case reflect.Int64:
			f.SetInt(int64(i) * 1_000_000_007_000)
		case reflect.Slice:
			f.Set(reflect.ValueOf([]string{"10.0.0.0/8", ""}))
		default:
			t.Fatalf("a field of kind %v", f.Kind())
		}
	}
	return a
}

func TestSharedAnswersSpareTheAuthorizationServer(t *testing.T) {
	stores(t, func(t *testing.T, open func(*testing.T) cache.Store) {
		as, token, want := &authority{}, secret.New(secret.AccessToken), filled(t)
		as.say(want, nil)
		for range 3 {
			i := newCachedWith(t, as, introspection.CachedOptions{Life: introspection.MaxLife, Store: open(t), Now: time.Now})
			got, err := i.Introspect(t.Context(), token)
			if d := cmp.Diff(want, got); d != "" || err != nil {
				t.Fatal(d, err)
			}
			raw := stored(t, open(t), token)
			if bytes.Contains(raw, []byte(token.Reveal())) {
				t.Error("the credential itself is in the store")
			}
		}
		if n := as.asked.Load(); n != 1 {
			t.Errorf("three replicas asked %d times", n)
		}
	})
}

func TestInactiveAnswersAreNotShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, as, token := newClock(), &authority{}, secret.New(secret.AccessToken)
		store := cache.NewMemory(cache.Options{Now: c.now})
		for range 2 {
			isActive(t, newCached(t, as, store, c.now), token)
			synctest.Wait()
		}
		if n := as.asked.Load(); n != 2 {
			t.Errorf("two replicas asked %d times", n)
		}
	})
}

// What a replica reads, it believes for the smaller of what is left of the
// answer's life and the time the store gives it, and then by its own clock.
func TestWhatIsReadIsBelievedForTheSmallerTime(t *testing.T) {
	stores(t, func(t *testing.T, open func(*testing.T) cache.Store) {
		const lives = introspection.MaxLife
		store, at := open(t), time.Now()
		for name, tt := range map[string]struct{ age, left, want time.Duration }{
			"young, the store forgets soon": {5 * time.Second, 20 * time.Second, 20 * time.Second},
			"old, just written back":        {50 * time.Second, time.Hour, 10 * time.Second},
		} {
			c, as, token := clockAt(at), &authority{}, secret.New(secret.AccessToken)
			as.say(active, nil)
			isActive(t, newCachedWith(t, as, introspection.CachedOptions{Life: lives, Store: store, Now: c.now}), token)
			raw := stored(t, store, token)
			if err := store.Set(t.Context(), introspection.Key(token.Digest()), raw, tt.left); err != nil {
				t.Fatal(err)
			}
			as.say(introspection.Answer{}, nil)
			c.advance(tt.age)
			reader := newCachedWith(t, as, introspection.CachedOptions{Life: lives, Store: store, Now: c.now})
			if !isActive(t, reader, token) {
				t.Fatalf("%s: not read", name)
			}
			remove(t, store, token) // from here on the reader has only its own memory
			c.advance(tt.want - 5*time.Second)
			if !isActive(t, reader, token) {
				t.Errorf("%s: forgotten after %v", name, tt.want-5*time.Second)
			}
			c.advance(5 * time.Second)
			if isActive(t, reader, token) {
				t.Errorf("%s: believed after %v", name, tt.want)
			}
		}
	})
}

// An entry that comes back from a dump, or stands on a replica that missed its
// end, has the stamp it always had.
func TestEntriesThatComeBackAreOver(t *testing.T) {
	stores(t, func(t *testing.T, open func(*testing.T) cache.Store) {
		store, c, as, token := open(t), clockAt(time.Now()), &authority{}, secret.New(secret.AccessToken)
		as.say(active, nil)
		isActive(t, newCached(t, as, store, c.now), token)
		raw := stored(t, store, token)
		as.say(introspection.Answer{}, nil)
		for _, later := range []time.Duration{life, 10 * time.Second, 24 * time.Hour} {
			if err := store.Set(t.Context(), introspection.Key(token.Digest()), raw, time.Hour); err != nil {
				t.Fatal(err)
			}
			if isActive(t, newCached(t, as, store, clockAt(c.now().Add(later)).now), token) {
				t.Errorf("active %v after it was asked for", later)
			}
		}
	})
}

// A clock that differs costs a lookup, and counts.
func TestStampsOfOtherClocksAreRefused(t *testing.T) {
	stores(t, func(t *testing.T, open func(*testing.T) cache.Store) {
		const lives = introspection.MaxLife
		for _, ahead := range []time.Duration{-5 * time.Minute, 5 * time.Minute} {
			as, token, c := &authority{}, secret.New(secret.AccessToken), clockAt(time.Now())
			as.say(active, nil)
			isActive(t, newCachedWith(t, as, introspection.CachedOptions{Life: lives, Store: open(t), Now: c.now}), token)
			stored(t, open(t), token)
			as.say(introspection.Answer{}, nil)
			reg := prometheus.NewRegistry()
			other := newCachedWith(t, as, introspection.CachedOptions{Life: lives, Store: open(t), Now: c.ahead(ahead), Registerer: reg})
			if isActive(t, other, token) {
				t.Errorf("a reader whose clock is %v ahead believed the stamp", ahead)
			}
			if n := count(t, reg, "introspection_misdated_total", ""); n != 1 {
				t.Errorf("%v misdated answers were counted", n)
			}
		}
	})
}

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
	if m.fails && m.rng.IntN(3) == 0 {
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

// Whatever stands in the store, only an entry with a stamp of the last life lets
// anybody in.
func FuzzEntry(f *testing.F) {
	c := newClock()
	stamp := c.now().UnixNano()
	f.Add(fmt.Appendf(nil, `{"asked":%d,"answer":{"active":true}}`, stamp))
	f.Add(fmt.Appendf(nil, `{"asked":%d,"answer":{"active":false,"user_id":"u"}}`, stamp))
	f.Add(fmt.Appendf(nil, `{"asked":%d,"answer":{"active":true}}`, stamp+1))
	f.Add(fmt.Appendf(nil, `{"asked":%d,"answer":{"active":true}}`, stamp-int64(life)))
	f.Add([]byte(`{"answer":{"active":true}}`))
	f.Add([]byte(`{"asked":-9223372036854775808,"answer":{"active":true}}`))
	f.Add([]byte(`{"asked":9223372036854775807,"answer":{"active":true}}`))
	f.Add([]byte(`{"active":true}`))
	f.Add([]byte("\x01"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		token, store := secret.New(secret.AccessToken), cache.NewMemory(cache.Options{Now: c.now})
		if err := store.Set(t.Context(), introspection.Key(token.Digest()), raw, time.Hour); err != nil {
			t.Fatal(err)
		}
		got := isActive(t, newCached(t, &authority{}, store, c.now), token)
		var e struct {
			Asked  int64
			Answer introspection.Answer
		}
		err := json.Unmarshal(raw, &e)
		if want := err == nil && e.Answer.Active && !e.Answer.ExpiredAt(c.now()) && e.Asked <= stamp && e.Asked > stamp-int64(life); got != want {
			t.Errorf("%q: active %v", raw, got)
		}
	})
}
