package store

import (
	"context"
	"errors"

	"latchkey/pkg/database"
	"latchkey/resourceapi"
)

// Balances returns an account and what it held at the end of each day from
// start to end, of which nil is the first day and today.
func (f *Family) Balances(ctx context.Context, account string, start, end *resourceapi.Date, page Page) (resourceapi.Account, []resourceapi.BalancePoint, Paging, error) {
	ctx, err := f.open(ctx)
	if err != nil {
		return resourceapi.Account{}, nil, Paging{}, err
	}
	a, err := f.account(ctx, account, notLeaving)
	if err != nil {
		return a, nil, Paging{}, err
	}
	first, last := f.s.today(), f.s.today()
	err = f.row(ctx, `SELECT date FROM balances WHERE family_id = $1 AND account_id = $2 ORDER BY date LIMIT 1`, account).Scan(&first)
	if err != nil && !errors.Is(err, database.ErrNoRows) {
		return a, nil, Paging{}, err
	}
	if start != nil {
		first = *start
	}
	if end != nil {
		last = *end
	}
	paging := page.settle(max(0, int(last)-int(first)+1))
	if paging.Total == 0 {
		return a, nil, paging, nil
	}
	from := first + resourceapi.Date((paging.Page-1)*paging.PerPage)                            //nolint:gosec // within first and last
	list, err := f.days(ctx, account, from, min(last, from+resourceapi.Date(paging.PerPage)-1)) //nolint:gosec // a page has at most 100 days
	return a, list, paging, err
}

// days fills in the days on which nothing happened.
func (f *Family) days(ctx context.Context, account string, from, to resourceapi.Date) ([]resourceapi.BalancePoint, error) {
	var balance int64
	err := f.row(ctx, `SELECT balance FROM balances WHERE family_id = $1 AND account_id = $2 AND date < $3 ORDER BY date DESC LIMIT 1`,
		account, from).Scan(&balance)
	if err != nil && !errors.Is(err, database.ErrNoRows) {
		return nil, err
	}
	changed := map[resourceapi.Date]int64{}
	err = f.each(ctx, `SELECT date, balance FROM balances WHERE family_id = $1 AND account_id = $2 AND date BETWEEN $3 AND $4`,
		[]any{account, from, to}, func(rows database.Rows) error {
			var d resourceapi.Date
			var b int64
			err := rows.Scan(&d, &b)
			changed[d] = b
			return err
		})
	if err != nil {
		return nil, err
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

// Sheet is what the family has and owes in one currency.
type Sheet struct {
	Currency    resourceapi.Currency
	Assets      resourceapi.Amount
	Liabilities resourceapi.Amount
}

// BalanceSheet adds up active and draft accounts by currency, the family's own
// first. Currencies are not converted into each other.
func (f *Family) BalanceSheet(ctx context.Context) ([]Sheet, error) {
	own, err := f.Currency(ctx)
	if err != nil {
		return nil, err
	}
	ctx = f.inside(ctx)
	accounts, err := f.readAccounts(ctx, shown(false)+` ORDER BY a.currency`, []any{f.s.today()})
	if err != nil {
		return nil, err
	}
	list := []Sheet{{Currency: own}}
	place := map[resourceapi.Currency]int{own: 0}
	for _, a := range accounts {
		i, ok := place[a.Currency]
		if !ok {
			i = len(list)
			place[a.Currency] = i
			list = append(list, Sheet{Currency: a.Currency})
		}
		sum := &list[i].Assets
		if a.Type.Liability() {
			sum = &list[i].Liabilities
		}
		*sum = sum.AddUpTo(a.Balance)
	}
	return list, nil
}
