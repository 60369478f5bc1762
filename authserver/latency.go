package authserver

import (
	"math"
	"time"
)

// LatencyBuckets is how many buckets there are that times to answer are counted in: two
// for each doubling. The first holds what took at most leastLatency, the last what took
// more than all others (about 100 s).
const LatencyBuckets = 42

const leastLatency = 100 * time.Microsecond

// LatencyBucket is the bucket of a time to answer.
func LatencyBucket(took time.Duration) int {
	for n := range LatencyBuckets - 1 {
		if took <= latencyBounds[n] {
			return n
		}
	}
	return LatencyBuckets - 1
}

// latencyBounds are the longest times of the buckets, but for the last.
var latencyBounds = func() (bounds [LatencyBuckets - 1]time.Duration) {
	for n := range bounds {
		bounds[n] = time.Duration(float64(leastLatency) * math.Pow(2, float64(n)/2))
	}
	return bounds
}()

// LatencyHour is how many requests of one hour took a time of one bucket.
type LatencyHour struct {
	Hour     time.Time // its beginning, in UTC
	Bucket   int
	Requests int64
}

// Latency is how many requests took how long, by bucket.
type Latency [LatencyBuckets]int64

// Requests is how many there were.
func (l *Latency) Requests() int64 {
	sum := int64(0)
	for _, n := range l {
		sum += n
	}
	return sum
}

// Within is the time in which a share of all requests (0 to 1) was answered; 0: there
// were none. It is right within a bucket, whose requests are taken to lie evenly in it:
// two fifths too much or too little at most, mostly much less. Of the last bucket it says
// where that begins.
func (l *Latency) Within(share float64) time.Duration {
	rank := max(int64(math.Ceil(share*float64(l.Requests()))), 1)
	for n, count := range l {
		if count < rank {
			rank -= count
			continue
		}
		least := time.Duration(0)
		if n > 0 {
			least = latencyBounds[n-1]
		}
		if n == LatencyBuckets-1 {
			return least
		}
		return least + time.Duration(float64(latencyBounds[n]-least)*(float64(rank)-.5)/float64(count))
	}
	return 0
}
