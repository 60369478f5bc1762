package store

import (
	"context"

	"latchkey/pkg/database"
	"latchkey/resourceapi"
)

// How many rows of a list one request searches, newest first. No index finds a
// text inside of texts under row security, so what is bounded is the looking; a
// cursor goes on where it ended. Page numbers cannot, so they look at once at more
// than an ordinary household has, which takes some 10 ms.
const (
	pageWindow   = 20_000
	cursorWindow = 1_000
)

// searchAhead is how far beyond the wanted page the matches are counted.
const searchAhead = 500

// searchPage lists a page of what a search finds in its window.
func (f *Family) searchPage(ctx context.Context, q TransactionFilter, page Page) ([]resourceapi.Transaction, Paging, error) {
	q.window = pageWindow
	few, err := f.fewAmounts(ctx, q)
	if err != nil {
		return nil, Paging{}, err
	}
	limit := page.Number*page.Size + searchAhead
	ids, err := f.search(ctx, q, few, nil, limit+1)
	if err != nil {
		return nil, Paging{}, err
	}
	paging := page.settle(min(len(ids), limit))
	if paging.Capped = len(ids) > limit; !paging.Capped {
		end, more, err := f.ends(ctx, q, few, nil)
		if err != nil {
			return nil, Paging{}, err
		}
		if paging.Capped = more; more && paging.Page >= paging.Pages {
			paging.Next = end
		}
	}
	skip := (paging.Page - 1) * paging.PerPage
	if len(ids) == 0 {
		return nil, paging, nil
	}
	list, err := f.readTransactions(ctx, ids[skip:min(skip+paging.PerPage, len(ids))])
	return list, paging, err
}

func (f *Family) searchAfter(ctx context.Context, q TransactionFilter, after *Cursor, size int) ([]resourceapi.Transaction, *Cursor, error) {
	q.window = cursorWindow
	few, err := f.fewAmounts(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	ids, err := f.search(ctx, q, few, after, size+1)
	if err != nil {
		return nil, nil, err
	}
	var list []resourceapi.Transaction
	if len(ids) > 0 {
		if list, err = f.readTransactions(ctx, ids[:min(size, len(ids))]); err != nil {
			return nil, nil, err
		}
	}
	if len(ids) > size && len(list) > 0 {
		next := CursorAt(list[len(list)-1])
		return list, &next, nil
	}
	next, _, err := f.ends(ctx, q, few, after)
	return list, next, err
}

// search returns the ids of what q finds, newest first, count at most.
func (f *Family) search(ctx context.Context, q TransactionFilter, few bool, after *Cursor, count int) (ids []string, err error) {
	l := f.pick(q, few, after)
	text := l.cut(count, 0)
	err = f.each(ctx, `SELECT p.id FROM (`+text+`) p ORDER BY p.date DESC, p.created_at DESC, p.id DESC`, l.where.args, func(rows database.Rows) error {
		var id string
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	})
	return ids, err
}
