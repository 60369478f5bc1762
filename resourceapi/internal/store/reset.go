package store

import (
	"context"
	"errors"

	"latchkey/pkg/database"
	"latchkey/resourceapi"
)

// StartReset queues the removal of everything the family has here and returns
// an id for it.
func (f *Family) StartReset(ctx context.Context) (string, error) {
	id := newID()
	err := f.change(ctx, func(ctx context.Context) error { return f.queue(ctx, jobRow{Kind: jobReset}) })
	return id, err
}

// countedTables are the tables a reset empties, by the name the contract counts them
// under (its section 1.9).
var countedTables = []struct{ name, table string }{
	{"accounts", "accounts"},
	{"transactions", "transactions"},
	{"valuations", "valuations"},
	{"balances", "balances"},
	{"categories", "categories"},
	{"tags", "tags"},
	{"taggings", "transaction_tags"},
	{"merchants", "merchants"},
}

// Counts returns how many rows the family has, by the contract's names.
func (f *Family) Counts(ctx context.Context) (map[string]int64, error) {
	ctx, err := f.open(ctx)
	if err != nil {
		return nil, err
	}
	counts := make(map[string]int64, len(countedTables)+1)
	text := ""
	for _, c := range countedTables {
		text += `, (SELECT count(*) FROM ` + c.table + ` WHERE family_id = $1)`
	}
	numbers, dest := make([]int64, len(countedTables)), make([]any, len(countedTables))
	for i := range numbers {
		dest[i] = &numbers[i]
	}
	if err := f.row(ctx, `SELECT `+text[2:]).Scan(dest...); err != nil {
		return nil, err
	}
	for i, c := range countedTables {
		counts[c.name] = numbers[i]
	}
	counts["entries"] = counts["transactions"] + counts["valuations"]
	return counts, nil
}

const removeAtOnce = 5000

// removeTransactions deletes transactions in pieces, each in a transaction of
// its own, so that no lock is held for long. The condition may use $3.
func (f *Family) removeTransactions(ctx context.Context, condition string, args ...any) error {
	for {
		n, err := f.exec(ctx, `
			DELETE FROM transactions WHERE family_id = $1 AND id IN (
				SELECT t.id FROM transactions t WHERE t.family_id = $1`+condition+` LIMIT $2)`, append([]any{removeAtOnce}, args...)...)
		if err != nil || n < removeAtOnce {
			return err
		}
	}
}

// Reset removes everything the family has here; the family itself stays.
func (l *Lease) Reset(ctx context.Context, jobs []Job) error {
	ctx = l.inside(ctx)
	if err := l.removeTransactions(ctx, ""); err != nil {
		return err
	}
	return l.s.db.InTx(ctx, func(ctx context.Context) error {
		return errors.Join(l.keep(ctx), l.empty(ctx), l.finish(ctx, jobs))
	})
}

func (f *Family) empty(ctx context.Context) error {
	for _, text := range []string{
		`DELETE FROM transactions WHERE family_id = $1`,
		`DELETE FROM balances WHERE family_id = $1`,
		`DELETE FROM accounts WHERE family_id = $1`,
		`DELETE FROM tags WHERE family_id = $1`,
		`DELETE FROM categories WHERE family_id = $1 AND parent_id IS NOT NULL`,
		`DELETE FROM categories WHERE family_id = $1`,
		`DELETE FROM merchants WHERE family_id = $1`,
		`DELETE FROM syncs WHERE family_id = $1`,
		`DELETE FROM idempotency_keys WHERE family_id = $1`,
	} {
		if _, err := f.exec(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

// RemoveAccount deletes an account that is marked for deletion, and everything
// in it.
func (l *Lease) RemoveAccount(ctx context.Context, account string, jobs []Job) error {
	ctx = l.inside(ctx)
	if err := l.removeTransactions(ctx, ` AND t.account_id = $3`, account); err != nil {
		return err
	}
	return l.s.db.InTx(ctx, func(ctx context.Context) error {
		if err := l.keep(ctx); err != nil {
			return err
		}
		_, err := l.exec(ctx, `DELETE FROM accounts WHERE family_id = $1 AND id = $2 AND status = 'pending_deletion'`, account)
		if err != nil {
			return err
		}
		_, err = l.exec(ctx, `DELETE FROM syncs WHERE family_id = $1 AND syncable_id = $2`, account)
		return errors.Join(err, l.finish(ctx, jobs))
	})
}

// Erase removes the family and everything it has, for good: it cannot come back
// by a late request. Erasing again does nothing.
func (f *Family) Erase(ctx context.Context) error {
	ctx = f.inside(ctx)
	_, err := f.s.db.Exec(ctx, `INSERT INTO erased_families (family_id, erased_at) VALUES ($1, $2) ON CONFLICT (family_id) DO NOTHING`,
		f.id, f.s.Now())
	if err != nil {
		return err
	}
	f.s.known.forget(f.id)
	if err := f.removeTransactions(ctx, ""); err != nil {
		return err
	}
	return f.s.db.InTx(ctx, func(ctx context.Context) error {
		var id string
		err := f.row(ctx, `SELECT f.id FROM families f WHERE f.id = $1`+f.s.forUpdate("f")).Scan(&id)
		if errors.Is(err, database.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		// A worker holds its lease before any account. In the same order here one waits
		// for the other, and never each for each.
		for _, text := range []string{`DELETE FROM leases WHERE family_id = $1`, `DELETE FROM jobs WHERE family_id = $1`} {
			if _, err := f.exec(ctx, text); err != nil {
				return err
			}
		}
		if err := f.empty(ctx); err != nil {
			return err
		}
		_, err = f.exec(ctx, `DELETE FROM families WHERE id = $1`)
		return err
	})
}

// Sweep removes what is of no use any more: old idempotency keys and finished
// syncs. It runs for one family, when a worker is there anyway.
func (l *Lease) Sweep(ctx context.Context) error {
	ctx = l.inside(ctx)
	now := l.s.Now()
	_, err := l.exec(ctx, `DELETE FROM idempotency_keys WHERE family_id = $1 AND created_at < $2`, now.Add(-KeepIdempotencyKeys))
	if err != nil {
		return err
	}
	_, err = l.exec(ctx, `DELETE FROM syncs WHERE family_id = $1 AND created_at < $2 AND status IN ('completed', 'failed')`, now.Add(-keepSyncs))
	return err
}

const keepSyncs = 30 * resourceapi.SyncStaleAfter
