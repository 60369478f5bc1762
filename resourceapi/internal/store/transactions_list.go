package store

import (
	"context"

	"latchkey/resourceapi"
)

// countAhead is how many rows after the wanted page are counted in a list whose
// length no counter knows.
const countAhead = 1_000

// Transactions lists a page of transactions, newest first.
func (f *Family) Transactions(ctx context.Context, q TransactionFilter, page Page) ([]resourceapi.Transaction, Paging, error) {
	ctx, err := f.open(ctx)
	if err != nil {
		return nil, Paging{}, err
	}
	s, err := f.strategy(ctx, q, true)
	if err != nil {
		return nil, Paging{}, err
	}
	plan := listPlan{filter: q, strategy: s, window: pageWindow}
	switch {
	case s == counted:
		return f.countedPage(ctx, plan, page)
	case s.searches():
		return f.searchPage(ctx, plan, page)
	}
	return f.scannedPage(ctx, plan, page)
}

// scannedPage lists a page of a list that is counted on the way.
//
// The count is by hand: as readPicked.
func (f *Family) scannedPage(ctx context.Context, p listPlan, page Page) ([]resourceapi.Transaction, Paging, error) {
	limit := page.Number*page.Size + countAhead
	var total int
	if err := f.row(ctx, countQuery(f.s.db.Engine(), p, limit+1)).Scan(&total); err != nil {
		return nil, Paging{}, err
	}
	paging := page.fit(min(total, limit))
	paging.Capped = total > limit
	if total == 0 {
		return nil, paging, nil
	}
	list, err := f.readPage(ctx, p, paging.PerPage, paging.offset())
	return list, paging, err
}

// seekFrom is the offset from which a page is found by the counters. Before it, the
// rows before the page are skipped one by one.
const seekFrom = 100

// countedPage lists a page whose place the counters know.
func (f *Family) countedPage(ctx context.Context, p listPlan, page Page) ([]resourceapi.Transaction, Paging, error) {
	counts, err := f.dayCounts(ctx, p.filter, false)
	if err != nil {
		return nil, Paging{}, err
	}
	total := 0
	for _, c := range counts {
		total += c.n
	}
	paging := page.fit(total)
	if total == 0 {
		return nil, paging, nil
	}
	offset := paging.offset()
	if offset >= seekFrom {
		if p.filter, offset, err = f.seek(ctx, p.filter, counts, offset); err != nil {
			return nil, Paging{}, err
		}
	}
	list, err := f.readPage(ctx, p, paging.PerPage, offset)
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
	s, err := f.strategy(ctx, q, false)
	if err != nil {
		return nil, nil, err
	}
	plan := listPlan{filter: q, strategy: s, after: after, window: cursorWindow}
	if s.searches() {
		return f.searchAfter(ctx, plan, size)
	}
	list, err = f.readPage(ctx, plan, size+1, 0)
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

// readPage reads count transactions after the first skip. The query first picks the
// ids from an index, and other tables are joined to these rows only. So the plan that
// PostgreSQL keeps for ordinary families also reads in order, and stops early, in a
// family of a million transactions.
func (f *Family) readPage(ctx context.Context, p listPlan, count, skip int) ([]resourceapi.Transaction, error) {
	return f.readPicked(ctx, newListQuery(f.s.db.Engine(), p).page(count, skip))
}
