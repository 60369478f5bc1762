package store

import (
	"context"
	"errors"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"latchkey/pkg/database"
	"latchkey/pkg/fault"
	"latchkey/resourceapi"
)

// accountView is an account with what it holds today.
type accountView struct {
	Row     accountRow `gorm:"embedded"`
	Balance int64
}

// TableName names the table for gorm.
func (accountView) TableName() string { return "accounts" }

const accountColumns = `
	accounts.id, accounts.name, accounts.account_type, accounts.subtype, accounts.status, accounts.currency,
	accounts.institution_name, accounts.institution_domain, accounts.created_at, accounts.updated_at,
	coalesce((SELECT b.balance FROM balances b
		WHERE b.family_id = accounts.family_id AND b.account_id = accounts.id AND b.date <= ? ORDER BY b.date DESC LIMIT 1), 0) AS balance`

func (v accountView) account() resourceapi.Account {
	a := v.Row.account()
	a.Balance = resourceapi.Amount(v.Balance)
	return a
}

// account returns the account without its balance.
func (r accountRow) account() resourceapi.Account {
	return resourceapi.Account{
		ID: r.ID, Name: r.Name, Type: resourceapi.AccountType(r.AccountType), Subtype: r.Subtype, Status: r.Status,
		Currency: resourceapi.Currency(r.Currency), InstitutionName: r.InstitutionName, InstitutionDomain: r.InstitutionDomain,
		CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
}

var errNoAccount = fault.New(fault.NotFound, "Account not found")

// Conditions on accounts.
const (
	all     = ""
	shown   = "accounts.status IN ('active', 'draft')" // by default (docs/contract.md, "Accounts")
	staying = "accounts.status <> 'pending_deletion'"  // not being deleted
)

func whichAccounts(disabled bool) string {
	if disabled {
		return all
	}
	return shown
}

// Accounts lists a page of accounts by name; with disabled also those that are
// disabled or about to be deleted.
func (f *Family) Accounts(ctx context.Context, disabled bool, page Page) ([]resourceapi.Account, Paging, error) {
	ctx, err := f.open(ctx)
	if err != nil {
		return nil, Paging{}, err
	}
	today, err := f.Today(ctx)
	if err != nil {
		return nil, Paging{}, err
	}
	rows, paging, err := paged[accountView](page, func() *gorm.DB { return f.orm(ctx).Model(&accountRow{}).Where(whichAccounts(disabled)) },
		func(query *gorm.DB) *gorm.DB {
			return query.Select(accountColumns, today).Order("accounts.name, accounts.id")
		})
	return database.Mapped(rows, accountView.account), paging, err
}

// Account finds one account.
func (f *Family) Account(ctx context.Context, id string, disabled bool) (resourceapi.Account, error) {
	ctx, err := f.open(ctx)
	if err != nil {
		return resourceapi.Account{}, err
	}
	return f.account(ctx, id, whichAccounts(disabled))
}

func (f *Family) account(ctx context.Context, id, which string) (resourceapi.Account, error) {
	today, err := f.Today(ctx)
	if err != nil {
		return resourceapi.Account{}, err
	}
	view, err := findOne[accountView](f.orm(ctx).Select(accountColumns, today).Where(which).Where("accounts.id = ?", id), errNoAccount)
	return view.account(), err
}

// CreateAccount opens an account.
func (f *Family) CreateAccount(ctx context.Context, in resourceapi.NewAccount) (resourceapi.Account, error) {
	var made resourceapi.Account
	err := f.change(ctx, func(ctx context.Context) error {
		now, id := f.s.Now(), newID()
		err := f.insert(ctx, &accountRow{
			ID: id, Name: in.Name, AccountType: string(in.Type), Subtype: in.Subtype, Status: in.Status,
			Currency: string(in.Currency), InstitutionName: in.InstitutionName, InstitutionDomain: in.InstitutionDomain,
			CreatedAt: now, UpdatedAt: now,
		})
		if err != nil {
			return err
		}
		if o := in.Opening; o != nil {
			err := errors.Join(
				f.insert(ctx, &valuationRow{
					ID: newID(), AccountID: id, Date: o.Date, Amount: int64(o.Amount), Currency: string(in.Currency),
					Kind: resourceapi.OpeningAnchor, CreatedAt: now, UpdatedAt: now,
				}),
				f.insert(ctx, &balanceRow{AccountID: id, Date: o.Date, Balance: int64(o.Amount)}))
			if err != nil {
				return err
			}
		}
		made, err = f.account(ctx, id, all)
		return err
	})
	return made, err
}

// UpdateAccount changes an account as change says, which is given the account
// without its balance and may refuse.
func (f *Family) UpdateAccount(ctx context.Context, id string, change func(a resourceapi.Account) (resourceapi.AccountChange, error)) (resourceapi.Account, error) {
	var made resourceapi.Account
	err := f.change(ctx, func(ctx context.Context) error {
		a, err := f.lockAccount(ctx, id)
		if err != nil {
			return err
		}
		c, err := change(a)
		if err != nil {
			return err
		}
		c.Apply(&a)
		err = database.ErrorOf(f.orm(ctx).Model(&accountRow{}).Where("id = ?", id).UpdateColumns(map[string]any{
			"name": a.Name, "subtype": a.Subtype, "status": a.Status,
			"institution_name": a.InstitutionName, "institution_domain": a.InstitutionDomain, "updated_at": f.s.Now(),
		}))
		if err != nil {
			return err
		}
		if c.Balance != nil {
			if err := f.reconcile(ctx, a, *c.Balance); err != nil {
				return err
			}
		}
		made, err = f.account(ctx, id, all)
		return err
	})
	return made, err
}

// lockAccount returns an account without its balance. Nobody else can change it
// before the transaction ends.
func (f *Family) lockAccount(ctx context.Context, id string) (resourceapi.Account, error) {
	row, err := findOne[accountRow](f.orm(ctx).Clauses(locked).Where(staying).Where("id = ?", id), errNoAccount)
	return row.account(), err
}

// reconcile records what the account holds today. The balance changes at once; the
// queued sync corrects later days.
func (f *Family) reconcile(ctx context.Context, a resourceapi.Account, amount resourceapi.Amount) error {
	today, err := f.Today(ctx)
	if err != nil {
		return err
	}
	saved, err := f.saveValuation(ctx, a, today, amount, nil)
	if err != nil {
		return err
	}
	over := clause.OnConflict{
		Columns:   []clause.Column{{Name: "family_id"}, {Name: "account_id"}, {Name: "date"}},
		DoUpdates: clause.AssignmentColumns([]string{"balance"}),
	}
	if err := database.ErrorOf(f.orm(ctx).Clauses(over).Create(&balanceRow{AccountID: a.ID, Date: today, Balance: int64(amount)})); err != nil {
		return err
	}
	return f.queueSync(ctx, a.ID, saved.since(today))
}

// RemoveAccount marks an account for deletion, which hides it and everything in
// it, and queues the removal.
func (f *Family) RemoveAccount(ctx context.Context, id string) error {
	return f.change(ctx, func(ctx context.Context) error {
		n, err := database.Affected(f.orm(ctx).Model(&accountRow{}).Where(staying).Where("id = ?", id).UpdateColumns(map[string]any{
			"status": resourceapi.StatusPendingDeletion, "updated_at": f.s.Now(),
		}))
		if err != nil {
			return err
		}
		if n == 0 {
			return errNoAccount
		}
		return f.queue(ctx, jobRow{Kind: jobRemoveAccount, AccountID: &id})
	})
}
