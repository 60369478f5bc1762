package usage_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/usage"
	"latchkey/pkg/keyuse"
)

var (
	now       = time.Date(2026, 3, 1, 14, 30, 0, 0, time.UTC)
	errBroken = errors.New("errBroken")
)

// stored is a store with some hours.
type stored struct {
	hours     []authserver.UsageHour
	latencies []authserver.LatencyHour
	addresses []authserver.KeyAddress
	grants    []string
	since     time.Time
	asked     []string
	err       error
}

func (s *stored) ListUsage(_ context.Context, kind string, subjects []string, since time.Time) ([]authserver.UsageHour, error) {
	s.since, s.asked = since, append([]string{kind}, subjects...)
	return s.hours, s.err
}

func (s *stored) ListLatency(context.Context, time.Time) ([]authserver.LatencyHour, error) {
	return s.latencies, s.err
}

func (s *stored) ListUsageMonths(_ context.Context, kind, subject string, since time.Time) ([]authserver.UsageHour, error) {
	s.since, s.asked = since, []string{kind, subject}
	return s.hours, s.err
}

func (s *stored) ListLatencyMonths(_ context.Context, since time.Time) ([]authserver.LatencyHour, error) {
	s.since = since
	return s.latencies, s.err
}

func (s *stored) ListKeyAddresses(context.Context, string) ([]authserver.KeyAddress, error) {
	return s.addresses, s.err
}

func (s *stored) CountPeople(context.Context, string) (int, error) { return len(s.grants), s.err }

func (s *stored) CallsOf(context.Context, string, time.Time) (map[string]int64, error) {
	return nil, s.err
}

func (s *stored) GrantIDs(context.Context, string, string, int) ([]string, error) {
	return s.grants, s.err
}

