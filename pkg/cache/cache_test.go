package cache_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
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

func TestStoreKeepsTheFirstOfMany(t *testing.T) {
	engines(t, func(t *testing.T, s cache.Store) {
		ctx, key := t.Context(), unique(t, "k")
		if _, found, err := s.Get(ctx, key); err != nil || found {
			t.Fatalf("Get of a missing key: found %v, %v", found, err)
		}
		var (
			wg       sync.WaitGroup
			standing [50]string
		)
		for i := range standing {
			wg.Go(func() {
				v, err := s.SetNX(ctx, key, fmt.Appendf(nil, "writer %d", i), time.Minute)
				if err != nil {
					t.Error(err)
				}
				standing[i] = string(v)
			})
		}
		wg.Wait()
		if all := slices.Compact(standing[:]); len(all) != 1 {
			t.Errorf("writers saw several values: %q", all)
		}
		if err := s.Set(ctx, key, []byte("tombstone"), time.Minute); err != nil {
			t.Fatal(err)
		}
		if v, err := s.SetNX(ctx, key, []byte("late"), time.Minute); err != nil || string(v) != "tombstone" {
			t.Errorf("SetNX after Set: %q, %v", v, err)
		}
		if v, found, err := s.Get(ctx, key); err != nil || !found || string(v) != "tombstone" {
			t.Errorf("Get: %q, %v, %v", v, found, err)
		}
		if err := s.Delete(ctx, key); err != nil {
			t.Fatal(err)
		}
		if _, found, _ := s.Get(ctx, key); found {
			t.Error("found after Delete")
		}
	})
}

func TestStoreTakesOnce(t *testing.T) {
	engines(t, func(t *testing.T, s cache.Store) {
		ctx, key := t.Context(), unique(t, "k")
		if err := s.Set(ctx, key, []byte("once"), time.Minute); err != nil {
			t.Fatal(err)
		}
		var (
			wg   sync.WaitGroup
			took atomic.Int32
		)
		for range 50 {
			wg.Go(func() {
				v, found, err := s.Take(ctx, key)
				if err != nil {
					t.Error(err)
				}
				if found && string(v) == "once" {
					took.Add(1)
				}
			})
		}
		wg.Wait()
		if took.Load() != 1 {
			t.Errorf("%d callers took the value", took.Load())
		}
	})
}

func TestStoreForgetsInTime(t *testing.T) {
	engines(t, func(t *testing.T, s cache.Store) {
		ctx, key := t.Context(), unique(t, "k")
		if err := s.Set(ctx, key, []byte("brief"), 20*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		deadline := time.After(2 * time.Second)
		for {
			if _, found, err := s.Get(ctx, key); err != nil {
				t.Fatal(err)
			} else if !found {
				return
			}
			select {
			case <-deadline:
				t.Fatal("still there after its time")
			case <-time.After(5 * time.Millisecond):
			}
		}
	})
}

func TestStoreTellsListeners(t *testing.T) {
	engines(t, func(t *testing.T, s cache.Store) {
		channel, key := unique(t, "c"), unique(t, "k")
		messages, resets := make(chan string, 10), make(chan struct{}, 10)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			ended <- s.Subscribe(ctx, channel, func(m []byte) { messages <- string(m) }, func() { resets <- struct{}{} })
		}()
		within(t, resets, "the first reset")
		if err := s.SetAndPublish(t.Context(), []cache.Entry{{Key: key, Value: []byte("v"), TTL: time.Minute}}, channel, []byte("news")); err != nil {
			t.Fatal(err)
		}
		if got := within(t, messages, "the message"); got != "news" {
			t.Errorf("message %q", got)
		}
		if v, found, err := s.Get(t.Context(), key); err != nil || !found || string(v) != "v" {
			t.Errorf("the entry is not there when the message is: %q %v %v", v, found, err)
		}
		if err := s.Publish(t.Context(), channel, []byte("more")); err != nil {
			t.Fatal(err)
		}
		if got := within(t, messages, "the second message"); got != "more" {
			t.Errorf("message %q", got)
		}
		cancel()
		if err := within(t, ended, "the end"); !errors.Is(err, context.Canceled) {
			t.Errorf("Subscribe ended with %v", err)
		}
	})
}

func within[T any](t *testing.T, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(5 * time.Second):
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
		if _, found, _ := s.Get(t.Context(), fmt.Sprint("k", i)); found {
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
	if _, found, _ := s.Get(t.Context(), "exact"); !found {
		t.Error("gone before its time")
	}
	now = now.Add(1)
	if _, found, _ := s.Get(t.Context(), "exact"); found {
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

func TestOpenRefusesOtherURLs(t *testing.T) {
	if _, err := cache.Open("memcached://x", cache.Options{Now: time.Now}); err == nil {
		t.Error("no error")
	}
	if _, err := cache.Open("redis://:hunter2@%zz", cache.Options{Now: time.Now}); err == nil {
		t.Error("no error")
	}
}
