package store

import (
	"context"
	"errors"
	"strings"
	"time"

	"latchkey/pkg/database"
	"latchkey/pkg/fault"
	"latchkey/resourceapi"
)

// TransactionFilter says which transactions to list; zero members filter
// nothing. Ids that are none, or are another family's, match nothing.
type TransactionFilter struct {
	Accounts   []string // nil: all; empty: none
	Categories []string
	Merchants  []string
	Tags       []string // any of them
	Start, End *resourceapi.Date
	Min, Max   *int64 // thousandths of the currency's unit, on the stored sign
	Type       string // "income", "expense" or ""
	Search     string // in name, notes and merchant name
}

// counted reports whether the counters by day know how many there are.
func (q TransactionFilter) counted() bool {
	return q.Categories == nil && q.Merchants == nil && q.Tags == nil && q.Min == nil && q.Max == nil && q.Search == ""
}

// Cursor is a place in the order of a list: after the row it describes.
type Cursor struct {
	Date      resourceapi.Date
	CreatedAt time.Time
	ID        string
}

// countAhead is how far beyond the wanted page a list is counted whose length
// no counter knows.
const countAhead = 1_000

const transactionColumns = `
	t.id, t.date, t.amount, t.currency, t.name, t.notes, t.external_id, t.source, t.created_at, t.updated_at,
	a.id, a.name, a.account_type, c.id, c.name, c.color, c.icon, m.id, m.name`

// Transactions are picked and cut to a page before anything is joined to them.
// A plan for families of ordinary size then still reads an index in order, and
// stops, in a family of a million.
const (
	transactionRows = `
	FROM transactions t
	WHERE t.family_id = $1
		AND t.account_id NOT IN (SELECT x.id FROM accounts x WHERE x.family_id = $1 AND x.status = 'pending_deletion')`
	transactionJoins = ` t
	JOIN accounts a ON a.family_id = t.family_id AND a.id = t.account_id
	LEFT JOIN categories c ON c.family_id = t.family_id AND c.id = t.category_id
	LEFT JOIN merchants m ON m.family_id = t.family_id AND m.id = t.merchant_id
	WHERE t.family_id = $1`
)

const transactionOrder = ` ORDER BY t.date DESC, t.created_at DESC, t.id DESC`

// Transactions lists a page of transactions, newest first.
func (f *Family) Transactions(ctx context.Context, q TransactionFilter, page Page) ([]resourceapi.Transaction, Paging, error) {
	ctx, err := f.open(ctx)
	if err != nil {
		return nil, Paging{}, err
	}
	total, capped, err := f.countTransactions(ctx, q, page)
	if err != nil {
		return nil, Paging{}, err
	}
	paging := page.settle(total)
	paging.Capped = capped
	if total == 0 {
		return nil, paging, nil
	}
	var where filter
	f.filterTransactions(&where, q)
	list, err := f.readTransactions(ctx, where.text.String()+transactionOrder+where.window(paging), where.args)
	return list, paging, err
}

// TransactionsAfter lists size transactions that follow the cursor, newest
// first; a nil cursor begins at the newest. More reports whether others follow.
func (f *Family) TransactionsAfter(ctx context.Context, q TransactionFilter, after *Cursor, size int) (list []resourceapi.Transaction, more bool, err error) {
	ctx, err = f.open(ctx)
	if err != nil {
		return nil, false, err
	}
	var where filter
	f.filterTransactions(&where, q)
	if after != nil {
		where.and(`(t.date, t.created_at, t.id) < (?, ?, ?)`, after.Date, after.CreatedAt, after.ID)
	}
	list, err = f.readTransactions(ctx, where.text.String()+transactionOrder+where.fill(" LIMIT ?", size+1), where.args)
	if len(list) > size {
		return list[:size], true, err
	}
	return list, false, err
}

// Transaction finds one transaction.
func (f *Family) Transaction(ctx context.Context, id string) (resourceapi.Transaction, error) {
	ctx, err := f.open(ctx)
	if err != nil {
		return resourceapi.Transaction{}, err
	}
	return f.transaction(ctx, id)
}

var errNoTransaction = fault.New(fault.NotFound, "Transaction not found")

func (f *Family) transaction(ctx context.Context, id string) (resourceapi.Transaction, error) {
	list, err := f.readTransactions(ctx, ` AND t.id = $2`, []any{id})
	if err != nil {
		return resourceapi.Transaction{}, err
	}
	if len(list) == 0 {
		return resourceapi.Transaction{}, errNoTransaction
	}
	return list[0], nil
}

// transactionsByID returns the transactions with these ids, in that order.
func (f *Family) transactionsByID(ctx context.Context, ids []string) ([]resourceapi.Transaction, error) {
	var where filter
	where.in("t.id", ids)
	found, err := f.readTransactions(ctx, where.text.String(), where.args)
	if err != nil {
		return nil, err
	}
	byID := make(map[string]resourceapi.Transaction, len(found))
	for _, t := range found {
		byID[t.ID] = t
	}
	list := make([]resourceapi.Transaction, 0, len(ids))
	for _, id := range ids {
		t, ok := byID[id]
		if !ok {
			return nil, errors.New("store: a transaction just written is gone")
		}
		list = append(list, t)
	}
	return list, nil
}

func (f *Family) readTransactions(ctx context.Context, rest string, args []any) ([]resourceapi.Transaction, error) {
	var list []resourceapi.Transaction
	text := `SELECT ` + transactionColumns + ` FROM (SELECT t.*` + transactionRows + rest + `)` + transactionJoins + transactionOrder
	err := f.each(ctx, text, args, func(rows database.Rows) error {
		t, err := scanTransaction(rows)
		list = append(list, t)
		return err
	})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list, f.readTags(ctx, list)
}

