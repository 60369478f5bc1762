package testenv

import (
	"testing"
	"time"
)

// How long Eventually waits between its first two questions, and at most: what comes late
// is asked for less often, for a question may cost as much as what is waited for.
const (
	firstPause = 2 * time.Millisecond
	lastPause  = 50 * time.Millisecond
)

// Eventually asks cond again and again until it is true, and fails the test when it is
// not within limit.
func Eventually(t testing.TB, limit time.Duration, what string, cond func() bool) {
	t.Helper()
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	for pause := firstPause; !cond(); pause = min(pause*3/2, lastPause) {
		select {
		case <-deadline.C:
			t.Fatalf("not within %s: %s", limit, what)
		case <-time.After(pause):
		}
	}
}
