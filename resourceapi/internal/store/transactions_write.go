package store

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"strconv"

	"gorm.io/gorm/clause"

	"latchkey/pkg/database"
	"latchkey/resourceapi"
)

// Created is the result of one input of CreateTransactions.
type Created struct {
	Transaction resourceapi.Transaction
	Replayed    bool // a transaction with this external id existed
}

// RulesError lists the rules each input breaks, by its index.
type RulesError struct{ Errors map[int][]string }

// Error says how many inputs are refused.
func (e *RulesError) Error() string {
	return strconv.Itoa(len(e.Errors)) + " transactions are refused"
}

// CreateTransactions writes all inputs, or none: then the error is a
// *RulesError. An input whose external id exists writes nothing and returns the
// existing transaction; of many at once exactly one writes.
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

// CheckTransactions returns the broken rules that depend on the family's data, by the
// index of the input. It writes nothing.
func (f *Family) CheckTransactions(ctx context.Context, inputs []resourceapi.TransactionInput) (map[int][]string, error) {
	ctx, err := f.open(ctx)
	if err != nil {
		return nil, err
	}
	refs, err := f.refer(ctx, inputs)
	if err != nil {
		return nil, err
	}
	_, _, err = f.newTransactions(inputs, refs)
	if rules, refused := errors.AsType[*RulesError](err); refused {
		return rules.Errors, nil
	}
	return nil, err
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
		var amount resourceapi.Amount
		if currency != "" { // otherwise the account was not found, and the number of decimals is unknown
			var wrong []string
			amount, wrong = money(in, currency)
			broken = append(broken, wrong...)
		}
		if len(broken) > 0 {
			refused.Errors[i] = broken
			continue
		}
		rows[i] = transactionRow{
			ID: newID(), AccountID: in.AccountID, Date: in.Date.Value,
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

// writeTransactions inserts the rows. Rows with an external id are inserted one by
// one, because each may exist already.
func (f *Family) writeTransactions(ctx context.Context, rows []transactionRow, taggings [][]string) ([]Created, error) {
	made, ids := make([]Created, len(rows)), make([]string, len(rows))
	var plain []transactionRow
	var tags []taggingRow
	work := changes{}
	for _, i := range externalOrder(rows) {
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
		work.add(row.AccountID, row.Date, row.Amount < 0, 1)
		for _, tag := range taggings[i] {
			tags = append(tags, row.tagged(tag))
		}
	}
	for piece := range pieces(plain) {
		if err := f.insert(ctx, piece); err != nil {
			return nil, err
		}
	}
	if err := f.insertTaggings(ctx, tags); err != nil {
		return nil, err
	}
	if err := f.record(ctx, work); err != nil {
		return nil, err
	}
	return made, f.readMade(ctx, rows, ids, made)
}

// readMade reads what was written. Texts that came back as they were sent are kept
// once.
func (f *Family) readMade(ctx context.Context, rows []transactionRow, ids []string, made []Created) error {
	at := 0
	for piece := range pieces(rows) {
		list, err := f.transactionsByID(ctx, ids[at:at+len(piece)])
		if err != nil {
			return err
		}
		for i, t := range list {
			if sent := piece[i].Notes; sent != nil && t.Notes != nil && *sent == *t.Notes {
				t.Notes = sent
			}
			made[at+i].Transaction = t
		}
		at += len(piece)
	}
	return nil
}

// pieces cuts rows up so that a statement carries little more than pieceBytes of
// text: what carries it holds several copies.
func pieces(rows []transactionRow) iter.Seq[[]transactionRow] {
	return func(yield func([]transactionRow) bool) {
		begin, size := 0, 0
		for i := range rows {
			if rows[i].Notes != nil {
				size += len(*rows[i].Notes)
			}
			if size < pieceBytes && i < len(rows)-1 {
				continue
			}
			if !yield(rows[begin : i+1]) {
				return
			}
			begin, size = i+1, 0
		}
	}
}

const pieceBytes = 256 << 10

// externalOrder returns the indexes of rows in the order of their external ids. It is
// the same for every caller, so that two batches with the same ids cannot deadlock.
func externalOrder(rows []transactionRow) []int {
	places := make([]int, len(rows))
	for i := range places {
		places[i] = i
	}
	slices.SortStableFunc(places, func(i, j int) int {
		a, b := &rows[i], &rows[j]
		if a.ExternalID == nil || b.ExternalID == nil {
			return cmp.Compare(truth(a.ExternalID != nil), truth(b.ExternalID != nil))
		}
		return cmp.Or(
			cmp.Compare(a.AccountID, b.AccountID), cmp.Compare(*a.Source, *b.Source), cmp.Compare(*a.ExternalID, *b.ExternalID))
	})
	return places
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
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
	n, err := database.Affected(f.orm(ctx).Clauses(conflict).Create(row))
	if err != nil || n == 1 {
		return "", err
	}
	there, err := findOne[transactionRow](f.orm(ctx).
		Where("account_id = ? AND source = ? AND external_id = ?", row.AccountID, *row.Source, *row.ExternalID), errNoTransaction)
	return there.ID, err
}

func (r transactionRow) tagged(tag string) taggingRow {
	return taggingRow{TransactionID: r.ID, TagID: tag, AccountID: r.AccountID, Date: r.Date, CreatedAt: r.CreatedAt}
}

// insertTaggings writes tags in pieces, because the engines limit the number of
// parameters.
func (f *Family) insertTaggings(ctx context.Context, tags []taggingRow) error {
	if len(tags) == 0 {
		return nil
	}
	return database.ErrorOf(f.orm(ctx).CreateInBatches(tags, 1000))
}
