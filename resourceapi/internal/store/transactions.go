package store

import (
	"context"
	"errors"
	"time"

	"latchkey/pkg/database"
	"latchkey/pkg/fault"
	"latchkey/resourceapi"
)

// TransactionFilter says which transactions to list. Zero members filter nothing.
// Malformed ids and ids of other families match nothing.
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

// Cursor is a place in the order of a list: after the row it describes.
type Cursor struct {
	Date      resourceapi.Date
	CreatedAt time.Time
	ID        string
}

const transactionColumns = `
	t.id, t.date, t.amount, t.currency, t.name, t.notes, t.external_id, t.source, t.created_at, t.updated_at,
	a.id, a.name, a.account_type, c.id, c.name, c.color, c.icon, m.id, m.name`

const transactionJoins = `
	JOIN accounts a ON a.family_id = t.family_id AND a.id = t.account_id
	LEFT JOIN categories c ON c.family_id = t.family_id AND c.id = t.category_id
	LEFT JOIN merchants m ON m.family_id = t.family_id AND m.id = t.merchant_id
	WHERE t.family_id = $1 AND a.status <> 'pending_deletion'`

const transactionOrder = ` ORDER BY t.date DESC, t.created_at DESC, t.id DESC`

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
	list, err := f.readTransactions(ctx, []string{id})
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
	found, err := f.readTransactions(ctx, ids)
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
			return nil, errors.New("store: a transaction that was just written is not there")
		}
		list = append(list, t)
	}
	return list, nil
}

// readTransactions reads the transactions with these ids, newest first.
func (f *Family) readTransactions(ctx context.Context, ids []string) ([]resourceapi.Transaction, error) {
	return f.readPicked(ctx, idRows(f.s.db.Engine(), ids))
}

// readPicked reads the transactions whose ids a statement picks, newest first.
//
// By hand, as all lists of transactions: they are hot, and their text fixes the plan
// also for a family of a million transactions.
func (f *Family) readPicked(ctx context.Context, picked fragment) ([]resourceapi.Transaction, error) {
	var list []resourceapi.Transaction
	rows := sql(`SELECT `+transactionColumns+` FROM ?`+transactionJoins+transactionOrder,
		rowsOfIDs(f.s.db.Engine(), picked, "transactions", "t", "id"))
	err := f.each(ctx, rows, func(rows database.Rows) error {
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

// readTags adds the tags of a list.
//
// By hand: as readPicked.
func (f *Family) readTags(ctx context.Context, list []resourceapi.Transaction) error {
	ids := make([]string, len(list))
	place := make(map[string]int, len(list))
	for i, t := range list {
		ids[i], place[t.ID] = t.ID, i
	}
	tags := sql(`SELECT tt.transaction_id, g.id, g.name, g.color FROM ?
		JOIN tags g ON g.family_id = tt.family_id AND g.id = tt.tag_id
		WHERE tt.family_id = $1 ORDER BY g.name, g.id`,
		rowsOfIDs(f.s.db.Engine(), idRows(f.s.db.Engine(), ids), "transaction_tags", "tt", "transaction_id"))
	return f.each(ctx, tags, func(rows database.Rows) error {
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

// idRows returns the statement whose rows are the ids.
func idRows(engine database.Engine, ids []string) fragment {
	if engine == database.Postgres {
		return sql(`SELECT unnest(CAST(? AS uuid[])) AS id`, ids)
	}
	rows := make([]fragment, len(ids))
	for i, id := range ids {
		rows[i] = sql(`(?)`, id)
	}
	return sql(`SELECT column1 AS id FROM (VALUES ?)`, join(", ", rows...))
}

// rowsOfIDs is the part after FROM for the rows of table with the picked ids. It makes
// the engines look up one id after the other: a plan made for ordinary families might
// read all rows of the family, also in a family of a million transactions. On SQLite
// CROSS JOIN fixes the order.
func rowsOfIDs(engine database.Engine, picked fragment, table, alias, column string) fragment {
	if engine == database.Postgres {
		return sql(`(?) p CROSS JOIN LATERAL (
			SELECT * FROM `+table+` o WHERE o.family_id = $1 AND o.`+column+` = p.id OFFSET 0) `+alias, picked)
	}
	return sql(`(?) p CROSS JOIN `+table+` `+alias+` ON `+alias+`.family_id = $1 AND `+alias+`.`+column+` = p.id`, picked)
}
