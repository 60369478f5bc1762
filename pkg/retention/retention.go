// Package retention deletes what has expired: one replica at a time, by index, in
// batches that those who work meanwhile hardly notice.
package retention

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"latchkey/pkg/cli"
	"latchkey/pkg/database"
)

// Options describe a Sweeper.
type Options struct {
	DB         *database.DB                          // required
	Rules      func(now time.Time) []database.Expiry // required
	Apart      Apart                                 // nil: none
	Due        Due                                   // nil: metrics count the rows of Apart
	Now        func() time.Time                      // required
	Logger     *slog.Logger                          // required
	Interval   time.Duration                         // between two rounds; required
	Registerer prometheus.Registerer                 // nil: no metrics
}

// Apart are rows that no Expiry finds.
type Apart interface {
	// SweepApart deletes what has expired. It calls gone for each batch.
	SweepApart(ctx context.Context, now time.Time, gone func(table string, n int64)) error
	// ExpiredApart counts what SweepApart would delete, by table.
	ExpiredApart(ctx context.Context, now time.Time) (map[string]int64, error)
}

// Due counts the families that have expired rows, up to most, where counting the rows
// would ask each of them.
type Due func(ctx context.Context, now time.Time, most int) (int64, error)

// Counts are numbers of rows by table.
type Counts map[string]int64

// Sweeper deletes what has expired, now and then.
type Sweeper struct {
	opts     Options
	deleted  *prometheus.CounterVec
	backlog  *prometheus.GaugeVec
	finished prometheus.Gauge
	took     prometheus.Gauge
	due      prometheus.Gauge
	failures prometheus.Counter
	progress *cli.Progress // nil: nobody watches
	last     atomic.Pointer[Ended]
}

// Ended is how a round of this replica ended.
type Ended struct {
	At   time.Time
	Took time.Duration
	Rows int64 // that went
	Ran  bool  // false: another replica was at it
	Err  error
}

// Last returns how the last round ended; nil: there was none yet.
func (s *Sweeper) Last() *Ended { return s.last.Load() }

// New returns a Sweeper.
func New(opts Options) *Sweeper {
	s := &Sweeper{
		opts: opts,
		deleted: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "latchkey_sweep_deleted_rows_total", Help: "Rows deleted because they had expired, by table.",
		}, []string{"table"}),
		backlog: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "latchkey_sweep_backlog_rows", Help: "Expired rows that the last round found and has not deleted yet, by table, up to 100,000 for each rule. Only the replica that swept last shows any.",
		}, []string{"table"}),
		finished: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "latchkey_sweep_finished_timestamp_seconds", Help: "When this replica last finished a round, or found another one at work; since 1970.",
		}),
		took: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "latchkey_sweep_duration_seconds", Help: "How long the last round of this replica took.",
		}),
		due: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "latchkey_sweep_families_due", Help: "Families with expired rows that the last round found and has not swept yet.",
		}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "latchkey_sweep_failures_total", Help: "Rounds that ended with an error.",
		}),
	}
	if opts.Registerer != nil {
		opts.Registerer.MustRegister(s.deleted, s.backlog, s.finished, s.took, s.failures)
		if opts.Due != nil {
			opts.Registerer.MustRegister(s.due)
		}
	}
	return s
}

// Run sweeps until ctx ends.
func (s *Sweeper) Run(ctx context.Context) {
	s.finished.Set(float64(s.opts.Now().Unix())) // it has nothing to be late with yet
	tick := time.NewTicker(s.opts.Interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if _, _, err := s.Round(ctx); err != nil && !errors.Is(err, context.Canceled) {
			s.failures.Inc()
			s.opts.Logger.ErrorContext(ctx, "sweep", "error", err)
		}
	}
}

// Round deletes everything that has expired, and returns how much went. ran false:
// another replica is at it.
func (s *Sweeper) Round(ctx context.Context) (gone Counts, ran bool, err error) {
	began := s.opts.Now()
	gone = Counts{}
	s.backlog.Reset()
	s.due.Set(0)
	ran, err = s.opts.DB.Alone(ctx, "sweep", func(ctx context.Context) error { return s.round(ctx, began, gone) })
	ended := &Ended{At: s.opts.Now(), Ran: ran, Err: err}
	ended.Took = ended.At.Sub(began)
	for _, n := range gone {
		ended.Rows += n
	}
	s.last.Store(ended)
	if err == nil {
		s.finished.Set(float64(ended.At.Unix()))
	}
	if ran {
		s.took.Set(ended.Took.Seconds())
	}
	return gone, ran, err
}

// countAtMost is where counting the backlog of a rule stops.
const countAtMost = 100_000

