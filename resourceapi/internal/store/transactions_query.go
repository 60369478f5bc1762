package store

import (
	"strings"

	"latchkey/pkg/database"
)

// listPlan is what a list shows and how it is read.
type listPlan struct {
	filter   TransactionFilter
	strategy strategy
	after    *Cursor // nil: from the newest
	window   int     // how many rows a search looks at
}

// listQuery picks the rows of a list, newest first, from ranges of an index.
type listQuery struct {
	ranges   []fragment // each a SELECT of id, date and created_at that an index has in the list's order
	order    fragment   // of a range
	repeated bool       // a row may be in several ranges
	match    fragment   // the condition of a search on a row w; nil: none
	window   int        // how many rows it looks at
}

// newListQuery returns the query of p.
func newListQuery(engine database.Engine, p listPlan) listQuery {
	rows, rest := rowsOf(p.filter, p.strategy)
	columns := rows.id + ` AS id, ` + rows.alias + `.date AS date, ` + rows.alias + `.created_at AS created_at`
	l := listQuery{
		order:    sql(` ORDER BY ` + rows.alias + `.date DESC, ` + rows.alias + `.created_at DESC, ` + rows.id + ` DESC`),
		repeated: rows.repeated,
	}
	if p.filter.Search != "" {
		columns += `, ` + searchedColumns(engine) + `, t.merchant_id`
		l.match, l.window = searchCondition(engine, p.filter.Search), p.window
	}
	text := sql(`SELECT `+columns+` FROM ? WHERE ?`, rows.from, join(` AND `, rows.conditions(rest, p.after)...))
	if rows.ids == nil {
		l.ranges = []fragment{text}
	}
	for _, id := range distinct(rows.ids) {
		l.ranges = append(l.ranges, sql(`? AND `+rows.column+` = ?`, text, id))
	}
	return l
}

// page returns the statement for count rows after the first skip, newest first.
func (l listQuery) page(count, skip int) fragment {
	if l.match == nil {
		return l.merged(count, skip)
	}
	return sql(`SELECT w.id, w.date, w.created_at FROM (?) w WHERE ? ORDER BY w.date DESC, w.created_at DESC, w.id DESC LIMIT ? OFFSET ?`,
		l.merged(l.window, 0), l.match, count, skip)
}

// merged returns the statement for count rows of all ranges together.
func (l listQuery) merged(count, skip int) fragment {
	if len(l.ranges) == 1 {
		return sql(`?? LIMIT ? OFFSET ?`, l.ranges[0], l.order, count, skip)
	}
	union := ` UNION ALL `
	if l.repeated {
		union = ` UNION `
	}
	all := make([]fragment, len(l.ranges))
	limit := sql(` LIMIT ?`, count+skip)
	for i, one := range l.ranges {
		all[i] = sql(`SELECT * FROM (???) b`, one, l.order, limit)
	}
	return sql(`SELECT * FROM (?) u ORDER BY date DESC, created_at DESC, id DESC LIMIT ? OFFSET ?`, join(union, all...), count, skip)
}

// listRows are the rows a list is picked from: transactions, or the rows of
// their tags, which have the same order.
type listRows struct {
	from     fragment
	alias    string   // of the table that has account_id, date and created_at
	id       string   // the transaction's id
	column   string   // each of ids in it is a range of its own
	ids      []string // nil: all rows are one range
	repeated bool     // a transaction may be in several ranges
}

// mostRanges bounds how many ids become a range each; of more, all rows are
// passed over in order.
const mostRanges = 12

// rowsOf chooses the rows of a list and returns the filters that they leave.
func rowsOf(q TransactionFilter, s strategy) (listRows, TransactionFilter) {
	rows := listRows{from: sql(`transactions t`), alias: "t", id: "t.id"}
	mergeable := func(ids []string) bool { return len(ids) > 0 && len(ids) <= mostRanges }
	switch {
	case s.selective():
		// The limit is above what was counted.
		rows.from = sql(`(?) t`, rowsByAmount("t.*", amounts(q, `t.thousandths`), 10*selectiveRows))
		q.Min, q.Max, q.Type = nil, nil, ""
	case mergeable(q.Tags):
		rows = taggedRows(q)
		q.Tags = nil
	case mergeable(q.Merchants):
		rows.column, rows.ids, q.Merchants = "t.merchant_id", q.Merchants, nil
	case mergeable(q.Categories):
		rows.column, rows.ids, q.Categories = "t.category_id", q.Categories, nil
	case mergeable(q.Accounts):
		rows.column, rows.ids, q.Accounts = "t.account_id", q.Accounts, nil
	}
	return rows, q
}

