package store

import (
	"context"

	"gorm.io/gorm"

	"latchkey/pkg/database"
	"latchkey/pkg/fault"
	"latchkey/resourceapi"
)

// ValuationFilter says which valuations to list; nil members filter nothing.
type ValuationFilter struct {
	Account    *string
	Start, End *resourceapi.Date
}

// valuationView is a valuation with what its account is called.
type valuationView struct {
	Row         valuationRow `gorm:"embedded"`
	AccountName string
	AccountType string
}

// TableName names the table for gorm.
func (valuationView) TableName() string { return "valuations" }

const valuationColumns = `valuations.id, valuations.account_id, valuations.date, valuations.amount, valuations.currency, valuations.notes,
	valuations.kind, valuations.created_at, valuations.updated_at, accounts.name AS account_name, accounts.account_type AS account_type`

func (v valuationView) valuation() resourceapi.Valuation {
	r := v.Row
	return resourceapi.Valuation{
		ID: r.ID, Date: r.Date, Amount: resourceapi.Amount(r.Amount), Currency: resourceapi.Currency(r.Currency), Notes: r.Notes, Kind: r.Kind,
		Account:   resourceapi.AccountRef{ID: r.AccountID, Name: v.AccountName, Type: resourceapi.AccountType(v.AccountType)},
		CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
}

// valuations are those of accounts that are not being deleted.
func (f *Family) valuations(ctx context.Context) *gorm.DB {
	return f.orm(ctx).Model(&valuationRow{}).Where(staying).
		Joins("JOIN accounts ON accounts.family_id = valuations.family_id AND accounts.id = valuations.account_id")
}

var (
	errNoValuation = fault.New(fault.NotFound, "Valuation not found")
	errNoEntry     = fault.New(fault.NotFound, "Account or valuation entry not found")
)

// Valuations lists a page of valuations, newest first.
func (f *Family) Valuations(ctx context.Context, q ValuationFilter, page Page) ([]resourceapi.Valuation, Paging, error) {
	ctx, err := f.open(ctx)
	if err != nil {
		return nil, Paging{}, err
	}
	rows, paging, err := paged[valuationView](page, func() *gorm.DB {
		query := f.valuations(ctx)
		if q.Account != nil {
			query = query.Where("valuations.account_id = ?", *q.Account)
		}
		if q.Start != nil {
			query = query.Where("valuations.date >= ?", *q.Start)
		}
		if q.End != nil {
			query = query.Where("valuations.date <= ?", *q.End)
		}
		return query
	}, func(query *gorm.DB) *gorm.DB {
		return query.Select(valuationColumns).Order("valuations.date DESC, valuations.created_at DESC, valuations.id DESC")
	})
	return database.Mapped(rows, valuationView.valuation), paging, err
}

// Valuation finds one valuation.
func (f *Family) Valuation(ctx context.Context, id string) (resourceapi.Valuation, error) {
	ctx, err := f.open(ctx)
	if err != nil {
		return resourceapi.Valuation{}, err
	}
	return f.valuation(ctx, id)
}

func (f *Family) valuation(ctx context.Context, id string) (resourceapi.Valuation, error) {
	view, err := findOne[valuationView](f.valuations(ctx).Select(valuationColumns).Where("valuations.id = ?", id), errNoValuation)
	return view.valuation(), err
}

// CreateValuation states what an account held on a day. Replaced reports that
// the day had a valuation, which is overwritten.
func (f *Family) CreateValuation(ctx context.Context, in resourceapi.ValuationInput) (v resourceapi.Valuation, replaced bool, err error) {
	err = f.change(ctx, func(ctx context.Context) error {
		account, err := f.lockAccount(ctx, in.AccountID)
		if err != nil {
			return insteadOfNotFound(err, errNoEntry)
		}
		amount, err := valuationAmount(in, account.Currency)
		if err != nil {
			return err
		}
		var notes *string
		if in.Notes.Set {
			notes = &in.Notes.Value
		}
		saved, err := f.saveValuation(ctx, account, in.Date.Value, amount, notes)
		if err != nil {
			return err
		}
		if err := f.queueSync(ctx, in.AccountID, saved.since(in.Date.Value)); err != nil {
			return err
		}
		replaced = saved.replaced
		v, err = f.valuation(ctx, saved.id)
		return err
	})
	return v, replaced, err
}

func insteadOfNotFound(err, instead error) error {
	if fault.Is(err, fault.NotFound) {
		return instead
	}
	return err
}

func valuationAmount(in resourceapi.ValuationInput, currency resourceapi.Currency) (resourceapi.Amount, error) {
	amount, err := resourceapi.ParseAmount(in.Amount.Value, currency)
	if err != nil {
		return 0, &RulesError{Errors: map[int][]string{0: {"Amount " + err.Error()}}}
	}
	return amount, nil
}

// saved is the result of saveValuation.
type saved struct {
	id       string
	opening  bool // it is the account's opening anchor
	replaced bool // the day had a valuation
}

// since returns the day from which balances change when the valuation of day
// changes. An opening anchor changes them from the beginning: nil.
func (s saved) since(day resourceapi.Date) *resourceapi.Date {
	if s.opening {
		return nil
	}
	return &day
}

// saveValuation writes the valuation of a day, over an earlier one. The caller
// holds the account's lock. Nil notes keep the earlier ones.
func (f *Family) saveValuation(ctx context.Context, a resourceapi.Account, day resourceapi.Date, amount resourceapi.Amount, notes *string) (saved, error) {
	now := f.s.Now()
	rows, err := database.Find[valuationRow](f.orm(ctx).Where("account_id = ? AND date = ?", a.ID, day))
	if err != nil {
		return saved{}, err
	}
	if len(rows) == 0 {
		row := valuationRow{
			ID: newID(), AccountID: a.ID, Date: day, Amount: int64(amount), Currency: string(a.Currency),
			Kind: resourceapi.Reconciliation, CreatedAt: now, UpdatedAt: now,
		}
		if notes != nil {
			row.Notes = nonEmpty(*notes)
		}
		return saved{id: row.ID}, f.insert(ctx, &row)
	}
	set := map[string]any{"amount": int64(amount), "updated_at": now}
	if notes != nil {
		set["notes"] = nonEmpty(*notes)
	}
	p := saved{id: rows[0].ID, replaced: true, opening: rows[0].Kind == resourceapi.OpeningAnchor}
	return p, database.ErrorOf(f.orm(ctx).Model(&valuationRow{}).Where("id = ?", p.id).UpdateColumns(set))
}

// UpdateValuation changes amount and date together, or notes, or all three.
func (f *Family) UpdateValuation(ctx context.Context, id string, in resourceapi.ValuationInput) (v resourceapi.Valuation, err error) {
	err = f.change(ctx, func(ctx context.Context) error {
		old, err := f.valuation(ctx, id)
		if err != nil {
			return err
		}
		if _, err := f.lockAccount(ctx, old.Account.ID); err != nil {
			return insteadOfNotFound(err, errNoValuation)
		}
		// Read again under the lock: the date may have changed while this waited.
		if old, err = f.valuation(ctx, id); err != nil {
			return err
		}
		if err := f.applyValuation(ctx, old, in); err != nil {
			return err
		}
		v, err = f.valuation(ctx, id)
		return err
	})
	return v, err
}

func (f *Family) applyValuation(ctx context.Context, old resourceapi.Valuation, in resourceapi.ValuationInput) error {
	set := map[string]any{"updated_at": f.s.Now()}
	if in.Notes.Set {
		set["notes"] = nonEmpty(in.Notes.Value)
	}
	if in.Amount.Set {
		amount, err := valuationAmount(in, old.Currency)
		if err != nil {
			return err
		}
		set["amount"], set["date"] = int64(amount), in.Date.Value
	}
	err := database.ErrorOf(f.orm(ctx).Model(&valuationRow{}).Where("id = ?", old.ID).UpdateColumns(set))
	if database.IsUnique(err, "valuations_day", "valuations.date") {
		return &RulesError{Errors: map[int][]string{0: {"Date already has a valuation for this account"}}}
	}
	if err != nil || !in.Amount.Set {
		return err
	}
	since := saved{opening: old.Kind == resourceapi.OpeningAnchor}.since(min(old.Date, in.Date.Value))
	return f.queueSync(ctx, old.Account.ID, since)
}
