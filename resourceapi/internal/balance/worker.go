package balance

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"latchkey/pkg/fault"
	"latchkey/resourceapi"
	"latchkey/resourceapi/internal/store"
)

// Options tune a Worker; all but Registerer are required.
type Options struct {
	Store   *store.Store
	Logger  *slog.Logger
	Poll    time.Duration // how often to look for work of other replicas
	Lease   time.Duration // how long one step of work may take
	Tries   int           // after so many failures a job is dropped
	Backoff time.Duration // before the second try; doubled for each further one
}

// Worker does the queued work of families. Several may run, in one process and
// in many.
type Worker struct {
	Options
	jobs *prometheus.CounterVec
}

// NewWorker returns a Worker that counts its jobs in reg, which may be nil.
func NewWorker(opts Options, reg prometheus.Registerer) *Worker {
	w := &Worker{Options: opts, jobs: prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "latchkey", Subsystem: "worker", Name: "jobs_total", Help: "Jobs done, by kind and result.",
	}, []string{"kind", "result"})}
	if reg != nil {
		reg.MustRegister(w.jobs)
	}
	return w
}

// Run works until ctx ends, and then stops before its next step. Another worker
// finds what is not finished.
func (w *Worker) Run(ctx context.Context) {
	tick := time.NewTicker(w.Poll)
	defer tick.Stop()
	for ctx.Err() == nil {
		worked, err := w.Step(ctx)
		if err != nil && ctx.Err() == nil {
			w.Logger.ErrorContext(ctx, "work", "error", err)
		}
		if worked && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		case <-w.Store.Woken():
		}
	}
}

// Step does the work that is due for one family. It reports whether there was any.
func (w *Worker) Step(ctx context.Context) (worked bool, err error) {
	lease, err := w.Store.Claim(ctx, w.Lease)
	if err != nil || lease == nil {
		return false, err
	}
	w.Store.Wake() // others may find work of other families
	defer func() {
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.Lease)
		defer cancel()
		err = errors.Join(err, lease.Release(late))
	}()
	for range rounds {
		jobs, err := lease.Jobs(ctx)
		if err != nil || len(jobs) == 0 {
			return true, err
		}
		for _, task := range plan(jobs) {
			if err := w.do(ctx, lease, task); err != nil {
				return true, err
			}
		}
	}
	return true, nil
}

// rounds is how often a worker looks for more work of the same family before it
// turns to another one.
const rounds = 8

// task is a group of jobs that one piece of work finishes.
type task struct {
	kind    string
	account string            // "": the family
	from    *resourceapi.Date // nil: all
	jobs    []store.Job
}

// plan groups jobs into tasks, in the order in which the first job of each was
// queued.
func plan(jobs []store.Job) []*task {
	var tasks []*task
	find := map[string]*task{}
	for _, j := range jobs {
		key := j.Kind + " " + j.Account
		t := find[key]
		switch {
		case t == nil:
			t = &task{kind: j.Kind, account: j.Account, from: j.From}
			find[key] = t
			tasks = append(tasks, t)
		case j.From == nil:
			t.from = nil
		case t.from != nil && *j.From < *t.from:
			t.from = j.From
		}
		t.jobs = append(t.jobs, j)
	}
	return tasks
}

// do does one task. A task that fails is retried later, and the other tasks go on.
// Only a lost lease or the end of ctx ends the worker's step.
func (w *Worker) do(ctx context.Context, lease *store.Lease, t *task) error {
	err := w.attempt(ctx, lease, t)
	switch {
	case err == nil:
		w.jobs.WithLabelValues(t.kind, "done").Add(float64(len(t.jobs)))
		return nil
	case errors.Is(err, store.ErrLeaseLost), ctx.Err() != nil:
		return err
	}
	w.jobs.WithLabelValues(t.kind, "failed").Add(float64(len(t.jobs)))
	w.Logger.ErrorContext(ctx, "job failed", "kind", t.kind, "family_id", lease.ID(), "account_id", t.account,
		"attempt", t.jobs[0].Attempts+1, "error", err)
	return lease.Retry(ctx, t.jobs, w.Tries, w.Backoff)
}

// attempt does t. A panic is a failure like others: it is tried again, and dropped in the
// end, rather than ending one replica after the other.
func (w *Worker) attempt(ctx context.Context, lease *store.Lease, t *task) (err error) {
	defer fault.Recover(ctx, w.Logger, "a job: "+t.kind, func(panicked error) { err = panicked })
	switch {
	case t.kind == store.JobReset:
		return lease.Reset(ctx, t.jobs)
	case t.kind == store.JobRemoveAccount:
		return lease.RemoveAccount(ctx, t.account, t.jobs)
	case t.account == "":
		return w.family(ctx, lease, t)
	}
	if err := lease.Begin(ctx, t.account, nil); err != nil {
		return err
	}
	return lease.Rebalance(ctx, t.account, t.from, t.jobs, Compute)
}

// family recomputes every account.
func (w *Worker) family(ctx context.Context, lease *store.Lease, t *task) error {
	accounts, err := lease.AccountIDs(ctx)
	if err != nil {
		return err
	}
	if err := lease.Begin(ctx, lease.ID(), accounts); err != nil {
		return err
	}
	for _, id := range accounts {
		if err := lease.Rebalance(ctx, id, nil, nil, Compute); err != nil {
			return err
		}
	}
	return lease.Complete(ctx, lease.ID(), t.jobs)
}
