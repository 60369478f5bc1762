package usage

import (
	"context"
	"strconv"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/keyuse"
)

// Months is how many a year has. They are those of UTC: hours of a year would be too many
// to read, and a sum cannot be cut again.
const Months = 12

// Year returns how often something of a name happened on the instance in the last Months:
// the month that runs is the last. The Hour of each is its beginning.
func (s *Service) Year(ctx context.Context, name string) ([]authserver.UsageHour, error) {
	list := make([]authserver.UsageHour, Months)
	months := s.months()
	for i := range list {
		list[i].Hour = months[i]
	}
	stored, err := s.Store.ListUsageMonths(ctx, keyuse.KindInstance, name, months[0])
	if err != nil {
		return nil, err
	}
	for _, u := range s.Uses.Pending(keyuse.KindInstance, name) {
		stored = append(stored, authserver.UsageHour{Hour: u.Hour, Calls: u.Count})
	}
	for i := range stored {
		if n := monthsBetween(months[0], stored[i].Hour); n >= 0 && n < Months {
			list[n].Add(&stored[i])
		}
	}
	return list, nil
}

// LatencyYear returns how long requests took in each of the last Months.
func (s *Service) LatencyYear(ctx context.Context) ([]SpanLatency, error) {
	list := make([]SpanLatency, Months)
	months := s.months()
	for i := range list {
		list[i].At = months[i]
	}
	stored, err := s.Store.ListLatencyMonths(ctx, months[0])
	if err != nil {
		return nil, err
	}
	for _, one := range append(stored, s.pendingLatency()...) {
		if n := monthsBetween(months[0], one.Hour); n >= 0 && n < Months {
			list[n].count(one)
		}
	}
	return list, nil
}

// months begin the last Months, oldest first.
func (s *Service) months() (list [Months]time.Time) {
	y, m, _ := s.Now().UTC().Date()
	for i := range list {
		list[i] = time.Date(y, m-Months+1+time.Month(i), 1, 0, 0, 0, 0, time.UTC)
	}
	return list
}

func monthsBetween(from, to time.Time) int {
	to = to.UTC()
	return (to.Year()-from.Year())*Months + int(to.Month()-from.Month())
}

// pendingLatency is what is not stored yet.
func (s *Service) pendingLatency() (list []authserver.LatencyHour) {
	for bucket := range authserver.LatencyBuckets {
		for _, u := range s.Uses.Pending(keyuse.KindLatency, strconv.Itoa(bucket)) {
			list = append(list, authserver.LatencyHour{Hour: u.Hour, Bucket: bucket, Requests: u.Count})
		}
	}
	return list
}
