package store

import (
	"strings"

	"latchkey/pkg/database"
)

// counted reports whether the counters know how many there are.
func (q TransactionFilter) counted() bool {
	return q.Categories == nil && q.Merchants == nil && q.Tags == nil && q.Min == nil && q.Max == nil && q.Search == ""
}

// byAmountAlone reports whether the index by amount alone can count q.
func (q TransactionFilter) byAmountAlone() bool {
	return (q.Min != nil || q.Max != nil) && q.Categories == nil && q.Merchants == nil && q.Tags == nil && q.Search == "" &&
		q.Start == nil && q.End == nil
}

// picking is the statement that picks the rows of a list: one branch for each
// index range that is in the list's order already, and where there are several,
// their merge.
type picking struct {
	where    filter
	row      string   // alias of the rows that have account_id, date and created_at
	id       string   // the transaction's id
	columns  string   // what a search looks at
	branches []string // each without its order
	match    string   // the search
	window   int      // how many rows it looks at
	again    bool     // a row may come from several branches
}

// mostBranches bounds how many ids become a branch each; of more, all rows are
// passed over in order.
const mostBranches = 12

// pick prepares the list of q; few says that it is to be picked from the few
// rows that have its amounts.
func (f *Family) pick(q TransactionFilter, few bool, after *Cursor) *picking {
	l := &picking{row: "t", id: "t.id"}
	if q.Search != "" {
		l.window = q.window
		l.columns = `, ` + f.searched("t") + `, t.merchant_id`
		l.match = f.matches(&l.where, q.Search)
	}
	from, dimension, ids := `transactions t`, "", []string(nil)
	switch {
	case few:
		from = l.fewFrom(q)
	case len(q.Tags) > 0 && len(q.Tags) <= mostBranches:
		l.row, l.id, dimension, ids, q.Tags = "g", "g.transaction_id", "g.tag_id", q.Tags, nil
		l.again = true
		from = `transaction_tags g`
		if q.Categories != nil || q.Merchants != nil || q.Min != nil || q.Max != nil || q.Type != "" || q.Search != "" {
			from += ` JOIN transactions t ON t.family_id = g.family_id AND t.id = g.transaction_id`
		}
	case len(q.Merchants) > 0 && len(q.Merchants) <= mostBranches:
		dimension, ids, q.Merchants = "t.merchant_id", q.Merchants, nil
	case len(q.Categories) > 0 && len(q.Categories) <= mostBranches:
		dimension, ids, q.Categories = "t.category_id", q.Categories, nil
	case len(q.Accounts) > 0 && len(q.Accounts) <= mostBranches:
		dimension, ids, q.Accounts = "t.account_id", q.Accounts, nil
	}
	text := `SELECT ` + l.id + ` AS id, ` + l.row + `.date AS date, ` + l.row + `.created_at AS created_at` + l.columns +
		` FROM ` + from + ` WHERE ` + l.row + `.family_id = $1` + l.live() + l.rest(q, few) + l.after(after)
	if ids == nil {
		l.branches = []string{text}
		return l
	}
	for _, id := range distinct(ids) {
		l.branches = append(l.branches, text+` AND `+l.where.fill(dimension+` = ?`, id))
	}
	return l
}

// live leaves out the accounts that are being deleted.
func (l *picking) live() string {
	return ` AND ` + l.row + `.account_id NOT IN (SELECT x.id FROM accounts x WHERE x.family_id = $1 AND x.status = 'pending_deletion')`
}

func (l *picking) accounts(q TransactionFilter) string {
	if q.Accounts == nil {
		return ""
	}
	return ` AND ` + l.where.list(l.row+`.account_id`, q.Accounts)
}

// amounts are the conditions on the stored sign, on an expression of the amount.
func (l *picking) amounts(q TransactionFilter, amount string) string {
	var text strings.Builder
	if q.Min != nil {
		text.WriteString(l.where.fill(` AND `+amount+` >= ?`, *q.Min))
	}
	if q.Max != nil {
		text.WriteString(l.where.fill(` AND `+amount+` <= ?`, *q.Max))
	}
	switch q.Type {
	case "income":
		text.WriteString(` AND ` + amount + ` < 0`)
	case "expense":
		text.WriteString(` AND ` + amount + ` >= 0`)
	}
	return text.String()
}

