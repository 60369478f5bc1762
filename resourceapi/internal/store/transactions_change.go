package store

import (
	"context"
	"errors"
	"time"

	"latchkey/pkg/database"
	"latchkey/resourceapi"
)

// UpdateTransaction changes what in sets. The account and the currency stay
// (contract section 5.2).
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
		set, income := filter{}, old.income
		set.set(in.Date.Set, "date", in.Date.Value)
		set.set(in.Name.Set, "name", in.Name.Value)
		set.set(in.Notes.Set, "notes", nonEmpty(in.Notes.Value))
		set.set(in.CategoryID.Set, "category_id", nonEmpty(in.CategoryID.Value))
		set.set(in.MerchantID.Set, "merchant_id", nonEmpty(in.MerchantID.Value))
		if in.Amount.Set {
			amount, wrong := money(in, old.currency)
			broken = append(broken, wrong...)
			income = amount < 0
			set.set(true, "amount", int64(amount))
			set.set(true, "thousandths", amount.Thousandths(old.currency))
		}
		if len(broken) > 0 {
			return &RulesError{Errors: map[int][]string{0: broken}}
		}
		if err := f.applyTransaction(ctx, id, old, in, income, &set); err != nil {
			return err
		}
		t, err = f.transaction(ctx, id)
		return err
	})
	return t, err
}

func (f *Family) applyTransaction(ctx context.Context, id string, old lockedTransaction, in resourceapi.TransactionInput, income bool, set *filter) error {
	set.set(true, "updated_at", f.s.Now())
	_, err := f.exec(ctx, `UPDATE transactions SET `+set.text.String()[2:]+set.fill(` WHERE family_id = $1 AND id = ?`, id), set.args...)
	if err != nil {
		return err
	}
	date := old.date
	if in.Date.Set {
		date = in.Date.Value
	}
	if in.Date.Set && !in.TagIDs.Set {
		if _, err := f.exec(ctx, `UPDATE transaction_tags SET date = $3 WHERE family_id = $1 AND transaction_id = $2`, id, date); err != nil {
			return err
		}
	}
	if in.TagIDs.Set {
		if _, err := f.exec(ctx, `DELETE FROM transaction_tags WHERE family_id = $1 AND transaction_id = $2`, id); err != nil {
			return err
		}
		row := transactionRow{FamilyID: f.id, ID: id, AccountID: old.account, Date: date, CreatedAt: old.createdAt}
		tags := make([]taggingRow, len(in.TagIDs.Value))
		for i, tag := range in.TagIDs.Value {
			tags[i] = row.tagged(tag)
		}
		if err := f.insertTaggings(ctx, tags); err != nil {
			return err
		}
	}
	if !in.Amount.Set && !in.Date.Set {
		return nil
	}
	work := changes{}
	work.add(old.account, old.date, old.income, -1)
	work.add(old.account, date, income, 1)
	return f.record(ctx, work)
}

// set adds ", column = value" when wanted.
func (f *filter) set(wanted bool, column string, value any) {
	if wanted {
		f.text.WriteString(", " + f.fill(column+" = ?", value))
	}
}

type lockedTransaction struct {
	account   string
	date      resourceapi.Date
	income    bool
	currency  resourceapi.Currency
	createdAt time.Time
}

func (f *Family) lockTransaction(ctx context.Context, id string) (old lockedTransaction, err error) {
	var currency string
	var amount int64
	err = f.row(ctx, `
		SELECT t.account_id, t.date, t.amount, t.currency, t.created_at
		FROM transactions t JOIN accounts a ON a.family_id = t.family_id AND a.id = t.account_id
		WHERE t.family_id = $1 AND t.id = $2 AND a.status <> 'pending_deletion'`+f.s.forUpdate("t"), id).
		Scan(&old.account, &old.date, &amount, &currency, &old.createdAt)
	if errors.Is(err, database.ErrNoRows) {
		err = errNoTransaction
	}
	old.income = amount < 0
	old.currency = resourceapi.Currency(currency)
	return old, err
}

// forUpdate locks the rows of a SELECT on PostgreSQL against each other's
// changes, though not against new rows that refer to them. SQLite has one writer
// at a time anyway.
func (s *Store) forUpdate(table string) string {
	if s.db.Engine() == database.Postgres {
		return " FOR NO KEY UPDATE OF " + table
	}
	return ""
}

// DeleteTransaction removes a transaction.
func (f *Family) DeleteTransaction(ctx context.Context, id string) error {
	return f.change(ctx, func(ctx context.Context) error {
		old, err := f.lockTransaction(ctx, id)
		if err != nil {
			return err
		}
		n, err := f.exec(ctx, `DELETE FROM transactions WHERE family_id = $1 AND id = $2`, id)
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
