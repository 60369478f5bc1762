package retention_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"maps"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"latchkey/pkg/database"
	"latchkey/pkg/retention"
	"latchkey/pkg/testenv"
)

var start = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// expired is a database with letters, of which 250 have expired and 3 have not.
func expired(t *testing.T, set testenv.Set) *database.DB {
	t.Helper()
	url := "sqlite://" + filepath.Join(t.TempDir(), "test.db")
	if set == testenv.Production {
		url = testenv.Postgres(t)
	}
	db, err := database.Open(t.Context(), url, database.Options{MaxConnections: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for _, text := range []string{
		`CREATE TABLE letters (id INTEGER PRIMARY KEY, day INTEGER NOT NULL)`,
		`INSERT INTO letters SELECT n, CASE WHEN n <= 250 THEN 1 ELSE 9 END FROM (
			WITH RECURSIVE up (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < 253) SELECT n FROM up) numbers`,
	} {
		if _, err := db.Exec(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

func options(db *database.DB, reg prometheus.Registerer) retention.Options {
	return retention.Options{
		DB: db, Now: func() time.Time { return start }, Logger: slog.New(slog.DiscardHandler), Interval: time.Hour, Registerer: reg,
		Rules: func(time.Time) []database.Expiry {
			return []database.Expiry{{From: "letters", ID: "id", By: "day", Before: 5}}
		},
	}
}

// parcels are rows that no rule finds.
type parcels struct{ left int64 }

func (p *parcels) SweepApart(_ context.Context, _ time.Time, gone func(string, int64)) error {
	gone("parcels", p.left)
	p.left = 0
	return nil
}

func (p *parcels) ExpiredApart(context.Context, time.Time) (map[string]int64, error) {
	return map[string]int64{"parcels": p.left}, nil
}

func gauges(t *testing.T, reg *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := strings.TrimPrefix(f.GetName(), "latchkey_sweep_")
			for _, l := range m.GetLabel() {
				name += " " + l.GetValue()
			}
			found[name] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	return found
}

// TestARoundDeletesWhatHasExpiredAndNothingElse, also what no rule finds.
func TestARoundDeletesWhatHasExpiredAndNothingElse(t *testing.T) {
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		db, reg := expired(t, set), prometheus.NewRegistry()
		opts := options(db, reg)
		opts.Apart = &parcels{7}
		s := retention.New(opts)

		want := retention.Counts{"letters": 250, "parcels": 7}
		if waiting, err := s.Expired(t.Context()); err != nil || !maps.Equal(waiting, want) {
			t.Errorf("before: %v, %v", waiting, err)
		}
		gone, ran, err := s.Round(t.Context())
		if err != nil || !ran || !maps.Equal(gone, want) {
			t.Fatalf("%v, %v, %v", gone, ran, err)
		}
		var left int
		if err := db.QueryRow(t.Context(), `SELECT count(*) FROM letters`).Scan(&left); err != nil || left != 3 {
			t.Errorf("%d letters are left (%v), not 3", left, err)
		}
		got := gauges(t, reg)
		for name, value := range map[string]float64{
			"deleted_rows_total letters": 250, "deleted_rows_total parcels": 7, "backlog_rows letters": 0, "backlog_rows parcels": 0,
			"finished_timestamp_seconds": float64(start.Unix()), "failures_total": 0,
		} {
			if v, shown := got[name]; !shown || v != value {
				t.Errorf("%s is %v (%t), not %v", name, v, shown, value)
			}
		}
	})
}

// TestOneProcessSweepsAtATime on PostgreSQL, where there can be several.
func TestOneProcessSweepsAtATime(t *testing.T) {
	testenv.Production.Need(t)
	db := expired(t, testenv.Production)
	s := retention.New(options(db, nil))
	_, err := db.Alone(t.Context(), "sweep", func(ctx context.Context) error {
		if gone, ran, err := s.Round(ctx); ran || err != nil || len(gone) != 0 {
			t.Errorf("beside another: %v, %v, %v", gone, ran, err)
		}
		var out bytes.Buffer
		if err := retention.Command(ctx, &out, s, retention.CommandOptions{}, false); !errors.Is(err, retention.ErrBusy) {
			t.Errorf("the command says %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestADryCommandOnlyCounts and prints a table.
func TestADryCommandOnlyCounts(t *testing.T) {
	s := retention.New(options(expired(t, testenv.Embedded), nil))
	for _, dry := range []bool{true, true, false} {
		var out bytes.Buffer
		if err := retention.Command(t.Context(), &out, s, retention.CommandOptions{Dry: dry}, false); err != nil {
			t.Fatal(err)
		}
		if want := "TABLE    ROWS\nletters  250\n"; out.String() != want {
			t.Errorf("dry %t: %q, not %q", dry, out.String(), want)
		}
	}
	if left, err := s.Expired(t.Context()); err != nil || left["letters"] != 0 {
		t.Errorf("afterwards %v, %v", left, err)
	}
}

// TestRunCountsRoundsThatFail and goes on.
func TestRunCountsRoundsThatFail(t *testing.T) {
	reg := prometheus.NewRegistry()
	opts := options(expired(t, testenv.Embedded), reg)
	opts.Interval = time.Millisecond
	opts.Rules = func(time.Time) []database.Expiry {
		return []database.Expiry{{From: "nowhere", ID: "id", By: "day", Before: 5}}
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); retention.New(opts).Run(ctx) }()
	testenv.Eventually(t, 30*time.Second, "two rounds fail", func() bool { return gauges(t, reg)["failures_total"] >= 2 })
	stop()
	<-done
}
