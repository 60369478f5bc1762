package store

import (
	"context"
	"errors"

	"gorm.io/gorm"

	"latchkey/pkg/database"
	"latchkey/resourceapi"
)

// Ledger is everything that the balances of an account depend on, from a day on.
type Ledger struct {
	Before     resourceapi.Amount // the balance at the end of the day before From
	From       *resourceapi.Date  // nil: the beginning
	Liability  bool
	Opening    *resourceapi.Date          // day of the opening value, where it lies in this ledger
	Flows      []resourceapi.BalancePoint // sums of amounts by day, in order of days
	Statements []resourceapi.BalancePoint // stated balances, in order of days
}

// AccountIDs returns the ids of all accounts that are not about to be deleted.
func (l *Lease) AccountIDs(ctx context.Context) ([]string, error) {
	var ids []string
	err := database.ErrorOf(l.orm(ctx).Model(&accountRow{}).Where(staying).Order("id").Pluck("id", &ids))
	return ids, err
}

// Begin marks the waiting syncs of a subject, an account or the family, as
// running. A family's get a child for every account.
func (l *Lease) Begin(ctx context.Context, subject string, children []string) error {
	return l.holding(ctx, func(ctx context.Context) error {
		now := l.s.Now()
		err := database.ErrorOf(l.syncs(ctx, subject, resourceapi.SyncPending).UpdateColumns(map[string]any{
			"status": resourceapi.SyncRunning, "syncing_at": now, "updated_at": now,
		}))
		if err != nil || len(children) == 0 {
			return err
		}
		return l.startParts(ctx, subject, children)
	})
}

// syncs are those of a subject in a status.
func (l *Lease) syncs(ctx context.Context, subject, status string) *gorm.DB {
	return l.orm(ctx).Model(&syncRow{}).Where("syncable_id = ? AND status = ?", subject, status)
}

// startParts writes the syncs of the accounts below a running family sync, once.
func (l *Lease) startParts(ctx context.Context, subject string, accounts []string) error {
	parents, err := database.Find[syncRow](l.syncs(ctx, subject, resourceapi.SyncRunning).
		Where("NOT EXISTS (SELECT 1 FROM syncs k WHERE k.family_id = syncs.family_id AND k.parent_id = syncs.id)").
		Order("created_at DESC").Limit(1))
	if err != nil || len(parents) == 0 {
		return err
	}
	now := l.s.Now()
	rows := make([]syncRow, len(accounts))
	for i, id := range accounts {
		rows[i] = syncRow{
			ID: newID(), SyncableType: resourceapi.SyncOfAccount, SyncableID: id, ParentID: &parents[0].ID,
			Status: resourceapi.SyncRunning, PendingAt: now, SyncingAt: &now, CreatedAt: now, UpdatedAt: now,
		}
	}
	return database.ErrorOf(l.orm(ctx).CreateInBatches(rows, 500))
}

// Complete marks the running syncs of a subject as done and its jobs as
// finished.
func (l *Lease) Complete(ctx context.Context, subject string, jobs []Job) error {
	return l.holding(ctx, func(ctx context.Context) error { return l.complete(ctx, subject, jobs) })
}

func (l *Lease) complete(ctx context.Context, subject string, jobs []Job) error {
	now := l.s.Now()
	today, err := l.Today(ctx)
	if err != nil {
		return err
	}
	err = database.ErrorOf(l.syncs(ctx, subject, resourceapi.SyncRunning).UpdateColumns(map[string]any{
		"status": resourceapi.SyncCompleted, "completed_at": now, "updated_at": now, "window_end_date": today,
	}))
	if err != nil {
		return err
	}
	return l.finish(ctx, jobs)
}

