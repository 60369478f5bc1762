package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/pkg/database"
	"latchkey/pkg/testenv"
	"latchkey/resourceapi"
	"latchkey/resourceapi/internal/store"
)

// queue is a store whose clock the test moves.
type queue struct {
	*store.Store
	t   *testing.T
	db  *database.DB
	now time.Time
}

func eachQueue(t *testing.T, fn func(q *queue)) {
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		db, err := database.Open(t.Context(), ordinaryOwner(t, set), database.Options{MaxConnections: 4})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		if err := store.Migrate(t.Context(), db); err != nil {
			t.Fatal(err)
		}
		q := &queue{t: t, db: db, now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
		q.Store = store.New(db, store.Options{Currency: "USD", Now: func() time.Time { return q.now }})
		fn(q)
	})
}

const term = time.Minute

func (q *queue) claim() *store.Lease {
	q.t.Helper()
	lease, err := q.Claim(q.t.Context(), term)
	if err != nil {
		q.t.Fatal(err)
	}
	return lease
}

func (q *queue) jobs(lease *store.Lease) []store.Job {
	q.t.Helper()
	jobs, err := lease.Jobs(q.t.Context())
	if err != nil {
		q.t.Fatal(err)
	}
	return jobs
}

func (q *queue) startSync(family string) resourceapi.Sync {
	q.t.Helper()
	started, err := q.Family(family).StartSync(q.t.Context(), "")
	if err != nil {
		q.t.Fatal(err)
	}
	return started
}

func TestOneWorkerAtATimeWorksForAFamily(t *testing.T) {
	eachQueue(t, func(q *queue) {
		first, second := uuid.NewString(), uuid.NewString()
		q.startSync(first)
		held := q.claim()
		if held == nil || held.ID() != first {
			t.Fatalf("claimed %v", held)
		}
		if other := q.claim(); other != nil {
			t.Fatalf("a second worker works for %s", other.ID())
		}
		q.startSync(second)
		if other := q.claim(); other == nil || other.ID() != second {
			t.Fatalf("another family waits for the first: %v", other)
		}
		q.now = q.now.Add(term + time.Second) // as if the first worker had died
		holders := map[string]*store.Lease{}
		for range 2 {
			if lease := q.claim(); lease != nil {
				holders[lease.ID()] = lease
			}
		}
		if holders[first] == nil || holders[second] == nil {
			t.Fatalf("no worker took over: %v", holders)
		}
		jobs := q.jobs(held)
		err := held.Complete(q.t.Context(), first, jobs)
		if !errors.Is(err, store.ErrLeaseLost) {
			t.Errorf("a worker that lost its lease commits: %v", err)
		}
		if got := len(q.jobs(holders[first])); got != len(jobs) || got == 0 {
			t.Errorf("%d jobs are left of %d", got, len(jobs))
		}
		if err := held.Release(q.t.Context()); err != nil { // the new holder keeps its lease
			t.Fatal(err)
		}
		if again := q.claim(); again != nil {
			t.Errorf("the new holder's lease is gone: %s", again.ID())
		}
	})
}

// A worker that looks for work when another has just claimed it locks a job, and then
// the lease. One that commits its work must not hold the lease while it waits for the
// job.
func TestAClaimAndTheWorkThatIsDoneDoNotWaitForEachOther(t *testing.T) {
	testenv.Production.Need(t)
	eachQueue(t, func(q *queue) {
		if q.db.Engine() != database.Postgres {
			return // one transaction writes at a time
		}
		family, done := uuid.NewString(), make(chan error, 1)
		q.startSync(family)
		held := q.claim()
		jobs := q.jobs(held)
		err := q.db.InTx(t.Context(), func(ctx context.Context) error {
			if _, err := q.db.Exec(ctx, "SELECT id FROM jobs FOR UPDATE"); err != nil {
				return err
			}
			go func() { done <- held.Complete(t.Context(), family, jobs) }()
			testenv.Eventually(t, 30*time.Second, "the work waits for the job", func() bool {
				var waiting bool
				err := q.db.QueryRow(t.Context(), "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')").Scan(&waiting)
				return err == nil && waiting
			})
			_, err := q.db.Exec(ctx, "SET LOCAL lock_timeout = '300ms'")
			if err == nil {
				_, err = q.db.Exec(ctx, "UPDATE leases SET holder = holder")
			}
			return err
		})
		if err != nil {
			t.Errorf("the claim waits: %v", err)
		}
		if err := <-done; err != nil {
			t.Errorf("the work: %v", err)
		}
	})
}

func TestFailedJobsAreTriedAgainLaterAndGivenUpInTheEnd(t *testing.T) {
	const tries = 3
	eachQueue(t, func(q *queue) {
		family := uuid.NewString()
		started := q.startSync(family)
		status := func() resourceapi.Sync {
			s, err := q.Family(family).Sync(q.t.Context(), started.ID)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		for attempt := range tries {
			lease := q.claim()
			if lease == nil {
				t.Fatalf("attempt %d: nothing is due", attempt)
			}
			jobs := q.jobs(lease)
			if len(jobs) != 1 || jobs[0].Attempts != attempt {
				t.Fatalf("attempt %d: %+v", attempt, jobs)
			}
			q.fail(lease, jobs, tries)
			if early := q.claim(); early != nil {
				t.Fatalf("attempt %d: due again at once", attempt)
			}
			want := resourceapi.SyncPending
			if attempt == tries-1 {
				want = resourceapi.SyncFailed
			}
			if got := status(); got.Status != want {
				t.Errorf("attempt %d: the sync is %s, want %s", attempt, got.Status, want)
			}
			q.now = q.now.Add(backoff << attempt)
		}
		if left := q.claim(); left != nil {
			t.Errorf("a job that was given up is due: %+v", q.jobs(left))
		}
		if got := status(); got.FailedAt == nil {
			t.Error("nobody knows when the sync failed")
		}
		if again := q.startSync(family); again.ID == started.ID {
			t.Error("a sync that failed is handed out again")
		}
	})
}

const backoff = 10 * time.Second

func (q *queue) fail(lease *store.Lease, jobs []store.Job, tries int) {
	q.t.Helper()
	ctx := context.WithoutCancel(q.t.Context())
	err := lease.Begin(ctx, lease.ID(), nil)
	if err = errors.Join(err, lease.Retry(ctx, jobs, tries, backoff), lease.Release(ctx)); err != nil {
		q.t.Fatal(err)
	}
}
