package cache_test

import (
	"errors"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"latchkey/pkg/cache"
	"latchkey/pkg/testenv"
)

func TestRedisAwayCostsLittle(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	s, err := cache.OpenRedis("redis://"+addr, cache.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	spent := make([]time.Duration, 200)
	for i := range spent {
		began := time.Now()
		if _, _, err := s.Get(t.Context(), "k"); !errors.Is(err, cache.ErrUnavailable) {
			t.Fatalf("Get with Redis away: %v", err)
		}
		spent[i] = time.Since(began)
	}
	slices.Sort(spent)
	if median := spent[len(spent)/2]; median > time.Millisecond {
		t.Errorf("a dead Redis costs %v", median)
	}
	if !s.Away() {
		t.Error("the breaker is closed")
	}
}

// A Redis that takes commands and does not answer any more is given up after two
// trips, however many callers share them: the second carries all who have come
// meanwhile, and each of them would have failed.
func TestAHangingRedisIsGivenUpByThoseWhoShareATrip(t *testing.T) {
	proxy, through := testenv.NewProxy(t, testenv.NeedRedis(t))
	s, err := cache.OpenRedis(through, cache.Options{Now: time.Now, Timeout: time.Second, PoolSize: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	get := func() error {
		_, _, err := s.Get(t.Context(), "k")
		return err
	}
	var group sync.WaitGroup
	for range 2 { // one connection each: no handshake is counted below
		group.Go(func() {
			if err := s.Ping(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	release := proxy.Hold()
	defer release()
	for range 50 {
		group.Go(func() {
			if err := get(); !errors.Is(err, cache.ErrUnavailable) {
				t.Errorf("Get from a Redis that hangs: %v", err)
			}
		})
	}
	group.Wait()
	if !s.Away() {
		t.Error("the breaker is closed")
	}
}

// After an outage no connection is left, and whoever tries first needs a new one.
func TestRedisIsUsedAgainAfterAnOutage(t *testing.T) {
	proxy, through := testenv.NewProxy(t, testenv.NeedRedis(t))
	s, err := cache.OpenRedis(through, cache.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	proxy.Cut()
	testenv.Eventually(t, 30*time.Second, "the breaker opens", func() bool {
		_ = s.Ping(t.Context())
		return s.Away()
	})
	proxy.Restore()
	testenv.Eventually(t, 30*time.Second, "Redis is used again", func() bool {
		return s.Ping(t.Context()) == nil && s.Set(t.Context(), "k", []byte("v"), time.Second) == nil
	})
}