func scanTransaction(rows database.Rows) (resourceapi.Transaction, error) {
	var (
		t                                             resourceapi.Transaction
		amount                                        int64
		currency, accountType                         string
		categoryID, categoryName, categoryColor, icon *string
		merchantID, merchantName                      *string
	)
	err := rows.Scan(&t.ID, &t.Date, &amount, &currency, &t.Name, &t.Notes, &t.ExternalID, &t.Source, &t.CreatedAt, &t.UpdatedAt,
		&t.Account.ID, &t.Account.Name, &accountType, &categoryID, &categoryName, &categoryColor, &icon, &merchantID, &merchantName)
	if err != nil {
		return t, err
	}
	t.Amount, t.Currency = resourceapi.Amount(amount), resourceapi.Currency(currency)
	t.Account.Type = resourceapi.AccountType(accountType)
	if categoryID != nil {
		t.Category = &resourceapi.CategoryRef{ID: *categoryID, Name: *categoryName, Color: *categoryColor, Icon: *icon}
	}
	if merchantID != nil {
		t.Merchant = &resourceapi.MerchantRef{ID: *merchantID, Name: *merchantName}
	}
	return t, nil
}

func (f *Family) readTags(ctx context.Context, list []resourceapi.Transaction) error {
	ids := make([]string, len(list))
	place := make(map[string]int, len(list))
	for i, t := range list {
		ids[i], place[t.ID] = t.ID, i
	}
	var where filter
	where.in("tt.transaction_id", ids)
	return f.each(ctx, `
		SELECT tt.transaction_id, g.id, g.name, g.color
		FROM transaction_tags tt JOIN tags g ON g.family_id = tt.family_id AND g.id = tt.tag_id
		WHERE tt.family_id = $1`+where.text.String()+` ORDER BY g.name, g.id`, where.args, func(rows database.Rows) error {
		var transaction string
		var tag resourceapi.TagRef
		if err := rows.Scan(&transaction, &tag.ID, &tag.Name, &tag.Color); err != nil {
			return err
		}
		t := &list[place[transaction]]
		t.Tags = append(t.Tags, tag)
		return nil
	})
}

func (f *Family) filterTransactions(where *filter, q TransactionFilter) {
	if q.Accounts != nil {
		where.in("t.account_id", q.Accounts)
	}
	if q.Categories != nil {
		where.in("t.category_id", q.Categories)
	}
	if q.Merchants != nil {
		where.in("t.merchant_id", q.Merchants)
	}
	if q.Tags != nil {
		where.and(`EXISTS (SELECT 1 FROM transaction_tags tt WHERE tt.family_id = t.family_id AND tt.transaction_id = t.id AND ` +
			where.list("tt.tag_id", q.Tags) + `)`)
	}
	if q.Start != nil {
		where.and("t.date >= ?", *q.Start)
	}
	if q.End != nil {
		where.and("t.date <= ?", *q.End)
	}
	if q.Min != nil {
		where.and("t.thousandths >= ?", *q.Min)
	}
	if q.Max != nil {
		where.and("t.thousandths <= ?", *q.Max)
	}
	switch q.Type {
	case "income":
		where.and("t.thousandths < 0")
	case "expense":
		where.and("t.thousandths >= 0")
	}
	if q.Search != "" {
		fold, word, pattern := "fold", "LIKE", like(strings.ToLower(q.Search))
		if f.s.db.Engine() == database.Postgres {
			fold, word, pattern = "", "ILIKE", like(q.Search)
		}
		where.and(`(`+fold+`(t.name) `+word+` ? ESCAPE '\' OR `+fold+`(t.notes) `+word+` ? ESCAPE '\' OR t.merchant_id IN (
			SELECT m.id FROM merchants m WHERE m.family_id = $1 AND `+fold+`(m.name) `+word+` ? ESCAPE '\'))`, pattern, pattern, pattern)
	}
}

// countTransactions counts by the counters of each day where they know, and
// otherwise the rows themselves, up to some way beyond the page: capped reports
// that there are more.
func (f *Family) countTransactions(ctx context.Context, q TransactionFilter, page Page) (total int, capped bool, err error) {
	var where filter
	if q.counted() {
		column := "d.total"
		switch q.Type {
		case "income":
			column = "d.income"
		case "expense":
			column = "d.total - d.income"
		}
		if q.Accounts != nil {
			where.in("d.account_id", q.Accounts)
		}
		if q.Start != nil {
			where.and("d.date >= ?", *q.Start)
		}
		if q.End != nil {
			where.and("d.date <= ?", *q.End)
		}
		err := f.row(ctx, `
			SELECT CAST(coalesce(sum(`+column+`), 0) AS BIGINT) FROM transaction_days d
			WHERE d.family_id = $1
				AND d.account_id NOT IN (SELECT x.id FROM accounts x WHERE x.family_id = $1 AND x.status = 'pending_deletion')`+
			where.text.String(), where.args...).Scan(&total)
		return total, false, err
	}
	f.filterTransactions(&where, q)
	limit := page.Number*page.Size + countAhead
	err = f.row(ctx, `SELECT count(*) FROM (SELECT 1`+transactionRows+where.text.String()+where.fill(" LIMIT ?", limit+1)+`) AS found`,
		where.args...).Scan(&total)
	return min(total, limit), total > limit, err
}
