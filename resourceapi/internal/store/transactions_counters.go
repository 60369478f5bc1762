package store

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"latchkey/pkg/database"
	"latchkey/resourceapi"
)

// day is one day of one account.
type day struct {
	account string
	date    resourceapi.Date
}

// changes are how many transactions are added (or, below 0, removed) on each day, and
// how many of them are income.
type changes map[day]struct{ total, income int }

func (c changes) add(account string, date resourceapi.Date, income bool, n int) {
	sum := c[day{account, date}]
	sum.total += n
	if income {
		sum.income += n
	}
	c[day{account, date}] = sum
}

// days returns the days in the same order for every caller, so that two batches
// cannot deadlock.
func (c changes) days() []day {
	return slices.SortedFunc(maps.Keys(c), func(a, b day) int {
		return cmp.Or(cmp.Compare(a.account, b.account), cmp.Compare(a.date, b.date))
	})
}

// daysAtOnce keeps a statement below the engines' limit on parameters.
const daysAtOnce = 200

// record adds the changes to the counters and queues the syncs of the accounts.
func (f *Family) record(ctx context.Context, work changes) error {
	from := map[string]resourceapi.Date{}
	days := work.days()
	for _, d := range days {
		if first, ok := from[d.account]; !ok || d.date < first {
			from[d.account] = d.date
		}
	}
	if err := f.countDays(ctx, days, work); err != nil {
		return err
	}
	if err := f.countMonths(ctx, work); err != nil {
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

func (f *Family) countDays(ctx context.Context, days []day, work changes) error {
	var rows []dayRow
	for _, d := range days {
		if sum := work[d]; sum.total != 0 || sum.income != 0 {
			rows = append(rows, dayRow{AccountID: d.account, Date: d.date, Total: sum.total, Income: sum.income})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return database.ErrorOf(f.orm(ctx).Clauses(addingUp("transaction_days", "date")).CreateInBatches(rows, daysAtOnce))
}

func (f *Family) countMonths(ctx context.Context, work changes) error {
	byMonth := changes{}
	for d, sum := range work {
		month := day{d.account, d.date.Month(0)}
		byMonth[month] = struct{ total, income int }{byMonth[month].total + sum.total, byMonth[month].income + sum.income}
	}
	var rows []monthRow
	for _, m := range byMonth.days() {
		if sum := byMonth[m]; sum.total != 0 || sum.income != 0 {
			rows = append(rows, monthRow{AccountID: m.account, Month: m.date, Total: sum.total, Income: sum.income})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return database.ErrorOf(f.orm(ctx).Clauses(addingUp("transaction_months", "month")).CreateInBatches(rows, daysAtOnce))
}

// addingUp adds the numbers of a new row to those of the one that is there.
func addingUp(table, column string) clause.OnConflict {
	return clause.OnConflict{
		Columns: []clause.Column{{Name: "family_id"}, {Name: "account_id"}, {Name: column}},
		DoUpdates: clause.Assignments(map[string]any{
			"total":  gorm.Expr(table + ".total + excluded.total"),
			"income": gorm.Expr(table + ".income + excluded.income"),
		}),
	}
}