// fewFrom is the rows that have the amounts of q, by the index on them. The
// order makes every plan use it; the limit is above what was counted.
func (l *picking) fewFrom(q TransactionFilter) string {
	return `(SELECT t.* FROM transactions t WHERE t.family_id = $1` + l.amounts(q, "t.thousandths") + ` ORDER BY t.thousandths` +
		l.where.fill(` LIMIT ?`, 10*fewHave) + `) t`
}

// rest are the conditions that no branch stands for. Amounts are written so that
// no plan reads the index on them, which is not in the list's order.
func (l *picking) rest(q TransactionFilter, few bool) string {
	text := l.accounts(q)
	if q.Categories != nil {
		text += ` AND ` + l.where.list("t.category_id", q.Categories)
	}
	if q.Merchants != nil {
		text += ` AND ` + l.where.list("t.merchant_id", q.Merchants)
	}
	if q.Tags != nil {
		text += ` AND EXISTS (SELECT 1 FROM transaction_tags g WHERE g.family_id = t.family_id AND g.transaction_id = t.id AND ` +
			l.where.list("g.tag_id", q.Tags) + `)`
	}
	if q.Start != nil {
		text += l.where.fill(` AND `+l.row+`.date >= ?`, *q.Start)
	}
	if q.End != nil {
		text += l.where.fill(` AND `+l.row+`.date <= ?`, *q.End)
	}
	if !few {
		text += l.amounts(q, "(t.thousandths + 0)")
	}
	return text
}

func (l *picking) after(c *Cursor) string {
	if c == nil {
		return ""
	}
	return l.where.fill(` AND (`+l.row+`.date, `+l.row+`.created_at, `+l.id+`) < (?, ?, ?)`, c.Date, c.CreatedAt, c.ID)
}

const pickOrder = ` ORDER BY date DESC, created_at DESC, id DESC`

// cut returns the statement for count rows after the first skip, newest first.
func (l *picking) cut(count, skip int) string {
	if l.match == "" {
		return l.merge(count, skip)
	}
	return `SELECT w.id, w.date, w.created_at FROM (` + l.merge(l.window, 0) + `) w WHERE ` + l.match +
		` ORDER BY w.date DESC, w.created_at DESC, w.id DESC` + l.where.fill(` LIMIT ? OFFSET ?`, count, skip)
}

func (l *picking) merge(count, skip int) string {
	order := ` ORDER BY ` + l.row + `.date DESC, ` + l.row + `.created_at DESC, ` + l.id + ` DESC`
	if len(l.branches) == 1 {
		return l.branches[0] + order + l.where.fill(` LIMIT ? OFFSET ?`, count, skip)
	}
	union := ` UNION ALL `
	if l.again {
		union = ` UNION `
	}
	all := make([]string, len(l.branches))
	limit := l.where.fill(` LIMIT ?`, count+skip)
	for i, branch := range l.branches {
		all[i] = `SELECT * FROM (` + branch + order + limit + `) b`
	}
	return `SELECT * FROM (` + strings.Join(all, union) + `) u` + pickOrder + l.where.fill(` LIMIT ? OFFSET ?`, count, skip)
}

// searched is the text of a row that a search looks at, in lower case.
func (f *Family) searched(row string) string {
	if f.s.db.Engine() == database.Postgres {
		return row + `.folded AS folded`
	}
	return row + `.name AS name, ` + row + `.notes AS notes`
}

// matches is the condition of a search on a row w.
func (f *Family) matches(where *filter, search string) string {
	if f.s.db.Engine() == database.Postgres {
		folded := where.fill(`(SELECT lower(?))`, like(search)) // once, not for every row; \ is the escape unless another is named
		return `(w.folded LIKE ` + folded + ` OR w.merchant_id IN (
			SELECT m.id FROM merchants m WHERE m.family_id = $1 AND lower(m.name) LIKE ` + folded + `))`
	}
	pattern := like(strings.ToLower(search))
	return where.fill(`(fold(w.name) LIKE ? ESCAPE '\' OR fold(w.notes) LIKE ? ESCAPE '\' OR w.merchant_id IN (
		SELECT m.id FROM merchants m WHERE m.family_id = $1 AND fold(m.name) LIKE ? ESCAPE '\'))`, pattern, pattern, pattern)
}
