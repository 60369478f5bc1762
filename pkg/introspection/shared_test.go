package introspection_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
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
		if v.Type().Field(i).Tag.Get("json") == "-" { // is not on the wire
			continue
		}
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
		from := introspection.FromAuthserver
		for range 3 {
			i := newCachedWith(t, as, introspection.CachedOptions{Life: introspection.MaxLife, Store: open(t), Now: time.Now})
			got, err := i.Introspect(t.Context(), token)
			if got.From != from {
				t.Errorf("from %q", got.From)
			}
			from, got.From = introspection.FromShared, ""
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
			if raw, _, err := store.Get(t.Context(), introspection.Key(token.Digest())); raw != nil || err != nil {
				t.Errorf("%s, %v", raw, err)
			}
		}
		if n := as.asked.Load(); n != 2 {
			t.Errorf("two replicas asked %d times", n)
		}
	})
}

// slow is a store that reads at once and answers when it is let.
type slow struct {
	cache.Store
	gate chan struct{}
}

func (s *slow) Get(ctx context.Context, key string) ([]byte, time.Duration, error) {
	value, left, err := s.Store.Get(ctx, key)
	<-s.gate
	return value, left, err
}

// An answer from the shared store that ends while it is read serves who came
// before its end, and not who joined after.
func TestAnAnswerThatEndsWhileItIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, as, token := newClock(), newScript(), secret.New(secret.AccessToken)
		store := cache.NewMemory(cache.Options{Now: c.now})
		introspect(t, newCached(t, as, store, c.now), token)
		(<-as) <- active
		const left = life / 4
		if err := store.Set(t.Context(), introspection.Key(token.Digest()), stored(t, store, token), left); err != nil {
			t.Fatal(err)
		}
		behind := &slow{store, make(chan struct{})}
		i := newCached(t, as, behind, c.now)
		early := introspect(t, i, token)
		c.advance(left - 1)
		just := introspect(t, i, token)
		c.advance(1)
		late := introspect(t, i, token)
		if n := as.asks(); n != 0 {
			t.Fatalf("%d asks", n)
		}
		close(behind.gate)
		for _, w := range []waiting{early, just} {
			if got, over := w.over(); !got || !over {
				t.Error("who came before its end was not served")
			}
		}
		if _, over := late.over(); over || as.asks() != 1 {
			t.Error("who came at its end was served by it")
		}
		(<-as) <- introspection.Answer{}
		if got, over := late.over(); got || !over {
			t.Error("who came at its end was not served")
		}
	})
}

func TestAnswersThatAreOverAreNotShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, as, token := newClock(), newScript(), secret.New(secret.AccessToken)
		store := cache.NewMemory(cache.Options{Now: c.now})
		slow := introspect(t, newCached(t, as, store, c.now), token)
		c.advance(life)
		(<-as) <- active
		if got, over := slow.over(); !got || !over {
			t.Error("who waited is not served")
		}
		if raw, _, err := store.Get(t.Context(), introspection.Key(token.Digest())); raw != nil || err != nil {
			t.Errorf("%s, %v", raw, err)
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

// A reply that a connection gives to the wrong question lets nobody in as somebody else.
func TestAnEntryIsOfOneCredential(t *testing.T) {
	stores(t, func(t *testing.T, open func(*testing.T) cache.Store) {
		as, token, other := &authority{}, secret.New(secret.AccessToken), secret.New(secret.AccessToken)
		as.say(active, nil)
		isActive(t, newCachedWith(t, as, introspection.CachedOptions{Life: introspection.MaxLife, Store: open(t), Now: time.Now}), token)
		stored(t, open(t), token)
		raw, left, err := open(t).Get(t.Context(), introspection.Key(token.Digest()))
		if err != nil {
			t.Fatal(err)
		}
		if err := open(t).Set(t.Context(), introspection.Key(other.Digest()), raw, left); err != nil {
			t.Fatal(err)
		}
		as.say(introspection.Answer{}, nil)
		if isActive(t, newCachedWith(t, as, introspection.CachedOptions{Life: introspection.MaxLife, Store: open(t), Now: time.Now}), other) {
			t.Error("the answer to another credential was believed")
		}
	})
}

// Whatever stands in the store, only an entry of the credential with a stamp of the last
// life lets anybody in.
func FuzzEntry(f *testing.F) {
	c, token := newClock(), secret.New(secret.AccessToken)
	stamp, of := c.now().UnixNano(), token.Digest().String()
	f.Add(fmt.Appendf(nil, `{"of":%q,"asked":%d,"answer":{"active":true}}`, of, stamp))
	f.Add(fmt.Appendf(nil, `{"of":%q,"asked":%d,"answer":{"active":false,"user_id":"u"}}`, of, stamp))
	f.Add(fmt.Appendf(nil, `{"of":%q,"asked":%d,"answer":{"active":true}}`, of, stamp+1))
	f.Add(fmt.Appendf(nil, `{"of":%q,"asked":%d,"answer":{"active":true}}`, of, stamp-int64(life)))
	f.Add(fmt.Appendf(nil, `{"asked":%d,"answer":{"active":true}}`, stamp))
	f.Add([]byte(`{"answer":{"active":true}}`))
	f.Add([]byte(`{"asked":-9223372036854775808,"answer":{"active":true}}`))
	f.Add([]byte(`{"asked":9223372036854775807,"answer":{"active":true}}`))
	f.Add([]byte(`{"active":true}`))
	f.Add([]byte("\x01"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		store := cache.NewMemory(cache.Options{Now: c.now})
		if err := store.Set(t.Context(), introspection.Key(token.Digest()), raw, time.Hour); err != nil {
			t.Fatal(err)
		}
		got := isActive(t, newCached(t, &authority{}, store, c.now), token)
		var e struct {
			Of     string
			Asked  int64
			Answer introspection.Answer
		}
		err := json.Unmarshal(raw, &e)
		if want := err == nil && e.Of == of && e.Answer.Active && !e.Answer.ExpiredAt(c.now()) && e.Asked <= stamp && e.Asked > stamp-int64(life); got != want {
			t.Errorf("%q: active %v", raw, got)
		}
	})
}
