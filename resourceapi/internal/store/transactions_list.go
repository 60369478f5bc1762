package store

import (
	"context"

	"latchkey/pkg/database"
	"latchkey/resourceapi"
)

// countAhead is how far beyond the wanted page a list is counted whose length
// no counter knows.
const countAhead = 1_000

// Transactions lists a page of transactions, newest first.
func (f *Family) Transactions(ctx context.Context, q TransactionFilter, page Page) ([]resourceapi.Transaction, Paging, error) {
	ctx, err := f.open(ctx)
	if err != nil {
		return nil, Paging{}, err
	}
	switch {
	case q.counted():
		return f.countedPage(ctx, q, page)
	case q.Search != "":
		return f.searchPage(ctx, q, page)
	}
	few, err := f.fewAmounts(ctx, q)
	if err != nil {
		return nil, Paging{}, err
	}
	limit := page.Number*page.Size + countAhead
	total, err := f.countUpTo(ctx, q, few, limit+1)
	if err != nil {
		return nil, Paging{}, err
	}
	paging := page.settle(min(total, limit))
	paging.Capped = total > limit
	if total == 0 {
		return nil, paging, nil
	}
	list, err := f.readPage(ctx, q, few, nil, paging.PerPage, (paging.Page-1)*paging.PerPage)
	return list, paging, err
}

// skipAhead is the depth from which on a page is found by the counters instead
// of passing over all rows before it.
const skipAhead = 100

// countedPage lists a page whose place the counters know.
func (f *Family) countedPage(ctx context.Context, q TransactionFilter, page Page) ([]resourceapi.Transaction, Paging, error) {
	spans, err := f.spans(ctx, q, false)
	if err != nil {
		return nil, Paging{}, err
	}
	total := 0
	for _, s := range spans {
		total += s.n
	}
	paging := page.settle(total)
	if total == 0 {
		return nil, paging, nil
	}
	offset := (paging.Page - 1) * paging.PerPage
	if offset >= skipAhead {
		if q, offset, err = f.locate(ctx, q, spans, offset); err != nil {
			return nil, Paging{}, err
		}
	}
	list, err := f.readPage(ctx, q, false, nil, paging.PerPage, offset)
	return list, paging, err
}

// TransactionsAfter lists size transactions that follow the cursor, newest
// first; a nil cursor begins at the newest. Next continues the list; nil at its
// end. A search may return fewer than size, and none, and yet go on.
func (f *Family) TransactionsAfter(ctx context.Context, q TransactionFilter, after *Cursor, size int) (list []resourceapi.Transaction, next *Cursor, err error) {
	ctx, err = f.open(ctx)
	if err != nil {
		return nil, nil, err
	}
	if q.Search != "" {
		return f.searchAfter(ctx, q, after, size)
	}
	few, err := f.fewAmounts(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	list, err = f.readPage(ctx, q, few, after, size+1, 0)
	if len(list) > size {
		list = list[:size]
		place := CursorAt(list[size-1])
		next = &place
	}
	return list, next, err
}

// CursorAt returns the place of a transaction.
func CursorAt(t resourceapi.Transaction) Cursor {
	return Cursor{Date: t.Date, CreatedAt: t.CreatedAt, ID: t.ID}
}

// readPage reads count transactions after the first skip. Rows are picked from
// an index alone and cut before anything is joined to them, so that a plan for
// families of ordinary size still reads in order, and stops, in a family of a
// million.
func (f *Family) readPage(ctx context.Context, q TransactionFilter, few bool, after *Cursor, count, skip int) ([]resourceapi.Transaction, error) {
	l := f.pick(q, few, after)
	picked := l.cut(count, skip)
	return f.readPicked(ctx, picked, l.where.args)
}

// countUpTo counts a list, to limit at most.
func (f *Family) countUpTo(ctx context.Context, q TransactionFilter, few bool, limit int) (total int, err error) {
	var text string
	var l *picking
	if q.byAmountAlone() && !few {
		l = &picking{row: "t"}
		text = `SELECT 1 FROM transactions t WHERE t.family_id = $1` + l.live() + l.amounts(q, "t.thousandths") + l.accounts(q) +
			` ORDER BY t.thousandths` + l.where.fill(` LIMIT ?`, limit)
	} else {
		l = f.pick(q, few, nil)
		text = l.cut(limit, 0)
	}
	err = f.row(ctx, `SELECT count(*) FROM (`+text+`) AS found`, l.where.args...).Scan(&total)
	return total, err
}

// fewHave is how many rows with the wanted amounts are sorted rather than looked
// for in the list's order.
const fewHave = 1_000

// fewAmounts reports whether q asks for amounts that few transactions have.
func (f *Family) fewAmounts(ctx context.Context, q TransactionFilter) (bool, error) {
	if q.Min == nil && q.Max == nil {
		return false, nil
	}
	l := &picking{row: "t"}
	var have int
	err := f.row(ctx, `SELECT count(*) FROM (SELECT 1 FROM transactions t WHERE t.family_id = $1`+l.amounts(q, "t.thousandths")+
		` ORDER BY t.thousandths`+l.where.fill(` LIMIT ?`, fewHave+1)+`) AS found`, l.where.args...).Scan(&have)
	return have <= fewHave, err
}

// ends returns the last row that a search of q has looked at, and whether others
// follow it.
func (f *Family) ends(ctx context.Context, q TransactionFilter, few bool, after *Cursor) (*Cursor, bool, error) {
	q.Search = ""
	l := f.pick(q, few, after)
	picked := l.cut(2, q.window-1)
	var found []Cursor
	err := f.each(ctx, `SELECT p.date, p.created_at, p.id FROM (`+picked+`) p ORDER BY p.date DESC, p.created_at DESC, p.id DESC`,
		l.where.args, func(rows database.Rows) error {
			var c Cursor
			err := rows.Scan(&c.Date, &c.CreatedAt, &c.ID)
			found = append(found, c)
			return err
		})
	if err != nil || len(found) < 2 {
		return nil, false, err
	}
	return &found[0], true, nil
}
