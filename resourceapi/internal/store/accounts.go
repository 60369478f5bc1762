package store

import (
	"context"
	"errors"

	"latchkey/pkg/database"
	"latchkey/pkg/fault"
	"latchkey/resourceapi"
)

const accountColumns = `
	a.id, a.name, a.account_type, a.subtype, a.status, a.currency, a.institution_name, a.institution_domain, a.created_at, a.updated_at,
	coalesce((SELECT b.balance FROM balances b
		WHERE b.family_id = a.family_id AND b.account_id = a.id AND b.date <= $2 ORDER BY b.date DESC LIMIT 1), 0)`

var errNoAccount = fault.New(fault.NotFound, "Account not found")

// shown is the condition on which accounts a caller sees by default (contract
// section 5.1).
func shown(disabled bool) string {
	if disabled {
		return ""
	}
	return ` AND a.status IN ('active', 'draft')`
}

// Accounts lists a page of accounts by name; with disabled also those that are
// disabled or about to be deleted.
func (f *Family) Accounts(ctx context.Context, disabled bool, page Page) ([]resourceapi.Account, Paging, error) {
	ctx, err := f.open(ctx)
	if err != nil {
		return nil, Paging{}, err
	}
	var total int
	if err := f.row(ctx, `SELECT count(*) FROM accounts a WHERE a.family_id = $1`+shown(disabled)).Scan(&total); err != nil {
		return nil, Paging{}, err
	}
	paging := page.settle(total)
	where := filter{args: []any{f.s.today()}}
	list, err := f.readAccounts(ctx, shown(disabled)+` ORDER BY a.name, a.id`+where.window(paging), where.args)
	return list, paging, err
}

// Account finds one account.
func (f *Family) Account(ctx context.Context, id string, disabled bool) (resourceapi.Account, error) {
	ctx, err := f.open(ctx)
	if err != nil {
		return resourceapi.Account{}, err
	}
	return f.account(ctx, id, shown(disabled))
}

func (f *Family) account(ctx context.Context, id, condition string) (resourceapi.Account, error) {
	list, err := f.readAccounts(ctx, condition+` AND a.id = $3`, []any{f.s.today(), id})
	if err != nil {
		return resourceapi.Account{}, err
	}
	if len(list) == 0 {
		return resourceapi.Account{}, errNoAccount
	}
	return list[0], nil
}

func (f *Family) readAccounts(ctx context.Context, rest string, args []any) ([]resourceapi.Account, error) {
	var list []resourceapi.Account
	err := f.each(ctx, `SELECT `+accountColumns+` FROM accounts a WHERE a.family_id = $1`+rest, args, func(rows database.Rows) error {
		var a resourceapi.Account
		var kind, currency string
		var balance int64
		err := rows.Scan(&a.ID, &a.Name, &kind, &a.Subtype, &a.Status, &currency, &a.InstitutionName, &a.InstitutionDomain,
			&a.CreatedAt, &a.UpdatedAt, &balance)
		a.Type, a.Currency, a.Balance = resourceapi.AccountType(kind), resourceapi.Currency(currency), resourceapi.Amount(balance)
		list = append(list, a)
		return err
	})
	return list, err
}

// CreateAccount opens an account.
func (f *Family) CreateAccount(ctx context.Context, in resourceapi.NewAccount) (resourceapi.Account, error) {
	var made resourceapi.Account
	err := f.change(ctx, func(ctx context.Context) error {
		now, id := f.s.Now(), newID()
		err := f.insert(ctx, &accountRow{
			FamilyID: f.id, ID: id, Name: in.Name, AccountType: string(in.Type), Subtype: in.Subtype, Status: in.Status,
			Currency: string(in.Currency), InstitutionName: in.InstitutionName, InstitutionDomain: in.InstitutionDomain,
			CreatedAt: now, UpdatedAt: now,
		})
		if err != nil {
			return err
		}
		if o := in.Opening; o != nil {
			err := errors.Join(
				f.insert(ctx, &valuationRow{
					FamilyID: f.id, ID: newID(), AccountID: id, Date: o.Date, Amount: int64(o.Amount), Currency: string(in.Currency),
					Kind: resourceapi.OpeningAnchor, CreatedAt: now, UpdatedAt: now,
				}),
				f.insert(ctx, &balanceRow{FamilyID: f.id, AccountID: id, Date: o.Date, Balance: int64(o.Amount)}))
			if err != nil {
				return err
			}
		}
		made, err = f.account(ctx, id, "")
		return err
	})
	return made, err
}

const notLeaving = ` AND a.status <> 'pending_deletion'`

// UpdateAccount changes an account as change says, which is given the account
// as it is and may refuse.
func (f *Family) UpdateAccount(ctx context.Context, id string, change func(a resourceapi.Account) (resourceapi.AccountChange, error)) (resourceapi.Account, error) {
	var made resourceapi.Account
	err := f.change(ctx, func(ctx context.Context) error {
		if err := f.lockAccount(ctx, id); err != nil {
			return err
		}
		a, err := f.account(ctx, id, notLeaving)
		if err != nil {
			return err
		}
		c, err := change(a)
		if err != nil {
			return err
		}
		c.Apply(&a)
		_, err = f.exec(ctx, `
			UPDATE accounts SET name = $3, subtype = $4, status = $5, institution_name = $6, institution_domain = $7, updated_at = $8
			WHERE family_id = $1 AND id = $2`,
			id, a.Name, a.Subtype, a.Status, a.InstitutionName, a.InstitutionDomain, f.s.Now())
		if err != nil {
			return err
		}
		if c.Balance != nil {
			if err := f.reconcile(ctx, a, *c.Balance); err != nil {
				return err
			}
		}
		made, err = f.account(ctx, id, "")
		return err
	})
	return made, err
}

func (f *Family) lockAccount(ctx context.Context, id string) error {
	var found string
	err := f.row(ctx, `SELECT a.id FROM accounts a WHERE a.family_id = $1 AND a.id = $2`+notLeaving+f.s.forUpdate("a"), id).Scan(&found)
	if errors.Is(err, database.ErrNoRows) {
		return errNoAccount
	}
	return err
}

// reconcile states what the account holds today. The balance shows at once; the
// sync that follows brings later days in line.
func (f *Family) reconcile(ctx context.Context, a resourceapi.Account, amount resourceapi.Amount) error {
	today := f.s.today()
	put, err := f.putValuation(ctx, a.ID, a.Currency, today, amount, nil)
	if err != nil {
		return err
	}
	_, err = f.exec(ctx, `
		INSERT INTO balances (family_id, account_id, date, balance) VALUES ($1, $2, $3, $4)
		ON CONFLICT (family_id, account_id, date) DO UPDATE SET balance = excluded.balance`, a.ID, today, int64(amount))
	if err != nil {
		return err
	}
	return f.queueSync(ctx, a.ID, put.since(today))
}

// RemoveAccount marks an account for deletion, which hides it and everything in
// it, and queues the removal.
func (f *Family) RemoveAccount(ctx context.Context, id string) error {
	return f.change(ctx, func(ctx context.Context) error {
		n, err := f.exec(ctx, `
			UPDATE accounts SET status = 'pending_deletion', updated_at = $3
			WHERE family_id = $1 AND id = $2 AND status <> 'pending_deletion'`, id, f.s.Now())
		if err != nil {
			return err
		}
		if n == 0 {
			return errNoAccount
		}
		return f.queue(ctx, jobRow{Kind: jobRemoveAccount, AccountID: &id})
	})
}
