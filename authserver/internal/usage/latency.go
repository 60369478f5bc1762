package usage

import (
	"context"
	"strconv"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/keyuse"
)

// DayLatency is how long requests of one date took.
type DayLatency struct {
	Date time.Time // midnight in UTC of that date
	authserver.Latency
}

// Latency returns how long requests to this server took, of every replica, by the dates
// of zone: the last Days, oldest first.
func (s *Service) Latency(ctx context.Context, zone *time.Location) ([]DayLatency, error) {
	days := make([]DayLatency, Days)
	for i, one := range spans(date(s.Now().UTC().Truncate(time.Hour), zone), day, Days) {
		days[i].Date = one.Hour
	}
	stored, err := s.Store.ListLatency(ctx, days[0].Date.Add(-day))
	if err != nil {
		return nil, err
	}
	for bucket := range authserver.LatencyBuckets {
		for _, u := range s.Uses.Pending(keyuse.KindLatency, strconv.Itoa(bucket)) {
			stored = append(stored, authserver.LatencyHour{Hour: u.Hour, Bucket: bucket, Requests: u.Count})
		}
	}
	for _, one := range stored {
		at := date(one.Hour, zone).Sub(days[0].Date)
		if at >= 0 && at < Days*day && one.Bucket >= 0 && one.Bucket < authserver.LatencyBuckets {
			days[at/day].Latency[one.Bucket] += one.Requests
		}
	}
	return days, nil
}
