package store

import (
	"context"

	"latchkey/pkg/database"
	"latchkey/resourceapi"
)

// dayCount is how many transactions of a list fall on some days.
type dayCount struct {
	first, last resourceapi.Date
	n           int
}

// dayCounts adds up the counters of a list, newest first: whole months by one
// row each, and the days before the first and after the last of them. byDay asks
// for days only.
//
// By hand: as readPicked.
func (f *Family) dayCounts(ctx context.Context, q TransactionFilter, byDay bool) ([]dayCount, error) {
	var list []dayCount
	err := f.each(ctx, dayCountQuery(q, byDay), func(rows database.Rows) error {
		var c dayCount
		var monthly int
		err := rows.Scan(&c.first, &monthly, &c.n)
		if c.last = c.first; monthly == 1 {
			c.last = c.first.Month(1) - 1
		}
		list = append(list, c)
		return err
	})
	return list, err
}

// dayCountQuery returns the statement of dayCounts: rows of a day, or of a month
// by its first day; 1 for a month; and how many there are.
func dayCountQuery(q TransactionFilter, byDay bool) fragment {
	months := wholeMonths(q.Start, q.End)
	parts := []fragment{daySums(q, q.Start, q.End)}
	if !byDay && !months.none() {
		parts = []fragment{counterSums(q, "transaction_months", "month", "1", months.first, months.last)}
		if months.first != nil && *q.Start < *months.first {
			before := *months.first - 1
			parts = append(parts, daySums(q, q.Start, &before))
		}
		if months.last != nil && months.last.Month(1) <= *q.End {
			after := months.last.Month(1)
			parts = append(parts, daySums(q, &after, q.End))
		}
	}
	return sql(`SELECT s.day, s.monthly, s.n FROM (?) s ORDER BY s.day DESC`, join(` UNION ALL `, parts...))
}

func daySums(q TransactionFilter, first, last *resourceapi.Date) fragment {
	return counterSums(q, "transaction_days", "date", "0", first, last)
}

// counterSums adds up the rows of a table of counters from first to last, which
// are nil without an end.
func counterSums(q TransactionFilter, table, day, monthly string, first, last *resourceapi.Date) fragment {
	column := "d.total"
	switch q.Type {
	case "income":
		column = "d.income"
	case "expense":
		column = "d.total - d.income"
	}
	conditions := []fragment{sql(`d.family_id = $1`), liveAccounts("d")}
	if q.Accounts != nil {
		conditions = append(conditions, in(`d.account_id`, q.Accounts))
	}
	if first != nil {
		conditions = append(conditions, sql(`d.`+day+` >= ?`, *first))
	}
	if last != nil {
		conditions = append(conditions, sql(`d.`+day+` <= ?`, *last))
	}
	return sql(`SELECT d.`+day+` AS day, `+monthly+` AS monthly, CAST(sum(`+column+`) AS BIGINT) AS n
		FROM `+table+` d WHERE ? GROUP BY d.`+day, join(` AND `, conditions...))
}

// monthRange is months by their first days; nil is without an end.
type monthRange struct{ first, last *resourceapi.Date }

// none reports whether there is no such month, or one end lies outside the years
// that can be written as a date.
func (m monthRange) none() bool {
	switch {
	case m.first != nil && m.first.Time().Year() > 9999, m.last != nil && m.last.Time().Year() < 1:
		return true
	}
	return m.first != nil && m.last != nil && *m.last < *m.first
}

// wholeMonths returns the months that lie between two days altogether.
func wholeMonths(start, end *resourceapi.Date) (m monthRange) {
	if start != nil {
		first := start.Month(0)
		if first < *start {
			first = start.Month(1)
		}
		m.first = &first
	}
	if end != nil {
		last := (*end + 1).Month(-1)
		m.last = &last
	}
	return m
}

// seek turns an offset into a list into a last day and a smaller offset, so that
// the rows before that day need not be passed over.
func (f *Family) seek(ctx context.Context, q TransactionFilter, counts []dayCount, offset int) (TransactionFilter, int, error) {
	start := q.Start
	q, offset = narrow(q, counts, offset)
	days, err := f.dayCounts(ctx, q, true)
	if err != nil {
		return q, 0, err
	}
	q, offset = narrow(q, days, offset)
	q.Start = start // the page may reach into the days before
	return q, offset, nil
}

// narrow returns q for the days on which the row at offset falls, and the row's
// offset in them.
func narrow(q TransactionFilter, counts []dayCount, offset int) (TransactionFilter, int) {
	for _, c := range counts {
		if offset < c.n {
			q.End = &c.last
			if q.Start == nil || *q.Start < c.first {
				q.Start = &c.first
			}
			return q, offset
		}
		offset -= c.n
	}
	return q, offset
}