// service is one whose recorder has noted some uses, and reported none.
func service(t *testing.T, s *stored, uses ...keyuse.Use) *usage.Service {
	t.Helper()
	r, err := keyuse.NewRecorder(keyuse.Options{
		Sink: func(context.Context, keyuse.Report) error { return nil }, Now: func() time.Time { return now }, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	r.Add(keyuse.Report{Uses: uses})
	return &usage.Service{Store: s, Uses: r, Now: func() time.Time { return now }}
}

// The last 24 hours and 30 days, the running ones last; what is not stored yet counts.
func TestHoursAndDays(t *testing.T) {
	hour, day := now.Truncate(time.Hour), now.Truncate(24*time.Hour)
	s := &stored{hours: []authserver.UsageHour{
		{Hour: hour, Calls: 1},
		{Hour: hour.Add(-23 * time.Hour), Calls: 2, Limited: 1},
		{Hour: hour.Add(-24 * time.Hour), Calls: 4},
		{Hour: day.Add(-29 * 24 * time.Hour), Forbidden: 3},
		{Hour: day.Add(-30 * 24 * time.Hour), Calls: 100},
		{Hour: hour.Add(time.Hour), Calls: 0},
	}}
	svc := service(t, s, keyuse.Use{ID: "k", At: now, Hour: hour, Count: 10, Limited: 5}, keyuse.Use{ID: "other", At: now, Hour: hour, Count: 7})
	got, err := svc.Key(t.Context(), time.UTC, "k")
	if err != nil || len(got.Hours) != usage.Hours || len(got.Days) != usage.Days {
		t.Fatalf("%+v, %v", got, err)
	}
	first, last := got.Hours[0], got.Hours[usage.Hours-1]
	if !last.Hour.Equal(hour) || last.Calls != 11 || last.Limited != 5 || !first.Hour.Equal(hour.Add(-23*time.Hour)) || first.Calls != 2 || first.Limited != 1 {
		t.Errorf("hours from %+v to %+v", first, last)
	}
	first, last = got.Days[0], got.Days[usage.Days-1]
	if !last.Hour.Equal(day) || last.Calls != 11 || !first.Hour.Equal(day.Add(-29*24*time.Hour)) || first.Forbidden != 3 || first.Calls != 0 {
		t.Errorf("days from %+v to %+v", first, last)
	}
	if !s.since.Equal(first.Hour.Add(-24*time.Hour)) || len(s.asked) != 2 || s.asked[0] != keyuse.KindKey || s.asked[1] != "k" {
		t.Errorf("asked for %v since %v", s.asked, s.since)
	}
}

// A year is the month that runs and eleven before it, of UTC; what is not stored yet counts.
func TestYear(t *testing.T) {
	s := &stored{
		hours: []authserver.UsageHour{
			{Hour: time.Date(2025, 4, 1, 0, 0, 0, 0, time.UTC), Calls: 3},
			{Hour: time.Date(2025, 3, 31, 23, 0, 0, 0, time.UTC), Calls: 100},
			{Hour: time.Date(2026, 2, 28, 23, 0, 0, 0, time.UTC), Calls: 4},
		},
		latencies: []authserver.LatencyHour{
			{Hour: time.Date(2025, 4, 30, 0, 0, 0, 0, time.UTC), Bucket: 3, Requests: 7},
			{Hour: now, Bucket: 5, Requests: 9},
			{Hour: now, Bucket: authserver.LatencyBuckets, Requests: 1},
		},
	}
	svc := service(t, s, keyuse.Use{Kind: keyuse.KindInstance, ID: "signins", At: now, Hour: now.Truncate(time.Hour), Count: 10})
	got, err := svc.Year(t.Context(), "signins")
	if err != nil || len(got) != usage.Months || got[0].Calls != 3 || got[10].Calls != 4 || got[11].Calls != 10 || got[1].Calls != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if first := time.Date(2025, 4, 1, 0, 0, 0, 0, time.UTC); !s.since.Equal(first) || !got[0].Hour.Equal(first) {
		t.Errorf("since %s, first %s", s.since, got[0].Hour)
	}
	took, err := svc.LatencyYear(t.Context())
	if err != nil || took[0].Requests() != 7 || took[11].Requests() != 9 || took[11].Latency[5] != 9 {
		t.Errorf("%+v, %v", took, err)
	}
}

// Today is compared with as much of the same day a week ago, also where clocks are ahead.
func TestAWeekAgoUntilTheSameHour(t *testing.T) {
	kiritimati := time.FixedZone("", 14*60*60) // now it is 04:30 of 2 March there
	hour, week := now.Truncate(time.Hour), 7*24*time.Hour
	s := &stored{hours: []authserver.UsageHour{
		{Hour: hour, Calls: 1_000}, // it runs
		{Hour: hour.Add(-time.Hour), Calls: 2},
		{Hour: hour.Add(-4 * time.Hour), Calls: 3},
		{Hour: hour.Add(-5 * time.Hour), Calls: 5_000}, // of yesterday
		{Hour: hour.Add(-week), Calls: 1_000},
		{Hour: hour.Add(-week - time.Hour), Calls: 20},
		{Hour: hour.Add(-week - 4*time.Hour), Calls: 30},
		{Hour: hour.Add(-week - 5*time.Hour), Calls: 5_000},
	}}
	got, err := service(t, s).Instance(t.Context(), kiritimati, "signins")
	if err != nil || got.SoFar != 5 || got.WeekAgo != 50 || got.Days[usage.Days-1].Calls != 1_005 {
		t.Errorf("%d, %d, %v", got.SoFar, got.WeekAgo, err)
	}
}

// A person's authorizations of an application are one, and an error is told.
func TestGrantsAreSummedUp(t *testing.T) {
	day := now.Truncate(24 * time.Hour)
	s := &stored{grants: []string{"a", "b"}}
	svc := service(t, s, keyuse.Use{Kind: keyuse.KindGrant, ID: "a", At: now, Hour: day, Count: 1}, keyuse.Use{Kind: keyuse.KindGrant, ID: "b", At: now, Hour: day, Count: 2})
	got, err := svc.Grants(t.Context(), "u", "app")
	if err != nil || got.Days[usage.Days-1].Calls != 3 || len(s.asked) != 3 {
		t.Errorf("%+v, %v, asked for %v", got, err, s.asked)
	}
	s.err = errBroken
	for what, ask := range map[string]func() error{
		"grants":    func() error { _, err := svc.Grants(t.Context(), "u", "app"); return err },
		"client":    func() error { _, err := svc.Client(t.Context(), time.UTC, "app"); return err },
		"instance":  func() error { _, err := svc.Instance(t.Context(), time.UTC, "signin"); return err },
		"year":      func() error { _, err := svc.Year(t.Context(), "signins"); return err },
		"latency":   func() error { _, err := svc.Latency(t.Context(), time.UTC); return err },
		"latencies": func() error { _, err := svc.LatencyYear(t.Context()); return err },
		"addresses": func() error { _, err := svc.Addresses(t.Context(), "k"); return err },
	} {
		if err := ask(); !errors.Is(err, errBroken) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// Addresses are those of the store and of just now, the latest first.
func TestAddressesOfAKey(t *testing.T) {
	hour := now.Truncate(time.Hour)
	s := &stored{addresses: []authserver.KeyAddress{
		{Address: "192.0.2.1", Calls: 5, FirstAt: now.Add(-time.Hour), LastAt: now.Add(-time.Minute)},
		{Address: "192.0.2.2", Calls: 1, FirstAt: now.Add(-time.Hour), LastAt: now.Add(-time.Hour)},
	}}
	svc := service(t, s,
		keyuse.Use{ID: "k", At: now, From: "192.0.2.2", Hour: hour, Count: 2, Limited: 1},
		keyuse.Use{ID: "k", At: now.Add(-30 * time.Second), From: "192.0.2.3", Hour: hour, Count: 1},
		keyuse.Use{ID: "k", At: now, Hour: hour, Count: 9},
	)
	got, err := svc.Addresses(t.Context(), "k")
	if err != nil || len(got) != 3 {
		t.Fatalf("%+v, %v", got, err)
	}
	for i, want := range []authserver.KeyAddress{
		{Address: "192.0.2.2", Calls: 4, LastAt: now},
		{Address: "192.0.2.3", Calls: 1, LastAt: now.Add(-30 * time.Second)},
		{Address: "192.0.2.1", Calls: 5, LastAt: now.Add(-time.Minute)},
	} {
		if got[i].Address != want.Address || got[i].Calls != want.Calls || !got[i].LastAt.Equal(want.LastAt) {
			t.Errorf("place %d: %+v, not %+v", i, got[i], want)
		}
	}
}

// Without a recorder there is what is stored.
func TestWithoutARecorder(t *testing.T) {
	svc := &usage.Service{Store: &stored{}, Now: func() time.Time { return now }}
	if got, err := svc.Instance(t.Context(), time.UTC, "signin"); err != nil || len(got.Hours) != usage.Hours {
		t.Errorf("%+v, %v", got, err)
	}
}
