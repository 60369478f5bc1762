package store

import (
	"context"
	"errors"

	"latchkey/pkg/database"
	"latchkey/pkg/fault"
	"latchkey/resourceapi"
)

// ValuationFilter says which valuations to list; nil members filter nothing.
type ValuationFilter struct {
	Account    *string
	Start, End *resourceapi.Date
}

const valuationTables = `
	FROM valuations v JOIN accounts a ON a.family_id = v.family_id AND a.id = v.account_id
	WHERE v.family_id = $1 AND a.status <> 'pending_deletion'`

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
	var where filter
	if q.Account != nil {
		where.and("v.account_id = ?", *q.Account)
	}
	if q.Start != nil {
		where.and("v.date >= ?", *q.Start)
	}
	if q.End != nil {
		where.and("v.date <= ?", *q.End)
	}
	var total int
	if err := f.row(ctx, `SELECT count(*)`+valuationTables+where.text.String(), where.args...).Scan(&total); err != nil {
		return nil, Paging{}, err
	}
	paging := page.settle(total)
	list, err := f.readValuations(ctx, where.text.String()+` ORDER BY v.date DESC, v.created_at DESC, v.id DESC`+where.window(paging), where.args)
	return list, paging, err
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
	list, err := f.readValuations(ctx, ` AND v.id = $2`, []any{id})
	if err != nil {
		return resourceapi.Valuation{}, err
	}
	if len(list) == 0 {
		return resourceapi.Valuation{}, errNoValuation
	}
	return list[0], nil
}

func (f *Family) readValuations(ctx context.Context, rest string, args []any) ([]resourceapi.Valuation, error) {
	var list []resourceapi.Valuation
	err := f.each(ctx, `
		SELECT v.id, v.date, v.amount, v.currency, v.notes, v.kind, v.created_at, v.updated_at, a.id, a.name, a.account_type`+
		valuationTables+rest, args, func(rows database.Rows) error {
		var v resourceapi.Valuation
		var amount int64
		var currency, kind string
		err := rows.Scan(&v.ID, &v.Date, &amount, &currency, &v.Notes, &v.Kind, &v.CreatedAt, &v.UpdatedAt, &v.Account.ID, &v.Account.Name, &kind)
		v.Amount, v.Currency, v.Account.Type = resourceapi.Amount(amount), resourceapi.Currency(currency), resourceapi.AccountType(kind)
		list = append(list, v)
		return err
	})
	return list, err
}

// CreateValuation states what an account held on a day. Replaced reports that
// the day had a valuation, which is overwritten.
func (f *Family) CreateValuation(ctx context.Context, in resourceapi.ValuationInput) (v resourceapi.Valuation, replaced bool, err error) {
	err = f.change(ctx, func(ctx context.Context) error {
		if err := f.lockAccount(ctx, in.AccountID); err != nil {
			return notThere(err, errNoEntry)
		}
		currency, err := f.currencyOf(ctx, in.AccountID)
		if err != nil {
			return err
		}
		amount, err := valued(in, currency)
		if err != nil {
			return err
		}
		var notes *string
		if in.Notes.Set {
			notes = &in.Notes.Value
		}
		put, err := f.putValuation(ctx, in.AccountID, currency, in.Date.Value, amount, notes)
		if err != nil {
			return err
		}
		if err := f.queueSync(ctx, in.AccountID, put.since(in.Date.Value)); err != nil {
			return err
		}
		replaced = put.replaced
		v, err = f.valuation(ctx, put.id)
		return err
	})
	return v, replaced, err
}

func notThere(err, instead error) error {
	if fault.Is(err, fault.NotFound) {
		return instead
	}
	return err
}

func valued(in resourceapi.ValuationInput, currency resourceapi.Currency) (resourceapi.Amount, error) {
	amount, err := resourceapi.ParseAmount(in.Amount.Value, currency)
	if err != nil {
		return 0, &RulesError{Errors: map[int][]string{0: {"Amount " + err.Error()}}}
	}
	return amount, nil
}

