package ratelimit_test

import (
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/pkg/cache"
	"latchkey/pkg/ratelimit"
	"latchkey/pkg/testenv"
)

// TestD2_LimitsOfAClusterAreNotDoubled: two replicas that know one node each, which
// is not the same, count together.
func TestD2_LimitsOfAClusterAreNotDoubled(t *testing.T) {
	masters := testenv.StartRedisCluster(t, 3)
	const keys, limit = 12, 20
	var replicas []ratelimit.Limiter
	for _, m := range masters[:2] {
		s, err := cache.Open(m.URL, cache.Options{Now: time.Now, Timeout: 5 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		l, err := ratelimit.New(s, ratelimit.Options{Now: time.Now, Logger: slog.Default()})
		if err != nil {
			t.Fatal(err)
		}
		replicas = append(replicas, l)
	}
	var passed [keys]atomic.Int64
	var all sync.WaitGroup
	for key := range keys {
		for range limit {
			for _, l := range replicas {
				all.Go(func() {
					got, err := l.Use(t.Context(), fmt.Sprint("cluster:", key), ratelimit.Limit{Max: limit, Window: time.Hour}, "")
					if err != nil || got.Degraded {
						t.Errorf("key %d: %+v, %v", key, got, err)
					}
					if got.Allowed {
						passed[key].Add(1)
					}
				})
			}
		}
	}
	all.Wait()
	for key := range passed {
		if n := passed[key].Load(); n != limit {
			t.Errorf("key %d: %d passed, want %d", key, n, limit)
		}
	}
}
