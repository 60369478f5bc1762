package store

import (
	"context"

	"latchkey/pkg/database"
	"latchkey/resourceapi"
)

// How many rows of a list one request searches, newest first. Under row security no
// index finds a part of a text, so each row is looked at, and their number must be
// bounded. A cursor continues after the last row. A page number cannot, so its window
// is larger than an ordinary household; that takes some 10 ms.
const (
	pageWindow   = 20_000
	cursorWindow = 1_000
)

// searchAhead is how many matches after the wanted page are counted.
const searchAhead = 500

// searchPage lists a page of the matches in the window of a search.
func (f *Family) searchPage(ctx context.Context, p listPlan, page Page) ([]resourceapi.Transaction, Paging, error) {
	limit := page.Number*page.Size + searchAhead
	ids, err := f.search(ctx, p, limit+1)
	if err != nil {
		return nil, Paging{}, err
	}
	paging := page.fit(min(len(ids), limit))
	if paging.Capped = len(ids) > limit; !paging.Capped {
		end, more, err := f.windowEnd(ctx, p)
		if err != nil {
			return nil, Paging{}, err
		}
		if paging.Capped = more; more && paging.Page >= paging.Pages {
			paging.Next = end
		}
	}
	if len(ids) == 0 {
		return nil, paging, nil
	}
	skip := paging.offset()
	list, err := f.readTransactions(ctx, ids[skip:min(skip+paging.PerPage, len(ids))])
	return list, paging, err
}

func (f *Family) searchAfter(ctx context.Context, p listPlan, size int) ([]resourceapi.Transaction, *Cursor, error) {
	ids, err := f.search(ctx, p, size+1)
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
	next, _, err := f.windowEnd(ctx, p)
	return list, next, err
}

// search returns the ids of what p finds, newest first, count at most.
//
// By hand: as readPicked.
func (f *Family) search(ctx context.Context, p listPlan, count int) (ids []string, err error) {
	rows := newListQuery(f.s.db.Engine(), p).page(count, 0)
	err = f.each(ctx, sql(`SELECT p.id FROM (?) p ORDER BY p.date DESC, p.created_at DESC, p.id DESC`, rows), func(rows database.Rows) error {
		var id string
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	})
	return ids, err
}

// windowEnd returns the last row that a search of p has looked at, and whether
// others follow it.
//
// By hand: as readPicked.
func (f *Family) windowEnd(ctx context.Context, p listPlan) (*Cursor, bool, error) {
	p.filter.Search = ""
	rows := newListQuery(f.s.db.Engine(), p).page(2, p.window-1)
	var found []Cursor
	err := f.each(ctx, sql(`SELECT p.date, p.created_at, p.id FROM (?) p ORDER BY p.date DESC, p.created_at DESC, p.id DESC`, rows),
		func(rows database.Rows) error {
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