// Rebalance recomputes an account's balances from a day on, nil for all, and
// finishes jobs, in one transaction. An account that is gone needs nothing.
func (l *Lease) Rebalance(ctx context.Context, account string, from *resourceapi.Date, jobs []Job, compute func(Ledger) ([]resourceapi.BalancePoint, error)) error {
	return l.holding(ctx, func(ctx context.Context) error {
		ledger, found, err := l.ledger(ctx, account, from)
		if err != nil {
			return err
		}
		if found {
			points, err := compute(ledger)
			if err != nil {
				return err
			}
			if err := l.savePoints(ctx, account, from, points); err != nil {
				return err
			}
		}
		return l.complete(ctx, account, jobs)
	})
}

func (l *Lease) ledger(ctx context.Context, account string, from *resourceapi.Date) (Ledger, bool, error) {
	ledger := Ledger{From: from}
	// The account is locked before its balances, as a valuation does, so that the two
	// cannot deadlock.
	accounts, err := database.Find[accountRow](l.orm(ctx).Clauses(locked).Where("id = ?", account))
	if err != nil || len(accounts) == 0 {
		return ledger, false, err
	}
	ledger.Liability = resourceapi.AccountType(accounts[0].AccountType).Liability()
	if from != nil {
		before, known, err := l.balanceBefore(ctx, account, *from)
		if err != nil {
			return ledger, false, err
		}
		ledger.Before = resourceapi.Amount(before)
		if !known {
			ledger.From = nil // nothing lies before: the account's beginning is part of this
		}
	}
	err = errors.Join(l.stated(ctx, account, &ledger), l.moved(ctx, account, accounts[0].Currency, &ledger))
	return ledger, true, err
}

// since are the rows like model of an account from a day on, nil for all.
func (l *Lease) since(ctx context.Context, model any, account string, from *resourceapi.Date) *gorm.DB {
	query := l.orm(ctx).Model(model).Where("account_id = ?", account)
	if from != nil {
		query = query.Where("date >= ?", *from)
	}
	return query
}

// stated reads the valuations since ledger.From.
func (l *Lease) stated(ctx context.Context, account string, ledger *Ledger) error {
	rows, err := database.Find[valuationRow](l.since(ctx, &valuationRow{}, account, ledger.From).Order("date"))
	if err != nil {
		return err
	}
	for _, row := range rows {
		p := resourceapi.BalancePoint{Date: row.Date, Balance: resourceapi.Amount(row.Amount)}
		switch {
		case row.Kind != resourceapi.OpeningAnchor:
			ledger.Statements = append(ledger.Statements, p)
		case ledger.From == nil:
			ledger.Before, ledger.Opening = p.Balance, &p.Date
		default:
			ledger.Opening = &p.Date
		}
	}
	return nil
}

// moved reads the sums of the transactions of each day since ledger.From. It leaves
// out amounts in another currency than the account's, whose value is not known.
func (l *Lease) moved(ctx context.Context, account, currency string, ledger *Ledger) error {
	sums, err := database.Find[balanceRow](l.since(ctx, &transactionRow{}, account, ledger.From).
		Select("date, CAST(sum(amount) AS BIGINT) AS balance").Where("currency = ?", currency).Group("date").Order("date"))
	ledger.Flows = points(sums)
	return err
}

func points(rows []balanceRow) []resourceapi.BalancePoint {
	return database.Mapped(rows, func(r balanceRow) resourceapi.BalancePoint {
		return resourceapi.BalancePoint{Date: r.Date, Balance: resourceapi.Amount(r.Balance)}
	})
}

func (l *Lease) savePoints(ctx context.Context, account string, from *resourceapi.Date, points []resourceapi.BalancePoint) error {
	if err := database.ErrorOf(l.since(ctx, &balanceRow{}, account, from).Delete(&balanceRow{})); err != nil || len(points) == 0 {
		return err
	}
	rows := database.Mapped(points, func(p resourceapi.BalancePoint) balanceRow {
		return balanceRow{AccountID: account, Date: p.Date, Balance: int64(p.Balance)}
	})
	return database.ErrorOf(l.orm(ctx).CreateInBatches(rows, 1000))
}