func (s *Sweeper) round(ctx context.Context, began time.Time, gone Counts) error {
	rules, waiting := s.opts.Rules(began), Counts{}
	for _, e := range rules {
		n, err := s.opts.DB.Expired(ctx, e, countAtMost)
		if err != nil {
			return err
		}
		waiting[e.From] += n
		s.backlog.WithLabelValues(e.From).Set(float64(waiting[e.From]))
		s.note(gone, e.From, 0) // a table of which nothing goes is shown too
	}
	for _, e := range rules {
		_, err := s.opts.DB.Sweep(ctx, e, 0, func(n int64) {
			s.note(gone, e.From, n)
			waiting[e.From] = max(0, waiting[e.From]-n)
			s.backlog.WithLabelValues(e.From).Set(float64(waiting[e.From]))
		})
		if err != nil {
			return err
		}
	}
	return s.apart(ctx, began, gone)
}

func (s *Sweeper) note(gone Counts, table string, n int64) {
	gone[table] += n
	s.progress.Add(n)
	s.deleted.WithLabelValues(table).Add(float64(n))
}

func (s *Sweeper) apart(ctx context.Context, began time.Time, gone Counts) error {
	if s.opts.Apart == nil {
		return nil
	}
	waiting, err := s.waitingApart(ctx, began)
	if err != nil {
		return err
	}
	err = s.opts.Apart.SweepApart(ctx, began, func(table string, n int64) {
		s.note(gone, table, n)
		if left, counted := waiting[table]; counted {
			waiting[table] = max(0, left-n)
			s.backlog.WithLabelValues(table).Set(float64(waiting[table]))
		}
	})
	if err == nil {
		s.due.Set(0)
	}
	return err
}

// waitingApart shows what waits: rows, or families where there are too many to ask.
func (s *Sweeper) waitingApart(ctx context.Context, began time.Time) (map[string]int64, error) {
	if s.opts.Due != nil {
		n, err := s.opts.Due(ctx, began, countAtMost)
		s.due.Set(float64(n))
		return nil, err
	}
	waiting, err := s.opts.Apart.ExpiredApart(ctx, began)
	for table, n := range waiting {
		s.backlog.WithLabelValues(table).Set(float64(n))
	}
	return waiting, err
}

// Expired counts what Round would delete, without deleting any.
func (s *Sweeper) Expired(ctx context.Context) (Counts, error) {
	waiting := Counts{}
	for _, e := range s.opts.Rules(s.opts.Now()) {
		n, err := s.opts.DB.Expired(ctx, e, 0)
		if err != nil {
			return nil, err
		}
		waiting[e.From] += n
	}
	if s.opts.Apart == nil {
		return waiting, nil
	}
	more, err := s.opts.Apart.ExpiredApart(ctx, s.opts.Now())
	for table, n := range more {
		waiting[table] += n
	}
	return waiting, err
}

// ErrBusy says that another process is sweeping.
var ErrBusy = errors.New("another process is sweeping: try again in a while")

// CommandOptions is what Command was asked for.
type CommandOptions struct {
	Dry   bool // count only
	Quiet bool // do not say how far it is
}

// Flags gives a command of sweeping its flags.
func Flags(name string) (flags *flag.FlagSet, how *CommandOptions, asJSON *bool) {
	flags, asJSON = cli.Flags(name)
	how = &CommandOptions{}
	flags.BoolVar(&how.Dry, "dry-run", false, "count what would be deleted, and delete nothing")
	cli.Quiet(flags, &how.Quiet)
	return flags, how, asJSON
}

// Command sweeps once, or counts what a sweep would delete, and prints the rows of
// each table. ErrBusy: another process is at it.
func Command(ctx context.Context, out io.Writer, s *Sweeper, how CommandOptions, asJSON bool) (err error) {
	var rows Counts
	if how.Dry {
		rows, err = s.Expired(ctx)
	} else {
		var ran bool
		s.progress = cli.NewProgress("rows deleted", how.Quiet)
		if rows, ran, err = s.Round(ctx); err == nil && !ran {
			err = ErrBusy
		}
		s.progress.End()
	}
	if err != nil {
		return err
	}
	if asJSON {
		return cli.PrintJSON(rows)
	}
	rows.print(out)
	return nil
}

// print writes tables and their numbers of rows, sorted.
func (c Counts) print(out io.Writer) {
	lines := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(lines, "TABLE\tROWS") // to the terminal; there is nobody else to tell
	for _, table := range slices.Sorted(maps.Keys(c)) {
		_, _ = fmt.Fprintf(lines, "%s\t%d\n", table, c[table])
	}
	_ = lines.Flush()
}
