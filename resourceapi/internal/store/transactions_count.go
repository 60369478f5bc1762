package store

import (
	"context"

	"latchkey/pkg/database"
	"latchkey/resourceapi"
)

// span is some days, and how many transactions of a list fall on them.
type span struct {
	first, last resourceapi.Date
	n           int
}

// spans adds up the counters of a list, newest first: whole months by one row
// each, and the days before the first and after the last of them. byDay asks for
// days only.
func (f *Family) spans(ctx context.Context, q TransactionFilter, byDay bool) ([]span, error) {
	var where filter
	column := "d.total"
	switch q.Type {
	case "income":
		column = "d.income"
	case "expense":
		column = "d.total - d.income"
	}
	l := picking{row: "d"}
	filters := l.live() + l.accounts(q)
	where.args = l.where.args
	from := func(table, day string, monthly string, conditions string) string {
		return `SELECT d.` + day + ` AS day, ` + monthly + ` AS monthly, CAST(sum(` + column + `) AS BIGINT) AS n FROM ` + table + ` d
			WHERE d.family_id = $1` + filters + conditions + ` GROUP BY d.` + day
	}
	between := func(day string, first, last *resourceapi.Date) (text string) {
		if first != nil {
			text += where.fill(` AND d.`+day+` >= ?`, *first)
		}
		if last != nil {
			text += where.fill(` AND d.`+day+` <= ?`, *last)
		}
		return text
	}
	days := func(first, last *resourceapi.Date) string {
		return from("transaction_days", "date", "0", between("date", first, last))
	}
	months := wholeMonths(q.Start, q.End)
	var text string
	if byDay || months.none() {
		text = days(q.Start, q.End)
	} else {
		text = from("transaction_months", "month", "1", between("month", months.first, months.last))
		if months.first != nil && *q.Start < *months.first {
			before := *months.first - 1
			text += ` UNION ALL ` + days(q.Start, &before)
		}
		if months.last != nil && months.last.Month(1) <= *q.End {
			after := months.last.Month(1)
			text += ` UNION ALL ` + days(&after, q.End)
		}
	}
	var list []span
	err := f.each(ctx, `SELECT s.day, s.monthly, s.n FROM (`+text+`) s ORDER BY s.day DESC`, where.args, func(rows database.Rows) error {
		var s span
		var monthly int
		err := rows.Scan(&s.first, &monthly, &s.n)
		if s.last = s.first; monthly == 1 {
			s.last = s.first.Month(1) - 1
		}
		list = append(list, s)
		return err
	})
	return list, err
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

// locate turns an offset into a list into a last day and a smaller offset, so
// that the rows before that day need not be passed over.
func (f *Family) locate(ctx context.Context, q TransactionFilter, spans []span, offset int) (TransactionFilter, int, error) {
	within := func(spans []span) {
		for _, s := range spans {
			if offset < s.n {
				last := s.last
				q.End = &last
				if q.Start == nil || *q.Start < s.first {
					first := s.first
					q.Start = &first
				}
				return
			}
			offset -= s.n
		}
	}
	start := q.Start
	within(spans)
	days, err := f.spans(ctx, q, true)
	if err != nil {
		return q, 0, err
	}
	within(days)
	q.Start = start // the page may reach into the days before
	return q, offset, nil
}
