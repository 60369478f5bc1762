package api

import (
	"context"

	"latchkey/resourceapi"
	"latchkey/resourceapi/internal/store"
)

type balanceShape struct {
	Date         resourceapi.Date `json:"date"`
	Balance      string           `json:"balance"`
	BalanceCents int64            `json:"balance_cents"`
	Currency     string           `json:"currency"`
}

// listBalances is the daily series of an account, oldest first.
func (a *API) listBalances(ctx context.Context, c *call) (reply, error) {
	id, err := c.id(errNoAccount)
	if err != nil {
		return reply{}, err
	}
	q, err := c.query()
	if err != nil {
		return reply{}, err
	}
	start, end := q.date("start_date"), q.date("end_date")
	if err := q.err(); err != nil {
		return reply{}, err
	}
	account, points, paging, err := c.family.Balances(ctx, id, start, end, q.page())
	if err != nil {
		return reply{}, err
	}
	return ok(struct {
		Account    accountRef     `json:"account"`
		Balances   []balanceShape `json:"balances"`
		Pagination pagination     `json:"pagination"`
	}{
		refer(resourceapi.AccountRef{ID: account.ID, Name: account.Name, Type: account.Type}),
		mapped(points, func(p resourceapi.BalancePoint) balanceShape {
			return balanceShape{p.Date, p.Balance.Format(account.Currency), int64(p.Balance), string(account.Currency)}
		}),
		paged(paging),
	})
}

type sheetShape struct {
	Currency         string `json:"currency"`
	Assets           string `json:"assets"`
	AssetsCents      int64  `json:"assets_cents"`
	Liabilities      string `json:"liabilities"`
	LiabilitiesCents int64  `json:"liabilities_cents"`
	NetWorth         string `json:"net_worth"`
	NetWorthCents    int64  `json:"net_worth_cents"`
}

func showSheet(s store.BalanceSheet) sheetShape {
	net := s.Assets.SaturatingAdd(-s.Liabilities)
	return sheetShape{
		Currency: string(s.Currency), Assets: s.Assets.Format(s.Currency), AssetsCents: int64(s.Assets),
		Liabilities: s.Liabilities.Format(s.Currency), LiabilitiesCents: int64(s.Liabilities),
		NetWorth: net.Format(s.Currency), NetWorthCents: int64(net),
	}
}

// balanceSheet is what the family has and owes: in its own currency, and under
// "currencies" in each currency of its accounts.
func (a *API) balanceSheet(ctx context.Context, c *call) (reply, error) {
	list, err := c.family.BalanceSheet(ctx)
	if err != nil {
		return reply{}, err
	}
	return ok(struct {
		sheetShape
		Currencies []sheetShape `json:"currencies"`
	}{showSheet(list[0]), mapped(list, showSheet)})
}
