package store

import (
	"context"
	"log/slog"
)

// strategy is how a list of transactions is read. It is chosen once for a
// request, and logged at debug level.
type strategy string

const (
	// counted takes the length of the list, and the place of a page in it, from
	// the counters of days and months.
	counted strategy = "counted"
	// scan passes over the rows in the list's order, and counts them up to a bound.
	scan strategy = "scan"
	// byAmount finds the few rows that have the wanted amounts by their index and
	// sorts them.
	byAmount strategy = "by amount"
	// search looks at the text of the newest rows, a window of them at a time.
	search strategy = "search"
	// searchByAmount looks at the text of the few rows that have the wanted amounts.
	searchByAmount strategy = "search by amount"
)

// selective reports whether rows are found by their amounts.
func (s strategy) selective() bool { return s == byAmount || s == searchByAmount }

func (s strategy) searches() bool { return s == search || s == searchByAmount }

// chooseStrategy decides how to list what q lets pass: by page number or by
// cursor. Selective says that few rows have its amounts.
func chooseStrategy(q TransactionFilter, byNumber, selective bool) strategy {
	switch {
	case q.Search != "" && selective:
		return searchByAmount
	case q.Search != "":
		return search
	case selective:
		return byAmount
	case byNumber && q.counted():
		return counted
	}
	return scan
}

// counted reports whether the counters know how many there are.
func (q TransactionFilter) counted() bool {
	return q.Categories == nil && q.Merchants == nil && q.Tags == nil && q.Min == nil && q.Max == nil && q.Search == ""
}

// byAmountAlone reports whether the index on amounts alone can count q.
func (q TransactionFilter) byAmountAlone() bool {
	return (q.Min != nil || q.Max != nil) && q.Categories == nil && q.Merchants == nil && q.Tags == nil && q.Search == "" &&
		q.Start == nil && q.End == nil
}

func (f *Family) strategy(ctx context.Context, q TransactionFilter, byNumber bool) (strategy, error) {
	selective, err := f.selective(ctx, q)
	if err != nil {
		return "", err
	}
	s := chooseStrategy(q, byNumber, selective)
	f.s.log.LogAttrs(ctx, slog.LevelDebug, "list transactions", slog.String("strategy", string(s)))
	return s, nil
}

// selectiveRows is the most rows that are found by their amounts and sorted.
const selectiveRows = 1_000

// selective reports whether q asks for amounts that few transactions have.
//
// By hand: as readPicked.
func (f *Family) selective(ctx context.Context, q TransactionFilter) (bool, error) {
	if q.Min == nil && q.Max == nil {
		return false, nil
	}
	var have int
	rows := rowsByAmount("1", amounts(q, `t.thousandths`), selectiveRows+1)
	err := f.row(ctx, sql(`SELECT count(*) FROM (?) AS found`, rows)).Scan(&have)
	return have <= selectiveRows, err
}
