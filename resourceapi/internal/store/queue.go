package store

import (
	"context"
	"maps"
	"slices"

	"latchkey/resourceapi"
)

// Kinds of job.
const (
	jobSync          = "sync"
	jobRemoveAccount = "remove_account"
	jobReset         = "reset"
)

// queue adds a job. It becomes visible, and a worker is woken, when the transaction
// commits.
func (f *Family) queue(ctx context.Context, job jobRow) error {
	job.CreatedAt = f.s.Now()
	job.RunAt = job.CreatedAt
	if err := f.insert(ctx, &job); err != nil {
		return err
	}
	f.s.db.AfterCommit(ctx, func(context.Context) { f.s.Wake() })
	return nil
}

// queueSync queues the recomputation of an account's balances from a day on, nil for
// all. It always writes the job, because a worker may already have read a waiting
// one before this change commits. It writes the sync that callers see only when
// none is waiting.
func (f *Family) queueSync(ctx context.Context, account string, from *resourceapi.Date) error {
	now := f.s.Now()
	// By hand: looking and writing are one statement of every change of an account.
	subject, at := sql(`?`, account), sql(`?`, now)
	_, err := f.exec(ctx, sql(`
		INSERT INTO syncs (family_id, id, syncable_type, syncable_id, status, window_start_date, pending_at, created_at, updated_at)
		SELECT $1, ?, 'Account', ?, 'pending', ?, ?, ?, ?
		WHERE NOT EXISTS (SELECT 1 FROM syncs s WHERE s.family_id = $1 AND s.syncable_id = ? AND s.status = 'pending')`,
		newID(), subject, from, at, at, at, subject))
	if err == nil {
		err = f.expiring(ctx)
	}
	if err != nil {
		return err
	}
	return f.queue(ctx, jobRow{Kind: jobSync, AccountID: &account, FromDate: from})
}

// Wake tells the workers of this process that there is work.
func (s *Store) Wake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Woken returns a channel that receives when this process queued work. Workers find
// the work of other replicas by polling.
func (s *Store) Woken() <-chan struct{} { return s.wake }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
