package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"latchkey/pkg/backlog"
	"latchkey/pkg/database"
	"latchkey/resourceapi"
)

// ErrLeaseLost means that another worker holds the family now.
var ErrLeaseLost = errors.New("store: the lease on a family's work is lost")

// Lease is the right to work for one family until it ends.
type Lease struct {
	*Family
	holder string
	term   time.Duration
}

// Claim takes the lease on a family whose work is due; nil when there is none. The
// conditional write decides between workers of all replicas.
//
// By hand: it looks at all families, and finding work and taking the lease are one
// statement.
func (s *Store) Claim(ctx context.Context, term time.Duration) (*Lease, error) {
	now := s.Now()
	lease := &Lease{holder: newID(), term: term}
	skip := ""
	if s.db.Engine() == database.Postgres {
		skip = " FOR UPDATE SKIP LOCKED"
	}
	var family string
	err := s.db.QueryRow(ctx, `
		WITH due AS (
			SELECT j.family_id FROM jobs j
			WHERE j.run_at <= $1 AND NOT EXISTS (SELECT 1 FROM leases l WHERE l.family_id = j.family_id AND l.until > $1)
			ORDER BY j.run_at, j.id LIMIT 1`+skip+`
		)
		INSERT INTO leases AS l (family_id, holder, until) SELECT due.family_id, $2, $3 FROM due WHERE true
		ON CONFLICT (family_id) DO UPDATE SET holder = excluded.holder, until = excluded.until WHERE l.until <= $1
		RETURNING family_id`, now, lease.holder, now.Add(term)).Scan(&family)
	if errors.Is(err, database.ErrNoRows) {
		return nil, nil
	}
	lease.Family = s.Family(family)
	return lease, err
}

// holding runs fn in a transaction that commits only while the lease is held. The
// lease comes last, because a claim locks a job before it: the other way round the
// two would wait for each other.
func (l *Lease) holding(ctx context.Context, fn func(ctx context.Context) error) error {
	return l.s.db.InTx(l.inside(ctx), func(ctx context.Context) error {
		if err := fn(ctx); err != nil {
			return err
		}
		return l.extend(ctx)
	})
}

// extend lengthens the lease.
func (l *Lease) extend(ctx context.Context) error {
	now := l.s.Now()
	n, err := database.Affected(l.orm(ctx).Model(&leaseRow{}).Where("holder = ? AND until > ?", l.holder, now).UpdateColumn("until", now.Add(l.term)))
	if err == nil && n == 0 {
		err = ErrLeaseLost
	}
	return err
}

// Release gives the lease back.
func (l *Lease) Release(ctx context.Context) error {
	return database.ErrorOf(l.orm(ctx).Where("holder = ?", l.holder).Delete(&leaseRow{}))
}

// Job is one piece of work.
type Job struct {
	ID       int64
	Kind     string
	Account  string // "": the whole family
	From     *resourceapi.Date
	Attempts int
}

// Kinds of job, as Job.Kind.
const (
	JobSync          = jobSync
	JobRemoveAccount = jobRemoveAccount
	JobReset         = jobReset
)

// JobKinds lists the kinds.
func JobKinds() []string { return []string{JobSync, JobRemoveAccount, JobReset} }

// CountJobs counts the jobs of a kind that are not done, of all families. By hand: it
// looks at all families.
func (s *Store) CountJobs(ctx context.Context, kind string) (w backlog.Waiting, err error) {
	err = s.db.QueryRow(ctx, fmt.Sprintf(`SELECT count(*), COALESCE(max(attempts), 0) FROM
		(SELECT attempts FROM jobs WHERE kind = $1 LIMIT %d) AS j`, backlog.AtMost), kind).Scan(&w.Rows, &w.Attempts)
	if err != nil || w.Rows == 0 {
		return w, err
	}
	err = s.db.QueryRow(ctx, `SELECT created_at FROM jobs WHERE kind = $1 ORDER BY created_at LIMIT 1`, kind).Scan(&w.Oldest)
	if errors.Is(err, database.ErrNoRows) { // done meanwhile
		return backlog.Waiting{}, nil
	}
	return w, err
}

const jobsAtOnce = 1000

// Jobs returns what is due for the family, oldest first.
func (l *Lease) Jobs(ctx context.Context) ([]Job, error) {
	rows, err := database.Find[jobRow](l.orm(ctx).Where("run_at <= ?", l.s.Now()).Order("id").Limit(jobsAtOnce))
	return database.Mapped(rows, jobRow.job), err
}

func (r jobRow) job() Job {
	j := Job{ID: r.ID, Kind: r.Kind, From: r.FromDate, Attempts: r.Attempts}
	if r.AccountID != nil {
		j.Account = *r.AccountID
	}
	return j
}

func (l *Lease) finish(ctx context.Context, jobs []Job) error {
	for piece := range slices.Chunk(jobs, 500) {
		ids := database.Mapped(piece, func(j Job) int64 { return j.ID })
		if err := database.ErrorOf(l.orm(ctx).Where("id IN ?", ids).Delete(&jobRow{})); err != nil {
			return err
		}
	}
	return nil
}

// Retry schedules failed jobs again. Those that have failed tries times are dropped,
// and their syncs fail.
func (l *Lease) Retry(ctx context.Context, jobs []Job, tries int, backoff time.Duration) error {
	return l.holding(ctx, func(ctx context.Context) error {
		now := l.s.Now()
		var lost []Job
		for _, j := range jobs {
			if j.Attempts+1 >= tries {
				lost = append(lost, j)
				continue
			}
			wait := min(backoff<<min(j.Attempts, 20), time.Hour)
			err := database.ErrorOf(l.orm(ctx).Model(&jobRow{}).Where("id = ?", j.ID).UpdateColumns(map[string]any{
				"attempts": gorm.Expr("attempts + 1"), "run_at": now.Add(wait),
			}))
			if err != nil {
				return err
			}
		}
		status, column := resourceapi.SyncPending, "pending_at"
		if len(lost) == len(jobs) {
			status, column = resourceapi.SyncFailed, "failed_at"
		}
		subject := l.id
		if len(jobs) > 0 && jobs[0].Account != "" {
			subject = jobs[0].Account
		}
		err := database.ErrorOf(l.syncs(ctx, subject, resourceapi.SyncRunning).UpdateColumns(map[string]any{
			"status": status, column: now, "updated_at": now,
		}))
		return errors.Join(err, l.finish(ctx, lost))
	})
}
