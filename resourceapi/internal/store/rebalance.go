package store

import (
	"context"
	"errors"

	"latchkey/pkg/database"
	"latchkey/resourceapi"
)

// Ledger is what an account's balances follow from, from a day on.
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
	err := l.each(l.inside(ctx), `SELECT id FROM accounts WHERE family_id = $1 AND status <> 'pending_deletion' ORDER BY id`, nil,
		func(rows database.Rows) error {
			var id string
			err := rows.Scan(&id)
			ids = append(ids, id)
			return err
		})
	return ids, err
}

// Begin marks the waiting syncs of a subject, an account or the family, as
// running. A family's get a child for every account.
func (l *Lease) Begin(ctx context.Context, subject string, children []string) error {
	return l.s.db.InTx(l.inside(ctx), func(ctx context.Context) error {
		if err := l.keep(ctx); err != nil {
			return err
		}
		now := l.s.Now()
		_, err := l.exec(ctx, `
			UPDATE syncs SET status = 'syncing', syncing_at = $3, updated_at = $3 WHERE family_id = $1 AND syncable_id = $2 AND status = 'pending'`,
			subject, now)
		if err != nil || len(children) == 0 {
			return err
		}
		return l.beget(ctx, subject, children)
	})
}

// beget writes the children of a running family sync, once.
func (l *Lease) beget(ctx context.Context, subject string, accounts []string) error {
	var parent string
	err := l.row(ctx, `
		SELECT s.id FROM syncs s WHERE s.family_id = $1 AND s.syncable_id = $2 AND s.status = 'syncing'
			AND NOT EXISTS (SELECT 1 FROM syncs k WHERE k.family_id = s.family_id AND k.parent_id = s.id)
		ORDER BY s.created_at DESC LIMIT 1`, subject).Scan(&parent)
	if errors.Is(err, database.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	now := l.s.Now()
	rows := make([]syncRow, len(accounts))
	for i, id := range accounts {
		rows[i] = syncRow{
			FamilyID: l.id, ID: newID(), SyncableType: resourceapi.SyncOfAccount, SyncableID: id, ParentID: &parent,
			Status: resourceapi.SyncRunning, PendingAt: now, SyncingAt: &now, CreatedAt: now, UpdatedAt: now,
		}
	}
	return database.Translate(l.s.db.ORM(ctx).CreateInBatches(rows, 500).Error)
}

// Complete marks the running syncs of a subject as done and its jobs as
// finished.
func (l *Lease) Complete(ctx context.Context, subject string, jobs []Job) error {
	return l.s.db.InTx(l.inside(ctx), func(ctx context.Context) error {
		return errors.Join(l.keep(ctx), l.complete(ctx, subject, jobs))
	})
}

func (l *Lease) complete(ctx context.Context, subject string, jobs []Job) error {
	_, err := l.exec(ctx, `
		UPDATE syncs SET status = 'completed', completed_at = $3, updated_at = $3, window_end_date = $4
		WHERE family_id = $1 AND syncable_id = $2 AND status = 'syncing'`, subject, l.s.Now(), l.s.today())
	if err != nil {
		return err
	}
	return l.finish(ctx, jobs)
}

// Rebalance recomputes an account's balances from a day on, nil for all, and
// finishes jobs, in one transaction. An account that is gone needs nothing.
func (l *Lease) Rebalance(ctx context.Context, account string, from *resourceapi.Date, jobs []Job, compute func(Ledger) ([]resourceapi.BalancePoint, error)) error {
	return l.s.db.InTx(l.inside(ctx), func(ctx context.Context) error {
		if err := l.keep(ctx); err != nil {
			return err
		}
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
	var kind, currency string
	// Who changes an account's balances holds the account first: a valuation and
	// a sync then wait for each other in one order.
	err := l.row(ctx, `SELECT a.account_type, a.currency FROM accounts a WHERE a.family_id = $1 AND a.id = $2`+l.s.forUpdate("a"), account).
		Scan(&kind, &currency)
	if err != nil {
		return ledger, false, none(err)
	}
	ledger.Liability = resourceapi.AccountType(kind).Liability()
	if from != nil {
		err := l.row(ctx, `
			SELECT balance FROM balances WHERE family_id = $1 AND account_id = $2 AND date < $3 ORDER BY date DESC LIMIT 1`,
			account, *from).Scan((*int64)(&ledger.Before))
		if errors.Is(err, database.ErrNoRows) {
			ledger.From = nil // nothing lies before: the account's beginning is part of this
		} else if err != nil {
			return ledger, false, err
		}
	}
	err = l.entries(ctx, account, currency, &ledger)
	return ledger, true, err
}

// entries reads what was stated and what moved since ledger.From.
func (l *Lease) entries(ctx context.Context, account, currency string, ledger *Ledger) error {
	since, where := "", filter{args: []any{account}}
	if ledger.From != nil {
		since = where.fill(" AND date >= ?", *ledger.From)
	}
	err := l.each(ctx, `SELECT date, amount, kind FROM valuations WHERE family_id = $1 AND account_id = $2`+since+` ORDER BY date`,
		where.args, func(rows database.Rows) error {
			var p resourceapi.BalancePoint
			var kind string
			if err := rows.Scan(&p.Date, (*int64)(&p.Balance), &kind); err != nil {
				return err
			}
			switch {
			case kind != resourceapi.OpeningAnchor:
				ledger.Statements = append(ledger.Statements, p)
			case ledger.From == nil:
				ledger.Before, ledger.Opening = p.Balance, &p.Date
			default:
				ledger.Opening = &p.Date
			}
			return nil
		})
	if err != nil {
		return err
	}
	// Amounts in another currency than the account's have no known value in it.
	return l.each(ctx, `
		SELECT date, CAST(sum(amount) AS BIGINT) FROM transactions
		WHERE family_id = $1 AND account_id = $2`+since+where.fill(" AND currency = ?", currency)+` GROUP BY date ORDER BY date`,
		where.args, func(rows database.Rows) error {
			var p resourceapi.BalancePoint
			err := rows.Scan(&p.Date, (*int64)(&p.Balance))
			ledger.Flows = append(ledger.Flows, p)
			return err
		})
}

// none turns "no rows" into no error.
func none(err error) error {
	if errors.Is(err, database.ErrNoRows) {
		return nil
	}
	return err
}

func (l *Lease) savePoints(ctx context.Context, account string, from *resourceapi.Date, points []resourceapi.BalancePoint) error {
	var where filter
	where.args = []any{account}
	since := ""
	if from != nil {
		since = where.fill(" AND date >= ?", *from)
	}
	if _, err := l.exec(ctx, `DELETE FROM balances WHERE family_id = $1 AND account_id = $2`+since, where.args...); err != nil {
		return err
	}
	if len(points) == 0 {
		return nil
	}
	rows := make([]balanceRow, len(points))
	for i, p := range points {
		rows[i] = balanceRow{FamilyID: l.id, AccountID: account, Date: p.Date, Balance: int64(p.Balance)}
	}
	return database.Translate(l.s.db.ORM(ctx).CreateInBatches(rows, 1000).Error)
}
