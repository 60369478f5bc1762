package store

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"

	"gorm.io/gorm/clause"

	"latchkey/pkg/database"
	"latchkey/resourceapi"
)

// Created is what became of one input of CreateTransactions.
type Created struct {
	Transaction resourceapi.Transaction
	Replayed    bool // it existed under this external id
}

// RulesError lists the rules each input breaks, by its index.
type RulesError struct{ Errors map[int][]string }

// Error says how many inputs are refused.
func (e *RulesError) Error() string {
	return strconv.Itoa(len(e.Errors)) + " transactions are refused"
}

// CreateTransactions writes all inputs, or none: then the error is a
// *RulesError. An input whose external id exists writes nothing and returns
// what is there; of many at once exactly one writes.
func (f *Family) CreateTransactions(ctx context.Context, inputs []resourceapi.TransactionInput) ([]Created, error) {
	var made []Created
	err := f.change(ctx, func(ctx context.Context) error {
		refs, err := f.refer(ctx, inputs)
		if err != nil {
			return err
		}
		rows, taggings, err := f.newTransactions(inputs, refs)
		if err != nil {
			return err
		}
		made, err = f.writeTransactions(ctx, rows, taggings)
		return err
	})
	return made, err
}

func (f *Family) newTransactions(inputs []resourceapi.TransactionInput, refs references) ([]transactionRow, [][]string, error) {
	refused := &RulesError{Errors: map[int][]string{}}
	rows, taggings := make([]transactionRow, len(inputs)), make([][]string, len(inputs))
	now := f.s.Now()
	for i, in := range inputs {
		broken := refs.check(&in, true)
		currency := in.Currency
		if currency == "" {
			currency = refs.accounts[in.AccountID]
		}
		amount, wrong := money(in, currency)
		if broken = append(broken, wrong...); len(broken) > 0 {
			refused.Errors[i] = broken
			continue
		}
		rows[i] = transactionRow{
			FamilyID: f.id, ID: newID(), AccountID: in.AccountID, Date: in.Date.Value,
			Amount: int64(amount), Thousandths: amount.Thousandths(currency), Currency: string(currency),
			Name: in.Name.Value, Notes: nonEmpty(in.Notes.Value),
			CategoryID: nonEmpty(in.CategoryID.Value), MerchantID: nonEmpty(in.MerchantID.Value),
			ExternalID: nonEmpty(in.ExternalID), CreatedAt: now, UpdatedAt: now,
		}
		if in.ExternalID != "" {
			rows[i].Source = nonEmpty(in.Source)
		}
		taggings[i] = in.TagIDs.Value
	}
	if len(refused.Errors) > 0 {
		return nil, nil, refused
	}
	return rows, taggings, nil
}

