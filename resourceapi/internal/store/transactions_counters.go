package store

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"latchkey/resourceapi"
)

// day is one day of one account.
type day struct {
	account string
	date    resourceapi.Date
}

// changes gathers, by day, how many transactions come and go, and how many of
// them are income.
type changes map[day]struct{ total, income int }

func (c changes) add(account string, date resourceapi.Date, income bool, n int) {
	sum := c[day{account, date}]
	sum.total += n
	if income {
		sum.income += n
	}
	c[day{account, date}] = sum
}

// days returns the days in one order everywhere, so that two batches cannot
// deadlock.
func (c changes) days() []day {
	return slices.SortedFunc(maps.Keys(c), func(a, b day) int {
		return cmp.Or(cmp.Compare(a.account, b.account), cmp.Compare(a.date, b.date))
	})
}

// daysAtOnce keeps a statement below the engines' bound on parameters.
const daysAtOnce = 200

// record keeps the counters right and queues the syncs that the changes ask
// for.
func (f *Family) record(ctx context.Context, work changes) error {
	from := map[string]resourceapi.Date{}
	days := work.days()
	for _, d := range days {
		if first, ok := from[d.account]; !ok || d.date < first {
			from[d.account] = d.date
		}
	}
	if err := f.tally(ctx, "transaction_days", "date", days, work); err != nil {
		return err
	}
	byMonth := changes{}
	for _, d := range days {
		sum, month := work[d], day{d.account, d.date.Month(0)}
		byMonth[month] = struct{ total, income int }{byMonth[month].total + sum.total, byMonth[month].income + sum.income}
	}
	if err := f.tally(ctx, "transaction_months", "month", byMonth.days(), byMonth); err != nil {
		return err
	}
	for _, account := range sortedKeys(from) {
		since := from[account]
		if err := f.queueSync(ctx, account, &since); err != nil {
			return err
		}
	}
	return nil
}

// tally adds work to the counters of a table.
func (f *Family) tally(ctx context.Context, table, column string, days []day, work changes) error {
	for piece := range slices.Chunk(days, daysAtOnce) {
		var rows filter
		text := ""
		for _, d := range piece {
			if sum := work[d]; sum.total != 0 || sum.income != 0 {
				text += rows.fill(", ($1, ?, ?, ?, ?)", d.account, d.date, sum.total, sum.income)
			}
		}
		if text == "" {
			continue
		}
		_, err := f.exec(ctx, `
			INSERT INTO `+table+` AS d (family_id, account_id, `+column+`, total, income) VALUES `+text[2:]+`
			ON CONFLICT (family_id, account_id, `+column+`) DO UPDATE SET total = d.total + excluded.total, income = d.income + excluded.income`,
			rows.args...)
		if err != nil {
			return err
		}
	}
	return nil
}
