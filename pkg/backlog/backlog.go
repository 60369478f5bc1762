// Package backlog shows as metrics what waits in tables, counted when somebody reads
// the metrics: every replica shows the same.
package backlog

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// AtMost is where counting stops.
const AtMost = 100_000

// patience is how long counting may take. Without an answer there are no figures.
const patience = 2 * time.Second

// Waiting is what waits of one kind.
type Waiting struct {
	Rows     int64     // up to AtMost
	Oldest   time.Time // when the one that has waited longest came; zero: nothing waits
	Attempts int64     // most that were made for one
}

// A Queue is work that waits in a table.
type Queue struct {
	Name  string   // "outbox", "jobs" …
	Kinds []string // of work; each is shown, also when nothing waits
	Count func(ctx context.Context, kind string) (Waiting, error)
}

// Register shows the queues: latchkey_backlog_rows, latchkey_backlog_oldest_age_seconds
// and latchkey_backlog_attempts, by queue and kind.
func Register(reg prometheus.Registerer, now func() time.Time, log *slog.Logger, queues ...Queue) {
	describe := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("latchkey_backlog_"+name, help+" Every replica shows the same.", []string{"queue", "kind"}, nil)
	}
	reg.MustRegister(&collector{
		queues: queues, now: now, log: log,
		rows:     describe("rows", "Work that waits, up to 100,000 of each kind."),
		age:      describe("oldest_age_seconds", "How long the work that has waited longest has waited; 0: none waits."),
		attempts: describe("attempts", "Most attempts that were made at work that still waits."),
	})
}

type collector struct {
	queues              []Queue
	now                 func() time.Time
	log                 *slog.Logger
	rows, age, attempts *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(to chan<- *prometheus.Desc) { to <- c.rows; to <- c.age; to <- c.attempts }

// Collect implements prometheus.Collector.
func (c *collector) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for _, q := range c.queues {
		for _, kind := range q.Kinds {
			w, err := q.Count(ctx, kind)
			if err != nil {
				c.log.WarnContext(ctx, "what waits could not be counted", "queue", q.Name, "error", err)
				return // the next would only wait as well
			}
			age := 0.0
			if !w.Oldest.IsZero() {
				age = max(0, c.now().Sub(w.Oldest).Seconds())
			}
			for desc, value := range map[*prometheus.Desc]float64{c.rows: float64(w.Rows), c.age: age, c.attempts: float64(w.Attempts)} {
				to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, q.Name, kind)
			}
		}
	}
}