func nonEmpty(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// writeTransactions inserts the rows in order. Rows with an external id go one
// by one, because each may turn out to be there already.
func (f *Family) writeTransactions(ctx context.Context, rows []transactionRow, taggings [][]string) ([]Created, error) {
	made, ids := make([]Created, len(rows)), make([]string, len(rows))
	var plain []transactionRow
	var tags []taggingRow
	work := changes{}
	for i := range rows {
		row := &rows[i]
		if row.ExternalID == nil {
			plain = append(plain, *row)
		} else {
			existing, err := f.insertOnce(ctx, row)
			if err != nil {
				return nil, err
			}
			if existing != "" {
				ids[i], made[i].Replayed = existing, true
				continue
			}
		}
		ids[i] = row.ID
		work.add(row.AccountID, row.Date, 1)
		for _, tag := range taggings[i] {
			tags = append(tags, taggingRow{FamilyID: f.id, TransactionID: row.ID, TagID: tag})
		}
	}
	if len(plain) > 0 {
		if err := f.insert(ctx, plain); err != nil {
			return nil, err
		}
	}
	if err := f.insertTaggings(ctx, tags); err != nil {
		return nil, err
	}
	if err := f.record(ctx, work); err != nil {
		return nil, err
	}
	list, err := f.transactionsByID(ctx, ids)
	for i := range list {
		made[i].Transaction = list[i]
	}
	return made, err
}

// insertOnce inserts row, or returns the id of the one that has its external
// id. The unique index decides: a concurrent insert of the same one waits here
// until the other has committed.
func (f *Family) insertOnce(ctx context.Context, row *transactionRow) (existing string, err error) {
	conflict := clause.OnConflict{
		Columns: []clause.Column{{Name: "family_id"}, {Name: "account_id"}, {Name: "source"}, {Name: "external_id"}},
		TargetWhere: clause.Where{Exprs: []clause.Expression{
			clause.Expr{SQL: "external_id IS NOT NULL"},
		}},
		DoNothing: true,
	}
	res := f.s.db.ORM(ctx).Clauses(conflict).Create(row)
	if res.Error != nil || res.RowsAffected == 1 {
		return "", database.Translate(res.Error)
	}
	err = f.row(ctx, `SELECT id FROM transactions WHERE family_id = $1 AND account_id = $2 AND source = $3 AND external_id = $4`,
		row.AccountID, *row.Source, *row.ExternalID).Scan(&existing)
	return existing, err
}

// insertTaggings writes tags in pieces that stay below the engines' bound on
// parameters.
func (f *Family) insertTaggings(ctx context.Context, tags []taggingRow) error {
	if len(tags) == 0 {
		return nil
	}
	return database.Translate(f.s.db.ORM(ctx).CreateInBatches(tags, 1000).Error)
}

// changes gathers, per account, how its number of transactions changes and from
// which day on its balances do.
type changes map[string]struct {
	from  resourceapi.Date
	count int
}

func (c changes) add(account string, from resourceapi.Date, count int) {
	if had, ok := c[account]; ok {
		from, count = min(from, had.from), count+had.count
	}
	c[account] = struct {
		from  resourceapi.Date
		count int
	}{from, count}
}

// counterSlots is over how many rows the writers of one account spread.
const counterSlots = 8

// record keeps the counters right and queues the sync that the changes ask for.
func (f *Family) record(ctx context.Context, work changes) error {
	for _, account := range sortedKeys(work) { // in one order everywhere, so that two batches cannot deadlock
		if n := work[account].count; n != 0 {
			_, err := f.exec(ctx, `
				INSERT INTO transaction_counts AS n (family_id, account_id, slot, total) VALUES ($1, $2, $3, $4)
				ON CONFLICT (family_id, account_id, slot) DO UPDATE SET total = n.total + excluded.total`,
				account, rand.IntN(counterSlots), n) //nolint:gosec // spreads writers; nothing is secret about it
			if err != nil {
				return err
			}
		}
		from := work[account].from
		if err := f.queueSync(ctx, account, &from); err != nil {
			return err
		}
	}
	return nil
}

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
		set := filter{}
		set.set(in.Date.Set, "date", in.Date.Value)
		set.set(in.Name.Set, "name", in.Name.Value)
		set.set(in.Notes.Set, "notes", nonEmpty(in.Notes.Value))
		set.set(in.CategoryID.Set, "category_id", nonEmpty(in.CategoryID.Value))
		set.set(in.MerchantID.Set, "merchant_id", nonEmpty(in.MerchantID.Value))
		if in.Amount.Set {
			amount, wrong := money(in, old.currency)
			broken = append(broken, wrong...)
			set.set(true, "amount", int64(amount))
			set.set(true, "thousandths", amount.Thousandths(old.currency))
		}
		if len(broken) > 0 {
			return &RulesError{Errors: map[int][]string{0: broken}}
		}
		if err := f.applyTransaction(ctx, id, old, in, &set); err != nil {
			return err
		}
		t, err = f.transaction(ctx, id)
		return err
	})
	return t, err
}

func (f *Family) applyTransaction(ctx context.Context, id string, old lockedTransaction, in resourceapi.TransactionInput, set *filter) error {
	set.set(true, "updated_at", f.s.Now())
	_, err := f.exec(ctx, `UPDATE transactions SET `+set.text.String()[2:]+set.fill(` WHERE family_id = $1 AND id = ?`, id), set.args...)
	if err != nil {
		return err
	}
	if in.TagIDs.Set {
		if _, err := f.exec(ctx, `DELETE FROM transaction_tags WHERE family_id = $1 AND transaction_id = $2`, id); err != nil {
			return err
		}
		tags := make([]taggingRow, len(in.TagIDs.Value))
		for i, tag := range in.TagIDs.Value {
			tags[i] = taggingRow{FamilyID: f.id, TransactionID: id, TagID: tag}
		}
		if err := f.insertTaggings(ctx, tags); err != nil {
			return err
		}
	}
	if !in.Amount.Set && !in.Date.Set {
		return nil
	}
	from := old.date
	if in.Date.Set {
		from = min(from, in.Date.Value)
	}
	return f.queueSync(ctx, old.account, &from)
}

// set adds ", column = value" when wanted.
func (f *filter) set(wanted bool, column string, value any) {
	if wanted {
		f.text.WriteString(", " + f.fill(column+" = ?", value))
	}
}

type lockedTransaction struct {
	account  string
	date     resourceapi.Date
	currency resourceapi.Currency
}

func (f *Family) lockTransaction(ctx context.Context, id string) (old lockedTransaction, err error) {
	var currency string
	err = f.row(ctx, `
		SELECT t.account_id, t.date, t.currency
		FROM transactions t JOIN accounts a ON a.family_id = t.family_id AND a.id = t.account_id
		WHERE t.family_id = $1 AND t.id = $2 AND a.status <> 'pending_deletion'`+f.s.forUpdate("t"), id).
		Scan(&old.account, &old.date, &currency)
	if errors.Is(err, database.ErrNoRows) {
		err = errNoTransaction
	}
	old.currency = resourceapi.Currency(currency)
	return old, err
}

// forUpdate locks the rows of a SELECT on PostgreSQL. SQLite has one writer at
// a time anyway.
func (s *Store) forUpdate(table string) string {
	if s.db.Engine() == database.Postgres {
		return " FOR UPDATE OF " + table
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
		work.add(old.account, old.date, -1)
		return f.record(ctx, work)
	})
}
