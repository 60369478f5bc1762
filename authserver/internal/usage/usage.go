// Package usage tells how often keys, applications and the instance itself were used,
// and where keys were used from. It knows no HTTP and no SQL.
package usage

import (
	"context"
	"slices"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/keyuse"
)

// Store is what the use cases need of the database.
type Store interface {
	ListUsage(ctx context.Context, kind string, subjects []string, since time.Time) ([]authserver.UsageHour, error)
	ListLatency(ctx context.Context, since time.Time) ([]authserver.LatencyHour, error)
	// ListUsageMonths and ListLatencyMonths sum up by the months of UTC: each Hour is
	// within its month.
	ListUsageMonths(ctx context.Context, kind, subject string, since time.Time) ([]authserver.UsageHour, error)
	ListLatencyMonths(ctx context.Context, since time.Time) ([]authserver.LatencyHour, error)
	ListKeyAddresses(ctx context.Context, keyID string) ([]authserver.KeyAddress, error)
	CountPeople(ctx context.Context, clientID string) (int, error)
	CallsOf(ctx context.Context, userID string, since time.Time) (map[string]int64, error)
	GrantIDs(ctx context.Context, userID, clientID string, most int) ([]string, error)
}

// Service carries out the use cases. Its methods are safe for concurrent use.
type Service struct {
	Store Store
	Uses  *keyuse.Recorder // of what is not stored yet; nil: there is none
	Now   func() time.Time
}

// What a Recent tells of: the hour that runs, or the day, is the last.
const (
	Hours = 24
	Days  = 30
)

// Recent is how often something was used lately, oldest first. Days are dates of a time
// zone: the Hour of each is midnight in UTC of that date.
type Recent struct {
	Hours []authserver.UsageHour
	Days  []authserver.UsageHour
	// Calls of today and of the same day a week ago, up to the hour that runs: as much of
	// both days.
	SoFar, WeekAgo int64
}

// Key returns how often an API key was used, in days of zone.
func (s *Service) Key(ctx context.Context, zone *time.Location, id string) (*Recent, error) {
	return s.of(ctx, zone, keyuse.KindKey, id)
}

// Client returns how often an application called, for everybody.
func (s *Service) Client(ctx context.Context, zone *time.Location, id string) (*Recent, error) {
	return s.of(ctx, zone, keyuse.KindClient, id)
}

// People returns how many people allow an application something.
func (s *Service) People(ctx context.Context, clientID string) (int, error) {
	return s.Store.CountPeople(ctx, clientID)
}

// Instance returns how often something of a name happened on the instance.
func (s *Service) Instance(ctx context.Context, zone *time.Location, name string) (*Recent, error) {
	return s.of(ctx, zone, keyuse.KindInstance, name)
}

// mostGrants is how many authorizations of an application are looked at.
const mostGrants = 100

// Grants returns how often an application called in the name of one user. There are no
// hours of that, and days are those of UTC: that is how it is counted.
func (s *Service) Grants(ctx context.Context, userID, clientID string) (*Recent, error) {
	ids, err := s.Store.GrantIDs(ctx, userID, clientID, mostGrants)
	if err != nil {
		return nil, err
	}
	return s.of(ctx, time.UTC, keyuse.KindGrant, ids...)
}

// Applications returns how often each application called in the name of one user in the
// last Days, by days of UTC. What is not stored yet is missing.
func (s *Service) Applications(ctx context.Context, userID string) (map[string]int64, error) {
	return s.Store.CallsOf(ctx, userID, date(s.Now().UTC(), time.UTC).Add(-(Days-1)*day))
}

func (s *Service) of(ctx context.Context, zone *time.Location, kind string, ids ...string) (*Recent, error) {
	hour := s.Now().UTC().Truncate(time.Hour)
	r := &Recent{Hours: spans(hour, time.Hour, Hours), Days: spans(date(hour, zone), day, Days)}
	stored, err := s.Store.ListUsage(ctx, kind, ids, r.Days[0].Hour.Add(-day))
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		for _, u := range s.Uses.Pending(kind, id) {
			stored = append(stored, authserver.UsageHour{Hour: u.Hour, Calls: u.Count, Limited: u.Limited, Forbidden: u.Forbidden})
		}
	}
	today, week := r.Days[Days-1].Hour, r.Days[Days-8].Hour
	weekAgo := hour.In(zone).AddDate(0, 0, -7)
	for i := range stored {
		at, on := stored[i].Hour, date(stored[i].Hour, zone)
		add(r.Hours, at, time.Hour, &stored[i])
		add(r.Days, on, day, &stored[i])
		if on.Equal(today) && at.Before(hour) {
			r.SoFar += stored[i].Calls
		}
		if on.Equal(week) && at.Before(weekAgo) {
			r.WeekAgo += stored[i].Calls
		}
	}
	return r, nil
}

const day = 24 * time.Hour

// date is midnight in UTC of the date that it is in zone at a moment. The hours that are
// counted begin with those of UTC: each belongs to the date it begins on. So every hour
// belongs to one date, on days of 23 and 25 hours and where clocks are half an hour off.
func date(at time.Time, zone *time.Location) time.Time {
	y, m, d := at.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// spans are n of equal length, the last of which begins at end.
func spans(end time.Time, length time.Duration, n int) []authserver.UsageHour {
	list := make([]authserver.UsageHour, n)
	for i := range list {
		list[i].Hour = end.Add(-time.Duration(n-1-i) * length)
	}
	return list
}

// add counts u where at is within.
func add(list []authserver.UsageHour, when time.Time, length time.Duration, u *authserver.UsageHour) {
	if i, ok := within(list[0].Hour, when, length, len(list)); ok {
		list[i].Add(u)
	}
}

// within says in which of n spans of a length a moment is, the first of which begins at from.
func within(from, at time.Time, length time.Duration, n int) (i int, ok bool) {
	since := at.Sub(from)
	return int(since / length), since >= 0 && since < length*time.Duration(n)
}

// Addresses returns where an API key was used from, the last first.
func (s *Service) Addresses(ctx context.Context, keyID string) ([]authserver.KeyAddress, error) {
	list, err := s.Store.ListKeyAddresses(ctx, keyID)
	if err != nil {
		return nil, err
	}
	for _, u := range s.Uses.Pending(keyuse.KindKey, keyID) {
		if u.From == "" {
			continue
		}
		i := slices.IndexFunc(list, func(a authserver.KeyAddress) bool { return a.Address == u.From })
		if i < 0 {
			i, list = len(list), append(list, authserver.KeyAddress{Address: u.From, FirstAt: u.At, LastAt: u.At})
		}
		list[i].Calls += u.Count + u.Limited
		if u.At.After(list[i].LastAt) {
			list[i].LastAt = u.At
		}
	}
	slices.SortStableFunc(list, func(a, b authserver.KeyAddress) int { return b.LastAt.Compare(a.LastAt) })
	return list, nil
}
