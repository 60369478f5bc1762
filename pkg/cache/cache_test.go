package cache_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"latchkey/pkg/cache"
	"latchkey/pkg/testenv"
)

// engines runs the contract on the in-process store and on Redis.
func engines(t *testing.T, contract func(t *testing.T, s cache.Store)) {
	t.Run("memory", func(t *testing.T) {
		s, err := cache.Open("", cache.Options{Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		contract(t, s)
	})
	t.Run("redis", func(t *testing.T) { contract(t, openRedis(t)) })
}

func openRedis(t *testing.T) *cache.Redis {
	t.Helper()
	s, err := cache.OpenRedis(testenv.NeedRedis(t), cache.Options{Now: time.Now, Timeout: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func unique(t *testing.T, name string) string {
	return fmt.Sprintf("test:%s:%s:%d", t.Name(), name, time.Now().UnixNano())
}

func TestStoreKeepsTheLast(t *testing.T) {
	engines(t, func(t *testing.T, s cache.Store) {
		ctx, key := t.Context(), unique(t, "k")
		if value, left, err := s.Get(ctx, key); err != nil || value != nil || left != 0 {
			t.Fatalf("Get of a missing key: %q, %v, %v", value, left, err)
		}
		for _, want := range []struct {
			value string
			ttl   time.Duration
		}{{"first", time.Hour}, {"last", time.Minute}} {
			if err := s.Set(ctx, key, []byte(want.value), want.ttl); err != nil {
				t.Fatal(err)
			}
			value, left, err := s.Get(ctx, key)
			if err != nil || string(value) != want.value || left > want.ttl || left < want.ttl-10*time.Second {
				t.Errorf("Get: %q for %v, %v", value, left, err)
			}
		}
		other := unique(t, "other")
		if err := s.Set(ctx, other, []byte("other"), time.Minute); err != nil {
			t.Fatal(err)
		}
		if err := s.DeleteAndPublish(ctx, []string{key, unique(t, "missing")}, unique(t, "c"), nil); err != nil {
			t.Fatal(err)
		}
		if value, left, err := s.Get(ctx, key); err != nil || value != nil || left != 0 {
			t.Errorf("after it was removed: %q, %v, %v", value, left, err)
		}
		if value, _, err := s.Get(ctx, other); err != nil || string(value) != "other" {
			t.Errorf("another key: %q, %v", value, err)
		}
	})
}

func TestStoreForgetsInTime(t *testing.T) {
	engines(t, func(t *testing.T, s cache.Store) {
		ctx, key := t.Context(), unique(t, "k")
		if err := s.Set(ctx, key, []byte("brief"), 20*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		testenv.Eventually(t, 30*time.Second, "it is forgotten", func() bool {
			value, left, err := s.Get(ctx, key)
			if err != nil {
				t.Fatal(err)
			}
			return value == nil && left == 0
		})
	})
}

// What has no end was not written by us: somebody who repaired something by hand
// may have taken it away.
func TestRedisDoesNotFindWhatHasNoEnd(t *testing.T) {
	s, key := openRedis(t), unique(t, "k")
	if err := s.Client().Set(t.Context(), key, "for ever", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if value, left, err := s.Get(t.Context(), key); err != nil || value != nil || left != 0 {
		t.Errorf("%q, %v, %v", value, left, err)
	}
	if err := s.Delete(t.Context(), key); err != nil {
		t.Error(err)
	}
}

// subscribe returns what is published on channel, once publishing there arrives.
func subscribe(ctx context.Context, t *testing.T, s cache.Store, channel string) (messages <-chan string, ended <-chan error) {
	t.Helper()
	heard, end := make(chan string, 100), make(chan error, 1)
	go func() { end <- s.Subscribe(ctx, channel, func(m []byte) { heard <- string(m) }) }()
	testenv.Eventually(t, 30*time.Second, "the subscription", func() bool {
		if err := s.DeleteAndPublish(ctx, nil, channel, []byte("?")); err != nil {
			t.Fatal(err)
		}
		return len(heard) > 0
	})
	return heard, end
}

func TestStoreTellsListeners(t *testing.T) {
	engines(t, func(t *testing.T, s cache.Store) {
		channel, key := unique(t, "c"), unique(t, "k")
		ctx, cancel := context.WithCancel(t.Context())
		messages, ended := subscribe(ctx, t, s, channel)
		for _, news := range []string{"news", "more"} {
			if err := s.Set(t.Context(), key, []byte("v"), time.Minute); err != nil {
				t.Fatal(err)
			}
			if err := s.DeleteAndPublish(t.Context(), []string{key}, channel, []byte(news)); err != nil {
				t.Fatal(err)
			}
			got := within(t, messages, "the message")
			for got == "?" {
				got = within(t, messages, "the message")
			}
			if got != news {
				t.Errorf("message %q, want %q", got, news)
			}
			if value, _, err := s.Get(t.Context(), key); err != nil || value != nil {
				t.Errorf("the value is there when the message is: %q %v", value, err)
			}
		}
		cancel()
		if err := within(t, ended, "the end"); !errors.Is(err, context.Canceled) {
			t.Errorf("Subscribe ended with %v", err)
		}
	})
}

// A subscriber ends when it is told to, also while messages arrive without a
// pause: a service could not stop otherwise.
func TestD14_SubscribersEndWhateverArrives(t *testing.T) {
	engines(t, func(t *testing.T, s cache.Store) {
		channel := unique(t, "c")
		publishing, stop := context.WithCancel(t.Context())
		var publishers sync.WaitGroup
		defer publishers.Wait()
		defer stop()
		ctx, cancel := context.WithCancel(t.Context())
		heard, ended := make(chan struct{}, 1), make(chan error, 1)
		go func() {
			ended <- s.Subscribe(ctx, channel, func([]byte) {
				select {
				case heard <- struct{}{}:
				default:
				}
			})
		}()
		publishers.Go(func() {
			for publishing.Err() == nil {
				if err := s.DeleteAndPublish(publishing, nil, channel, []byte("news")); err != nil && publishing.Err() == nil {
					t.Error(err)
					return
				}
			}
		})
		for range 100 {
			within(t, heard, "a message")
		}
		cancel()
		if err := within(t, ended, "the end"); !errors.Is(err, context.Canceled) {
			t.Errorf("Subscribe ended with %v", err)
		}
	})
}

// A subscriber that hears nothing ends at once too (the fastest of five), not when its read does.
func TestSilentSubscribersEndAtOnce(t *testing.T) {
	engines(t, func(t *testing.T, s cache.Store) {
		fastest := time.Hour
		for range 5 {
			ctx, cancel := context.WithCancel(t.Context())
			_, ended := subscribe(ctx, t, s, unique(t, "c"))
			began := time.Now()
			cancel()
			within(t, ended, "the end")
			fastest = min(fastest, time.Since(began))
		}
		if fastest > 500*time.Millisecond {
			t.Errorf("it took %v", fastest)
		}
	})
}

func TestRedisSubscribersComeBack(t *testing.T) {
	proxy, through := testenv.NewProxy(t, testenv.NeedRedis(t))
	s, err := cache.OpenRedis(through, cache.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	direct, channel := openRedis(t), unique(t, "c")
	heard := make(chan string, 1000)
	var subscriber sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	defer subscriber.Wait()
	defer cancel()
	subscriber.Go(func() { _ = s.Subscribe(ctx, channel, func(m []byte) { heard <- string(m) }) })
	for _, news := range []string{"before", "after"} {
		testenv.Eventually(t, 30*time.Second, news, func() bool {
			if err := direct.DeleteAndPublish(ctx, nil, channel, []byte(news)); err != nil {
				t.Fatal(err)
			}
			select {
			case got := <-heard:
				return got == news
			default:
				return false
			}
		})
		proxy.Cut()
		proxy.Restore()
	}
}

func within[T any](t *testing.T, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(30 * time.Second):
		t.Fatalf("%s did not come", what)
		panic("unreachable")
	}
}

func TestMemoryIsBoundedAndExact(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	s := cache.NewMemory(cache.Options{Now: func() time.Time { return now }, MaxEntries: 160})
	for i := range 10_000 {
		if err := s.Set(t.Context(), fmt.Sprint("k", i), []byte("v"), time.Duration(i+1)*time.Second); err != nil {
			t.Fatal(err)
		}
	}
	left := 0
	for i := range 10_000 {
		if value, _, _ := s.Get(t.Context(), fmt.Sprint("k", i)); value != nil {
			left++
		}
	}
	if left > 160 {
		t.Errorf("%d entries are kept, the bound is 160", left)
	}
	if err := s.Set(t.Context(), "exact", []byte("v"), time.Second); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Second - 1)
	if value, left, _ := s.Get(t.Context(), "exact"); value == nil || left != 1 {
		t.Error("gone before its time")
	}
	now = now.Add(1)
	if value, left, _ := s.Get(t.Context(), "exact"); value != nil || left != 0 {
		t.Error("there after its time")
	}
}

func TestBreakerLetsOneTry(t *testing.T) {
	now := time.Unix(0, 1)
	b := &cache.Breaker{Now: func() time.Time { return now }, Failures: 2}
	for range 2 {
		if !b.Allow() {
			t.Fatal("refused while closed")
		}
		b.Report(false)
	}
	if b.Allow() {
		t.Fatal("allowed while open")
	}
	now = now.Add(time.Second)
	if !b.Allow() || b.Allow() {
		t.Fatal("after the pause exactly one may try")
	}
	b.Report(true)
	if first, second := b.Allow(), b.Allow(); !first || !second {
		t.Fatal("refused after a success")
	}
}
