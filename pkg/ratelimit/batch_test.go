package ratelimit

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/pkg/testenv"
)

// Redis forgets its scripts while hundreds of requests come together: none is
// lost, none counts twice, and each hears of its own key.
func TestStepsThatTravelTogetherAreTheirOwn(t *testing.T) {
	r := openRedis(t, testenv.NeedRedis(t), newClock(), Refuse)
	prefix := unique(t)
	const keys, each, limit = 7, 100, 40
	var (
		group  sync.WaitGroup
		passed [keys]atomic.Int64
	)
	group.Go(func() {
		for range 20 {
			if err := r.shared.Client().ScriptFlush(t.Context()).Err(); err != nil {
				t.Error(err)
			}
		}
	})
	for i := range keys * each {
		group.Go(func() {
			key := i % keys
			// A limit of its own tells answers apart.
			l := Limit{Max: int64(limit + key), Window: time.Hour}
			res, err := r.Use(t.Context(), fmt.Sprint(prefix, key), l, "192.0.2.1")
			if err != nil {
				t.Error(err)
				return
			}
			if res.Allowed {
				passed[key].Add(1)
			}
			if res.Used > l.Max || res.Remaining != l.Max-res.Used {
				t.Errorf("key %d: %+v", key, res)
			}
		})
	}
	group.Wait()
	for key := range passed {
		if got := passed[key].Load(); got != int64(limit+key) {
			t.Errorf("key %d: %d passed, want %d", key, got, limit+key)
		}
	}
}

// A caller that gives up does not end the calls that share its trip.
func TestACallerWhoLeavesHoldsNobodyUp(t *testing.T) {
	r := openRedis(t, testenv.NeedRedis(t), newClock(), Refuse)
	key, l := unique(t), Limit{Max: 1_000_000, Window: time.Hour}
	gone, leave := context.WithCancel(t.Context())
	leave()
	var group sync.WaitGroup
	for i := range 300 {
		group.Go(func() {
			ctx := t.Context()
			if i%3 == 0 {
				ctx = gone
			}
			_, err := r.Use(ctx, key, l, "")
			if i%3 != 0 && err != nil {
				t.Errorf("held up: %v", err)
			}
			if i%3 == 0 && err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("left: %v", err)
			}
		})
	}
	group.Wait()
	if res, err := r.Use(t.Context(), key, l, ""); err != nil || res.Used < 201 {
		t.Errorf("%+v, %v", res, err)
	}
}
