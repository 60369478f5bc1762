package authserver_test

import (
	"testing"
	"time"

	"latchkey/authserver"
)

func TestTimesToAnswerAreReadFromBuckets(t *testing.T) {
	last := -1
	for took := time.Microsecond; took < 5*time.Minute; took += took/10 + 1 {
		n := authserver.LatencyBucket(took)
		if n < last || n >= authserver.LatencyBuckets {
			t.Fatalf("%s is in bucket %d after %d", took, n, last)
		}
		last = n
		l := authserver.Latency{}
		l[n] = 100
		if got := l.Within(.5); took > 100*time.Microsecond && took < 100*time.Second && (got < took*7/10 || got > took*14/10) {
			t.Errorf("the median of %s is read as %s", took, got)
		}
	}
	if last != authserver.LatencyBuckets-1 || authserver.LatencyBucket(-time.Second) != 0 || authserver.LatencyBucket(0) != 0 {
		t.Errorf("the ends of the buckets: %d", last)
	}
	l := authserver.Latency{}
	if l.Within(.99) != 0 || l.Requests() != 0 {
		t.Error("no requests took some time")
	}
	l[authserver.LatencyBucket(8*time.Millisecond)] = 98
	l[authserver.LatencyBucket(300*time.Millisecond)] = 2
	if p50, p95, p99 := l.Within(.5), l.Within(.95), l.Within(.99); p50 < 6*time.Millisecond || p50 > 10*time.Millisecond || p95 > 10*time.Millisecond || p99 < 250*time.Millisecond || p99 > 350*time.Millisecond {
		t.Errorf("%s, %s, %s", p50, p95, p99)
	}
}
