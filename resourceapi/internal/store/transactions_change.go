package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"latchkey/pkg/database"
	"latchkey/resourceapi"
)

// UpdateTransaction changes the members that in sets. Account and currency cannot
// change (docs/contract.md, "Transactions").
func (f *Family) UpdateTransaction(ctx context.Context, id string, in resourceapi.TransactionInput) (resourceapi.Transaction, error) {
	var t resourceapi.Transaction
	err := f.change(ctx, func(ctx context.Context) error {
		old, err := f.lockTransaction(ctx, id)
		if err != nil {
			return err
		}
		refs, err := f.refer(ctx, []resourceapi.TransactionInput{in})
		if err != nil {
			return err
		}
		broken := refs.check(&in, false)
		set, income := map[string]any{"updated_at": f.s.Now()}, old.income
		if in.Date.Set {
			set["date"] = in.Date.Value
		}
		if in.Name.Set {
			set["name"] = in.Name.Value
		}
		if in.Notes.Set {
			set["notes"] = nonEmpty(in.Notes.Value)
		}
		if in.CategoryID.Set {
			set["category_id"] = nonEmpty(in.CategoryID.Value)
		}
		if in.MerchantID.Set {
			set["merchant_id"] = nonEmpty(in.MerchantID.Value)
		}
		if in.Amount.Set || in.Nature != resourceapi.AsGiven {
			amount, wrong := repriced(in, old)
			broken = append(broken, wrong...)
			income = amount < 0
			set["amount"], set["thousandths"] = int64(amount), amount.Thousandths(old.currency)
		}
		if len(broken) > 0 {
			return &RulesError{Errors: map[int][]string{0: broken}}
		}
		if err := f.applyTransaction(ctx, id, old, in, income, set); err != nil {
			return err
		}
		t, err = f.transaction(ctx, id)
		return err
	})
	return t, err
}

func (f *Family) applyTransaction(ctx context.Context, id string, old lockedTransaction, in resourceapi.TransactionInput, income bool, set map[string]any) error {
	if err := database.ErrorOf(f.orm(ctx).Model(&transactionRow{}).Where("id = ?", id).UpdateColumns(set)); err != nil {
		return err
	}
	date := old.date
	if in.Date.Set {
		date = in.Date.Value
	}
	if err := f.applyTags(ctx, id, old, in, date); err != nil {
		return err
	}
	if _, amount := set["amount"]; !amount && !in.Date.Set {
		return nil
	}
	work := changes{}
	work.add(old.account, old.date, old.income, -1)
	work.add(old.account, date, income, 1)
	return f.record(ctx, work)
}

// applyTags writes the tags of a transaction anew, or moves them to its new date.
func (f *Family) applyTags(ctx context.Context, id string, old lockedTransaction, in resourceapi.TransactionInput, date resourceapi.Date) error {
	tags := func() *gorm.DB { return f.orm(ctx).Model(&taggingRow{}).Where("transaction_id = ?", id) }
	if !in.TagIDs.Set {
		if !in.Date.Set {
			return nil
		}
		return database.ErrorOf(tags().UpdateColumn("date", date))
	}
	if err := database.ErrorOf(tags().Delete(&taggingRow{})); err != nil {
		return err
	}
	row := transactionRow{ID: id, AccountID: old.account, Date: date, CreatedAt: old.createdAt}
	return f.insertTaggings(ctx, database.Mapped(in.TagIDs.Value, row.tagged))
}

type lockedTransaction struct {
	account   string
	date      resourceapi.Date
	amount    resourceapi.Amount
	income    bool
	currency  resourceapi.Currency
	createdAt time.Time
}

func (f *Family) lockTransaction(ctx context.Context, id string) (lockedTransaction, error) {
	row, err := findOne[transactionRow](f.orm(ctx).Clauses(locked).Where("transactions.id = ?", id).Where(staying).
		Joins("JOIN accounts ON accounts.family_id = transactions.family_id AND accounts.id = transactions.account_id"), errNoTransaction)
	return lockedTransaction{
		account: row.AccountID, date: row.Date, amount: resourceapi.Amount(row.Amount), income: row.Amount < 0, currency: resourceapi.Currency(row.Currency), createdAt: row.CreatedAt,
	}, err
}

// DeleteTransaction removes a transaction.
func (f *Family) DeleteTransaction(ctx context.Context, id string) error {
	return f.change(ctx, func(ctx context.Context) error {
		old, err := f.lockTransaction(ctx, id)
		if err != nil {
			return err
		}
		n, err := database.Affected(f.orm(ctx).Where("id = ?", id).Delete(&transactionRow{}))
		if err != nil {
			return err
		}
		if n == 0 {
			return errNoTransaction
		}
		work := changes{}
		work.add(old.account, old.date, old.income, -1)
		return f.record(ctx, work)
	})
}
