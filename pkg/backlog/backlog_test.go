package backlog_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"latchkey/pkg/backlog"
)

var now = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// shown are the metrics of queues, as "name queue kind".
func shown(t *testing.T, log *slog.Logger, queues ...backlog.Queue) map[string]float64 {
	t.Helper()
	reg := prometheus.NewRegistry()
	backlog.Register(reg, func() time.Time { return now }, log, queues...)
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := strings.TrimPrefix(f.GetName(), "latchkey_backlog_")
			for _, label := range []string{"queue", "kind"} {
				for _, l := range m.GetLabel() {
					if l.GetName() == label {
						name += " " + l.GetValue()
					}
				}
			}
			found[name] = m.GetGauge().GetValue()
		}
	}
	return found
}

// TestEveryKindIsShown, also one of which nothing waits, and a clock that is behind
// makes no age negative.
func TestEveryKindIsShown(t *testing.T) {
	waiting := map[string]backlog.Waiting{
		"late":  {Rows: 3, Oldest: now.Add(-90 * time.Second), Attempts: 4},
		"ahead": {Rows: 1, Oldest: now.Add(time.Minute)},
		"none":  {},
	}
	got := shown(t, slog.New(slog.DiscardHandler), backlog.Queue{
		Name: "outbox", Kinds: []string{"late", "ahead", "none"},
		Count: func(_ context.Context, kind string) (backlog.Waiting, error) { return waiting[kind], nil },
	})
	want := map[string]float64{
		"rows outbox late": 3, "oldest_age_seconds outbox late": 90, "attempts outbox late": 4,
		"rows outbox ahead": 1, "oldest_age_seconds outbox ahead": 0, "attempts outbox ahead": 0,
		"rows outbox none": 0, "oldest_age_seconds outbox none": 0, "attempts outbox none": 0,
	}
	for name, value := range want {
		if v, there := got[name]; !there || v != value {
			t.Errorf("%s is %v (%t), not %v", name, v, there, value)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d figures, not %d: %v", len(got), len(want), got)
	}
}

// TestWhatCannotBeCountedIsNotShown: a figure of 0 would be a lie. The other metrics of
// the service are shown.
func TestWhatCannotBeCountedIsNotShown(t *testing.T) {
	var log bytes.Buffer
	asked := 0
	got := shown(t, slog.New(slog.NewTextHandler(&log, nil)), backlog.Queue{
		Name: "jobs", Kinds: []string{"one", "two"},
		Count: func(ctx context.Context, _ string) (backlog.Waiting, error) {
			asked++
			if _, bounded := ctx.Deadline(); !bounded {
				t.Error("counting may take for ever")
			}
			return backlog.Waiting{}, errors.New("the database is away")
		},
	})
	if len(got) != 0 || asked != 1 || !strings.Contains(log.String(), "the database is away") {
		t.Errorf("%v, asked %d times, log %q", got, asked, log.String())
	}
}
