package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"latchkey/pkg/database"
	"latchkey/resourceapi"
)

// exportedAtOnce is how many rows an export holds at a time.
const exportedAtOnce = 500

// eachByID gives fn the rows of a query of table, some at a time, in the order of
// their ids. What is written meanwhile may be among them.
func eachByID[R, T any](table string, query func() *gorm.DB, id func(R) string, show func(R) T, fn func([]T) error) error {
	after := ""
	for {
		piece := query().Order(table + ".id").Limit(exportedAtOnce)
		if after != "" {
			piece = piece.Where(table+".id > ?", after)
		}
		rows, err := database.Find[R](piece)
		if err != nil || len(rows) == 0 {
			return err
		}
		if err := fn(database.Mapped(rows, show)); err != nil {
			return err
		}
		if len(rows) < exportedAtOnce {
			return nil
		}
		after = id(rows[len(rows)-1])
	}
}

// EachAccount gives fn all accounts that are not being deleted.
func (f *Family) EachAccount(ctx context.Context, fn func([]resourceapi.Account) error) error {
	ctx, err := f.open(ctx)
	if err != nil {
		return err
	}
	today, err := f.Today(ctx)
	if err != nil {
		return err
	}
	query := func() *gorm.DB { return f.orm(ctx).Model(&accountRow{}).Select(accountColumns, today).Where(staying) }
	return eachByID("accounts", query, func(v accountView) string { return v.Row.ID }, accountView.account, fn)
}

// EachCategory gives fn all categories.
func (f *Family) EachCategory(ctx context.Context, fn func([]resourceapi.Category) error) error {
	ctx, err := f.open(ctx)
	if err != nil {
		return err
	}
	query := func() *gorm.DB { return categoryViews(f.orm(ctx).Model(&categoryRow{})) }
	return eachByID("categories", query, func(v categoryView) string { return v.Row.ID }, categoryView.category, fn)
}

// EachTag gives fn all tags.
func (f *Family) EachTag(ctx context.Context, fn func([]resourceapi.Tag) error) error {
	ctx, err := f.open(ctx)
	if err != nil {
		return err
	}
	query := func() *gorm.DB { return f.orm(ctx).Model(&tagRow{}) }
	return eachByID("tags", query, func(r tagRow) string { return r.ID }, tagRow.tag, fn)
}

// EachMerchant gives fn all merchants.
func (f *Family) EachMerchant(ctx context.Context, fn func([]resourceapi.Merchant) error) error {
	ctx, err := f.open(ctx)
	if err != nil {
		return err
	}
	query := func() *gorm.DB { return f.orm(ctx).Model(&merchantRow{}) }
	return eachByID("merchants", query, func(r merchantRow) string { return r.ID }, merchantRow.merchant, fn)
}

// EachValuation gives fn all valuations of accounts that are not being deleted.
func (f *Family) EachValuation(ctx context.Context, fn func([]resourceapi.Valuation) error) error {
	ctx, err := f.open(ctx)
	if err != nil {
		return err
	}
	query := func() *gorm.DB { return f.valuations(ctx).Select(valuationColumns) }
	return eachByID("valuations", query, func(v valuationView) string { return v.Row.ID }, valuationView.valuation, fn)
}

// EachSync gives fn all syncs that are remembered.
func (f *Family) EachSync(ctx context.Context, fn func([]resourceapi.Sync) error) error {
	ctx, err := f.open(ctx)
	if err != nil {
		return err
	}
	query := func() *gorm.DB { return syncViews(f.orm(ctx).Model(&syncRow{})) }
	return eachByID("syncs", query, func(v syncView) string { return v.Row.ID }, syncAt(f.s.Now()), fn)
}

// EachTransaction gives fn all transactions of accounts that are not being deleted,
// newest first.
func (f *Family) EachTransaction(ctx context.Context, fn func([]resourceapi.Transaction) error) error {
	var after *Cursor
	for {
		list, next, err := f.TransactionsAfter(ctx, TransactionFilter{}, after, exportedAtOnce)
		if err != nil {
			return err
		}
		if len(list) > 0 {
			if err := fn(list); err != nil {
				return err
			}
		}
		if next == nil {
			return nil
		}
		after = next
	}
}

// DayBalance is what an account held at the end of a day on which something happened.
type DayBalance struct {
	AccountID string
	Date      resourceapi.Date
	Balance   resourceapi.Amount
	Currency  resourceapi.Currency
}

// dayBalanceView is a balance with the currency of its account.
type dayBalanceView struct {
	Row      balanceRow `gorm:"embedded"`
	Currency string
}

// TableName names the table for gorm.
func (dayBalanceView) TableName() string { return "balances" }

func (v dayBalanceView) balance() DayBalance {
	return DayBalance{v.Row.AccountID, v.Row.Date, resourceapi.Amount(v.Row.Balance), resourceapi.Currency(v.Currency)}
}

// EachBalance gives fn the balances of all accounts that are not being deleted, by
// account and day.
func (f *Family) EachBalance(ctx context.Context, fn func([]DayBalance) error) error {
	ctx, err := f.open(ctx)
	if err != nil {
		return err
	}
	var last *balanceRow
	for {
		piece := f.orm(ctx).Model(&balanceRow{}).Where(staying).
			Joins("JOIN accounts ON accounts.family_id = balances.family_id AND accounts.id = balances.account_id").
			Select("balances.account_id, balances.date, balances.balance, accounts.currency AS currency").
			Order("balances.account_id, balances.date").Limit(exportedAtOnce)
		if last != nil {
			piece = piece.Where("(balances.account_id, balances.date) > (?, ?)", last.AccountID, last.Date)
		}
		rows, err := database.Find[dayBalanceView](piece)
		if err != nil || len(rows) == 0 {
			return err
		}
		if err := fn(database.Mapped(rows, dayBalanceView.balance)); err != nil {
			return err
		}
		if len(rows) < exportedAtOnce {
			return nil
		}
		last = &rows[len(rows)-1].Row
	}
}

// CreatedAt returns when the family was first seen here.
func (f *Family) CreatedAt(ctx context.Context) (time.Time, error) {
	row, err := findOne[familyRow](f.orm(ctx), errNoFamilyRow)
	return row.CreatedAt, err
}