func (f *Family) currencyOf(ctx context.Context, account string) (resourceapi.Currency, error) {
	var currency string
	err := f.row(ctx, `SELECT currency FROM accounts WHERE family_id = $1 AND id = $2`, account).Scan(&currency)
	return resourceapi.Currency(currency), err
}

// put is what became of a stated value.
type put struct {
	id       string
	opening  bool // it is what the account held before its first entry
	replaced bool
}

// since returns the day from which balances change when the value of a day
// does. The opening value counts from the very beginning: nil.
func (p put) since(day resourceapi.Date) *resourceapi.Date {
	if p.opening {
		return nil
	}
	return &day
}

// putValuation writes the valuation of a day over one that is there. The caller
// holds the account's lock. Nil notes keep what is there.
func (f *Family) putValuation(ctx context.Context, account string, currency resourceapi.Currency, day resourceapi.Date, amount resourceapi.Amount, notes *string) (p put, err error) {
	var kind string
	err = f.row(ctx, `SELECT id, kind FROM valuations WHERE family_id = $1 AND account_id = $2 AND date = $3`, account, day).Scan(&p.id, &kind)
	now := f.s.Now()
	switch {
	case errors.Is(err, database.ErrNoRows):
		p.id = newID()
		row := valuationRow{
			FamilyID: f.id, ID: p.id, AccountID: account, Date: day, Amount: int64(amount), Currency: string(currency),
			Kind: resourceapi.Reconciliation, CreatedAt: now, UpdatedAt: now,
		}
		if notes != nil {
			row.Notes = nonEmpty(*notes)
		}
		return p, f.insert(ctx, &row)
	case err != nil:
		return p, err
	}
	p.replaced, p.opening = true, kind == resourceapi.OpeningAnchor
	set := filter{}
	set.set(true, "amount", int64(amount))
	if notes != nil {
		set.set(true, "notes", nonEmpty(*notes))
	}
	set.set(true, "updated_at", now)
	_, err = f.exec(ctx, `UPDATE valuations SET `+set.text.String()[2:]+set.fill(` WHERE family_id = $1 AND id = ?`, p.id), set.args...)
	return p, err
}

// UpdateValuation changes amount and date together, or notes, or all three.
func (f *Family) UpdateValuation(ctx context.Context, id string, in resourceapi.ValuationInput) (v resourceapi.Valuation, err error) {
	err = f.change(ctx, func(ctx context.Context) error {
		old, err := f.valuation(ctx, id)
		if err != nil {
			return err
		}
		if err := f.lockAccount(ctx, old.Account.ID); err != nil {
			return notThere(err, errNoValuation)
		}
		// Anew under the lock: balances must follow from the day it was on last.
		if old, err = f.valuation(ctx, id); err != nil {
			return err
		}
		set := filter{}
		if in.Amount.Set {
			amount, err := valued(in, old.Currency)
			if err != nil {
				return err
			}
			set.set(true, "amount", int64(amount))
			set.set(true, "date", in.Date.Value)
		}
		set.set(in.Notes.Set, "notes", nonEmpty(in.Notes.Value))
		set.set(true, "updated_at", f.s.Now())
		_, err = f.exec(ctx, `UPDATE valuations SET `+set.text.String()[2:]+set.fill(` WHERE family_id = $1 AND id = ?`, id), set.args...)
		if database.IsUnique(err, "valuations_day", "valuations.date") {
			return &RulesError{Errors: map[int][]string{0: {"Date already has a valuation for this account"}}}
		}
		if err != nil {
			return err
		}
		if in.Amount.Set {
			since := put{opening: old.Kind == resourceapi.OpeningAnchor}.since(min(old.Date, in.Date.Value))
			if err := f.queueSync(ctx, old.Account.ID, since); err != nil {
				return err
			}
		}
		v, err = f.valuation(ctx, id)
		return err
	})
	return v, err
}
