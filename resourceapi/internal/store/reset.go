package store

import (
	"context"
	"errors"

	"gorm.io/gorm/clause"

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

// countedTables are the tables that a reset empties, with the names of their counts
// in docs/contract.md, "Reset and deletion".
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

// Counts returns how many rows the family has, by the names of countedTables.
func (f *Family) Counts(ctx context.Context) (map[string]int64, error) {
	ctx, err := f.open(ctx)
	if err != nil {
		return nil, err
	}
	// By hand: eight counts in one trip.
	sums, numbers, dest := make([]fragment, len(countedTables)), make([]int64, len(countedTables)), make([]any, len(countedTables))
	for i, c := range countedTables {
		sums[i], dest[i] = sql(`(SELECT count(*) FROM `+c.table+` WHERE family_id = $1)`), &numbers[i]
	}
	if err := f.row(ctx, sql(`SELECT ?`, join(`, `, sums...))).Scan(dest...); err != nil {
		return nil, err
	}
	counts := make(map[string]int64, len(countedTables)+1)
	for i, c := range countedTables {
		counts[c.name] = numbers[i]
	}
	counts["entries"] = counts["transactions"] + counts["valuations"]
	return counts, nil
}

const removeAtOnce = 5000

// removeTransactions deletes transactions in pieces. Each piece is a transaction of
// its own, so that no lock is held for long. An empty account means all.
func (f *Family) removeTransactions(ctx context.Context, account string) error {
	for {
		piece := f.orm(ctx).Model(&transactionRow{}).Select("id").Limit(removeAtOnce)
		if account != "" {
			piece = piece.Where("account_id = ?", account)
		}
		n, err := database.Affected(f.orm(ctx).Where("id IN (?)", piece).Delete(&transactionRow{}))
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
	return l.holding(ctx, func(ctx context.Context) error { return errors.Join(l.empty(ctx), l.finish(ctx, jobs)) })
}

// empty deletes the household's rows from every table. Tables that others refer to
// come last.
func (f *Family) empty(ctx context.Context) error {
	for _, rows := range []any{&transactionRow{}, &balanceRow{}, &accountRow{}, &tagRow{}} {
		if err := database.ErrorOf(f.orm(ctx).Delete(rows)); err != nil {
			return err
		}
	}
	if err := database.ErrorOf(f.orm(ctx).Where("parent_id IS NOT NULL").Delete(&categoryRow{})); err != nil {
		return err
	}
	for _, rows := range []any{&categoryRow{}, &merchantRow{}, &syncRow{}, &idempotencyRow{}} {
		if err := database.ErrorOf(f.orm(ctx).Delete(rows)); err != nil {
			return err
		}
	}
	return nil
}

// RemoveAccount deletes an account that is marked for deletion, with its entries.
func (l *Lease) RemoveAccount(ctx context.Context, account string, jobs []Job) error {
	ctx = l.inside(ctx)
	if err := l.removeTransactions(ctx, account); err != nil {
		return err
	}
	return l.holding(ctx, func(ctx context.Context) error {
		return errors.Join(
			database.ErrorOf(l.orm(ctx).Where("id = ? AND status = ?", account, resourceapi.StatusPendingDeletion).Delete(&accountRow{})),
			database.ErrorOf(l.orm(ctx).Where("syncable_id = ?", account).Delete(&syncRow{})),
			l.finish(ctx, jobs))
	})
}

// Erase deletes the family and its data for ever. A late request cannot create the
// family again. Erasing again does nothing.
func (f *Family) Erase(ctx context.Context) error {
	ctx = f.inside(ctx)
	once := clause.OnConflict{Columns: []clause.Column{{Name: "family_id"}}, DoNothing: true}
	if err := database.ErrorOf(f.orm(ctx).Clauses(once).Create(&erasedFamilyRow{ErasedAt: f.s.Now()})); err != nil {
		return err
	}
	f.s.families.forget(f.id)
	if err := f.removeTransactions(ctx, ""); err != nil {
		return err
	}
	return f.s.db.InTx(ctx, func(ctx context.Context) error {
		there, err := database.Find[familyRow](f.orm(ctx).Clauses(locked))
		if err != nil || len(there) == 0 {
			return err
		}
		// The lease goes before the accounts, as in a worker, so that the two cannot
		// deadlock.
		for _, rows := range []any{&leaseRow{}, &jobRow{}, &sweepRow{}} {
			if err := database.ErrorOf(f.orm(ctx).Delete(rows)); err != nil {
				return err
			}
		}
		if err := f.empty(ctx); err != nil {
			return err
		}
		return database.ErrorOf(f.orm(ctx).Delete(&familyRow{}))
	})
}
