package usage

import (
	"context"
	"time"

	"latchkey/authserver"
)

// SpanLatency is how long requests of one span of time took.
type SpanLatency struct {
	At time.Time // its beginning; of a date midnight in UTC
	authserver.Latency
}

func (l *SpanLatency) count(one authserver.LatencyHour) {
	if one.Bucket >= 0 && one.Bucket < authserver.LatencyBuckets {
		l.Latency[one.Bucket] += one.Requests
	}
}

// RecentLatency is how long requests took lately, as Recent has it.
type RecentLatency struct{ Hours, Days []SpanLatency }

// Latency returns how long requests to this server took, of every replica, by the dates
// of zone: the last Days, oldest first, and the last Hours.
func (s *Service) Latency(ctx context.Context, zone *time.Location) (*RecentLatency, error) {
	hour := s.Now().UTC().Truncate(time.Hour)
	r := &RecentLatency{latencies(hour, time.Hour, Hours), latencies(date(hour, zone), day, Days)}
	stored, err := s.Store.ListLatency(ctx, r.Days[0].At.Add(-day))
	if err != nil {
		return nil, err
	}
	for _, one := range append(stored, s.pendingLatency()...) {
		addLatency(r.Hours, one.Hour, time.Hour, one)
		addLatency(r.Days, date(one.Hour, zone), day, one)
	}
	return r, nil
}

// addLatency counts one where at is within.
func addLatency(list []SpanLatency, at time.Time, length time.Duration, one authserver.LatencyHour) {
	if i, ok := within(list[0].At, at, length, len(list)); ok {
		list[i].count(one)
	}
}

func latencies(end time.Time, length time.Duration, n int) []SpanLatency {
	list := make([]SpanLatency, n)
	for i, one := range spans(end, length, n) {
		list[i].At = one.Hour
	}
	return list
}
