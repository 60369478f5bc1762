package store

import (
	"context"

	"latchkey/pkg/database"
	"latchkey/resourceapi"
)

// Balances returns an account and its balance at the end of each day from start to
// end. A nil start is its first day, a nil end is today.
func (f *Family) Balances(ctx context.Context, account string, start, end *resourceapi.Date, page Page) (resourceapi.Account, []resourceapi.BalancePoint, Paging, error) {
	ctx, err := f.open(ctx)
	if err != nil {
		return resourceapi.Account{}, nil, Paging{}, err
	}
	a, err := f.account(ctx, account, staying)
	if err != nil {
		return a, nil, Paging{}, err
	}
	today, err := f.Today(ctx)
	if err != nil {
		return a, nil, Paging{}, err
	}
	first, last := today, today
	oldest, err := database.Find[balanceRow](f.orm(ctx).Where("account_id = ?", account).Order("date").Limit(1))
	if err != nil {
		return a, nil, Paging{}, err
	}
	if len(oldest) > 0 {
		first = oldest[0].Date
	}
	if start != nil {
		first = *start
	}
	if end != nil {
		last = *end
	}
	paging := page.fit(max(0, int(last)-int(first)+1))
	if paging.Total == 0 {
		return a, nil, paging, nil
	}
	from := first + resourceapi.Date((paging.Page-1)*paging.PerPage)                            //nolint:gosec // within first and last
	list, err := f.days(ctx, account, from, min(last, from+resourceapi.Date(paging.PerPage)-1)) //nolint:gosec // a page has at most 100 days
	return a, list, paging, err
}

// days returns the balance of every day, also of those without an entry.
func (f *Family) days(ctx context.Context, account string, from, to resourceapi.Date) ([]resourceapi.BalancePoint, error) {
	balance, _, err := f.balanceBefore(ctx, account, from)
	if err != nil {
		return nil, err
	}
	rows, err := database.Find[balanceRow](f.orm(ctx).Where("account_id = ? AND date BETWEEN ? AND ?", account, from, to))
	if err != nil {
		return nil, err
	}
	changed := make(map[resourceapi.Date]int64, len(rows))
	for _, row := range rows {
		changed[row.Date] = row.Balance
	}
	list := make([]resourceapi.BalancePoint, 0, int(to-from)+1)
	for d := from; d <= to; d++ {
		if b, ok := changed[d]; ok {
			balance = b
		}
		list = append(list, resourceapi.BalancePoint{Date: d, Balance: resourceapi.Amount(balance)})
	}
	return list, nil
}

// balanceBefore returns the balance at the end of the day before day; false when
// there is no earlier day.
func (f *Family) balanceBefore(ctx context.Context, account string, day resourceapi.Date) (int64, bool, error) {
	rows, err := database.Find[balanceRow](f.orm(ctx).Where("account_id = ? AND date < ?", account, day).Order("date DESC").Limit(1))
	if err != nil || len(rows) == 0 {
		return 0, false, err
	}
	return rows[0].Balance, true, nil
}

// BalanceSheet is what the family has and owes in one currency.
type BalanceSheet struct {
	Currency    resourceapi.Currency
	Assets      resourceapi.Amount
	Liabilities resourceapi.Amount
}

// BalanceSheet adds up active and draft accounts by currency, the family's own
// first. Currencies are not converted into each other.
func (f *Family) BalanceSheet(ctx context.Context) ([]BalanceSheet, error) {
	own, err := f.Settings(ctx)
	if err != nil {
		return nil, err
	}
	today, err := f.Today(ctx)
	if err != nil {
		return nil, err
	}
	views, err := database.Find[accountView](f.orm(ctx).Select(accountColumns, today).Where(shown).Order("accounts.currency"))
	if err != nil {
		return nil, err
	}
	list := []BalanceSheet{{Currency: own.Currency}}
	place := map[resourceapi.Currency]int{own.Currency: 0}
	for _, view := range views {
		a := view.account()
		i, ok := place[a.Currency]
		if !ok {
			i = len(list)
			place[a.Currency] = i
			list = append(list, BalanceSheet{Currency: a.Currency})
		}
		sum := &list[i].Assets
		if a.Type.Liability() {
			sum = &list[i].Liabilities
		}
		*sum = sum.SaturatingAdd(a.Balance)
	}
	return list, nil
}