// taggedRows are the rows of the tags of q. The transactions themselves are read
// only where another filter needs them.
func taggedRows(q TransactionFilter) listRows {
	from := sql(`transaction_tags g`)
	if q.Categories != nil || q.Merchants != nil || q.Min != nil || q.Max != nil || q.Type != "" || q.Search != "" {
		from = sql(`transaction_tags g JOIN transactions t ON t.family_id = g.family_id AND t.id = g.transaction_id`)
	}
	return listRows{from: from, alias: "g", id: "g.transaction_id", column: "g.tag_id", ids: q.Tags, repeated: true}
}

// conditions are those of a range that q and the cursor ask for. Amounts are
// written so that no plan reads the index on them, which is not in the list's
// order.
func (r listRows) conditions(q TransactionFilter, after *Cursor) []fragment {
	all := []fragment{sql(r.alias + `.family_id = $1`), liveAccounts(r.alias)}
	if q.Accounts != nil {
		all = append(all, in(r.alias+`.account_id`, q.Accounts))
	}
	if q.Categories != nil {
		all = append(all, in(`t.category_id`, q.Categories))
	}
	if q.Merchants != nil {
		all = append(all, in(`t.merchant_id`, q.Merchants))
	}
	if q.Tags != nil {
		all = append(all, sql(`EXISTS (SELECT 1 FROM transaction_tags g
			WHERE g.family_id = t.family_id AND g.transaction_id = t.id AND ?)`, in(`g.tag_id`, q.Tags)))
	}
	if q.Start != nil {
		all = append(all, sql(r.alias+`.date >= ?`, *q.Start))
	}
	if q.End != nil {
		all = append(all, sql(r.alias+`.date <= ?`, *q.End))
	}
	all = append(all, amounts(q, `(t.thousandths + 0)`)...)
	if after != nil {
		all = append(all, sql(`(`+r.alias+`.date, `+r.alias+`.created_at, `+r.id+`) < (?, ?, ?)`, after.Date, after.CreatedAt, after.ID))
	}
	return all
}

// liveAccounts leaves out the accounts that are being deleted.
func liveAccounts(alias string) fragment {
	return sql(alias + `.account_id NOT IN (SELECT x.id FROM accounts x WHERE x.family_id = $1 AND x.status = 'pending_deletion')`)
}

// amounts are the conditions of q on the stored sign of amount, an expression.
func amounts(q TransactionFilter, amount string) (all []fragment) {
	if q.Min != nil {
		all = append(all, sql(amount+` >= ?`, *q.Min))
	}
	if q.Max != nil {
		all = append(all, sql(amount+` <= ?`, *q.Max))
	}
	switch q.Type {
	case "income":
		all = append(all, sql(amount+` < 0`))
	case "expense":
		all = append(all, sql(amount+` >= 0`))
	}
	return all
}

// rowsByAmount returns the statement for at most limit rows that meet the
// conditions. The order makes every plan use the index on amounts.
func rowsByAmount(columns string, conditions []fragment, limit int) fragment {
	return sql(`SELECT `+columns+` FROM transactions t WHERE t.family_id = $1 AND ? ORDER BY t.thousandths LIMIT ?`,
		join(` AND `, conditions...), limit)
}

// countQuery returns the statement that counts the rows of p, to limit at most.
func countQuery(engine database.Engine, p listPlan, limit int) fragment {
	rows := newListQuery(engine, p).page(limit, 0)
	if p.filter.byAmountAlone() && !p.strategy.selective() {
		conditions := append([]fragment{liveAccounts("t")}, amounts(p.filter, `t.thousandths`)...)
		if p.filter.Accounts != nil {
			conditions = append(conditions, in(`t.account_id`, p.filter.Accounts))
		}
		rows = rowsByAmount("1", conditions, limit)
	}
	return sql(`SELECT count(*) FROM (?) AS found`, rows)
}

// searchedColumns are the text of a row t that a search looks at. On PostgreSQL
// it is stored in lower case.
func searchedColumns(engine database.Engine) string {
	if engine == database.Postgres {
		return `t.folded AS folded`
	}
	return `t.name AS name, t.notes AS notes`
}

// searchCondition is the condition of a search on a row w.
func searchCondition(engine database.Engine, text string) fragment {
	if engine == database.Postgres {
		folded := sql(`(SELECT lower(?))`, like(text)) // once, not for every row; \ is the escape unless another is named
		return sql(`(w.folded LIKE ? OR w.merchant_id IN (
			SELECT m.id FROM merchants m WHERE m.family_id = $1 AND lower(m.name) LIKE ?))`, folded, folded)
	}
	pattern := sql(`?`, like(strings.ToLower(text)))
	return sql(`(fold(w.name) LIKE ? ESCAPE '\' OR fold(w.notes) LIKE ? ESCAPE '\' OR w.merchant_id IN (
		SELECT m.id FROM merchants m WHERE m.family_id = $1 AND fold(m.name) LIKE ? ESCAPE '\'))`, pattern, pattern, pattern)
}
