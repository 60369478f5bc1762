package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"latchkey/pkg/database"
	"latchkey/resourceapi"
)

// defaultKeepSyncs is how long a sync is remembered unless Options say otherwise.
const defaultKeepSyncs = 30 * resourceapi.SyncStaleAfter

const (
	// keepLeases is how long the lease of a worker that died is remembered.
	keepLeases = time.Hour
	// sweepAgain is how long a family with rows that expire is left alone.
	sweepAgain = 24 * time.Hour
	// noted is how long a process trusts that a family which it wrote down is still so:
	// the sweep that takes it off begins later.
	noted = sweepAgain - time.Hour
)

// Expiries says which rows go of tables that hold no household data. An index finds
// them.
func Expiries(now time.Time) []database.Expiry {
	return []database.Expiry{{From: "leases", ID: "family_id", By: "until", Before: now.Add(-keepLeases)}}
}

// RowEnds says of every table that neither Expiries nor the sweep of a family names how
// its rows end.
func RowEnds() map[string]string {
	const withFamily, withAccount = "with the family", "with the account"
	return map[string]string{
		"families":             "when the authorization server says so",
		"erased_families":      "never: so that a late request cannot create the family again",
		"accounts":             withFamily,
		"categories":           withFamily,
		"merchants":            withFamily,
		"tags":                 withFamily,
		"transactions":         withAccount,
		"transaction_days":     withAccount,
		"transaction_months":   withAccount,
		"transaction_tags":     "with the transaction",
		"valuations":           withAccount,
		"balances":             withAccount,
		"jobs":                 "when done, or given up after API_WORKER_TRIES",
		"sweeps":               "with the last row of the family that expires",
		"schema_compatibility": "one row",
		"goose_db_version":     "a row for each migration",
	}
}

// expiries says which rows of the family go.
func (f *Family) expiries(now time.Time) []database.Expiry {
	ours := []any{f.id}
	return []database.Expiry{
		{From: "idempotency_keys", ID: "digest", By: "created_at", And: " AND family_id = $2", Before: now.Add(-keepIdempotencyKeys), Args: ours},
		{From: "syncs", ID: "id", By: "created_at", And: " AND family_id = $2", Before: now.Add(-f.s.keepSyncs), Args: ours},
	}
}

// expiring writes down that the family has rows that expire, in the transaction that
// writes one.
//
// By hand: finding out and writing are one statement. It locks the row, so that a sweep
// which takes the family off waits, and then sees what was written.
func (f *Family) expiring(ctx context.Context) error {
	now := f.s.Now()
	if f.s.expiring.until(f.id).After(now) {
		return nil
	}
	_, err := f.exec(ctx, sql(`INSERT INTO sweeps AS s (family_id, due_at) VALUES ($1, ?)
		ON CONFLICT (family_id) DO UPDATE SET due_at = s.due_at`, now.Add(sweepAgain)))
	if err == nil {
		f.s.db.AfterCommit(ctx, func(context.Context) { f.s.expiring.note(f.id, now.Add(noted)) })
	}
	return err
}

// noteBook holds until when families are known to be written down.
type noteBook struct {
	mu       sync.Mutex
	families map[string]time.Time
}

func (b *noteBook) until(family string) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.families[family]
}

func (b *noteBook) note(family string, until time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.families == nil || len(b.families) >= maxCachedFamilies {
		b.families = map[string]time.Time{}
	}
	b.families[family] = until
}

const (
	familiesAtOnce = 100
	// batchesAtOnce bounds how long one family keeps the others waiting.
	batchesAtOnce = 50
	familyRest    = 10 * time.Millisecond
)

// dueFamily is a family by the index of due ones.
type dueFamily struct {
	at time.Time
	id string
}

// dueFamilies returns families that are due, those first that have been for longest,
// after one; nil: from the beginning. By hand: it looks at all families.
func (s *Store) dueFamilies(ctx context.Context, now time.Time, after *dueFamily) (due []dueFamily, err error) {
	condition, args := "due_at <= $1", []any{now}
	if after != nil {
		condition, args = condition+" AND (due_at, family_id) > ($2, $3)", append(args, after.at, after.id)
	}
	rows, err := s.db.Query(ctx, fmt.Sprintf(`SELECT due_at, family_id FROM sweeps WHERE %s ORDER BY due_at, family_id LIMIT %d`, condition, familiesAtOnce), args...)
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		var f dueFamily
		if err := rows.Scan(&f.at, &f.id); err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		due = append(due, f)
	}
	return due, database.Translate(errors.Join(rows.Err(), rows.Close()))
}

// eachDue calls fn for every family that is due.
func (s *Store) eachDue(ctx context.Context, now time.Time, fn func(f *Family) error) error {
	var after *dueFamily
	for {
		due, err := s.dueFamilies(ctx, now, after)
		if err != nil || len(due) == 0 {
			return err
		}
		for _, f := range due {
			if err := fn(s.Family(f.id)); err != nil {
				return err
			}
		}
		after = &due[len(due)-1]
	}
}

// SweepApart implements retention.Apart.
func (s *Store) SweepApart(ctx context.Context, now time.Time, gone func(table string, n int64)) error {
	return s.eachDue(ctx, now, func(f *Family) error {
		if err := f.sweep(f.inside(ctx), now, gone); err != nil {
			return err
		}
		return rest(ctx, familyRest)
	})
}

// sweep deletes what has expired of the family. It is due again a day later, while
// anything is left that will expire.
func (f *Family) sweep(ctx context.Context, now time.Time, gone func(table string, n int64)) error {
	next := now.Add(sweepAgain)
	for _, e := range f.expiries(now) {
		more, err := f.s.db.Sweep(ctx, e, batchesAtOnce, func(n int64) { gone(e.From, n) })
		if err != nil {
			return err
		}
		if more {
			next = now
		}
	}
	return f.s.db.InTx(ctx, func(ctx context.Context) error {
		if err := database.ErrorOf(f.orm(ctx).Delete(&sweepRow{})); err != nil { // waits for those who are writing
			return err
		}
		// By hand: looking and writing are one statement.
		_, err := f.exec(ctx, sql(`INSERT INTO sweeps (family_id, due_at) SELECT $1, ?
			WHERE EXISTS (SELECT 1 FROM idempotency_keys k WHERE k.family_id = $1) OR EXISTS (SELECT 1 FROM syncs s WHERE s.family_id = $1)`, next))
		return err
	})
}

// ExpiredApart implements retention.Apart.
func (s *Store) ExpiredApart(ctx context.Context, now time.Time) (map[string]int64, error) {
	waiting := map[string]int64{"idempotency_keys": 0, "syncs": 0}
	err := s.eachDue(ctx, now, func(f *Family) error {
		for _, e := range f.expiries(now) {
			n, err := s.db.Expired(f.inside(ctx), e, 0)
			if err != nil {
				return err
			}
			waiting[e.From] += n
		}
		return nil
	})
	return waiting, err
}

// FamiliesDue implements retention.Due.
func (s *Store) FamiliesDue(ctx context.Context, now time.Time, most int) (int64, error) {
	return s.db.Expired(ctx, database.Expiry{From: "sweeps", ID: "family_id", By: "due_at", Before: now}, most)
}

func rest(ctx context.Context, d time.Duration) error {
	pause := time.NewTimer(d)
	defer pause.Stop()
	select {
	case <-pause.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
