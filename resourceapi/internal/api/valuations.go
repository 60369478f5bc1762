package api

import (
	"context"
	"errors"

	"latchkey/pkg/body"
	"latchkey/pkg/fault"
	"latchkey/resourceapi"
	"latchkey/resourceapi/internal/store"
)

var (
	errNoValuation = fault.New(fault.NotFound, "Valuation not found")
	errNoEntry     = fault.New(fault.NotFound, "Account or valuation entry not found")
)

type valuationShape struct {
	ID        string           `json:"id"`
	Date      resourceapi.Date `json:"date"`
	Amount    string           `json:"amount"`
	Currency  string           `json:"currency"`
	Notes     *string          `json:"notes"`
	Kind      string           `json:"kind"`
	Account   accountRef       `json:"account"`
	CreatedAt stamp            `json:"created_at"`
	UpdatedAt stamp            `json:"updated_at"`
}

func showValuation(v resourceapi.Valuation) valuationShape {
	return valuationShape{
		ID: v.ID, Date: v.Date, Amount: v.Amount.Format(v.Currency), Currency: string(v.Currency), Notes: v.Notes, Kind: v.Kind,
		Account: refer(v.Account), CreatedAt: stamp(v.CreatedAt), UpdatedAt: stamp(v.UpdatedAt),
	}
}

func (a *API) listValuations(ctx context.Context, c *call) (reply, error) {
	q, err := c.query()
	if err != nil {
		return reply{}, err
	}
	filter := store.ValuationFilter{Account: q.id("account_id"), Start: q.date("start_date"), End: q.date("end_date")}
	if err := q.err(); err != nil {
		return reply{}, err
	}
	list, paging, err := c.family.Valuations(ctx, filter, q.page())
	if err != nil {
		return reply{}, err
	}
	return ok(struct {
		Valuations []valuationShape `json:"valuations"`
		Pagination pagination       `json:"pagination"`
	}{mapped(list, showValuation), paged(paging)})
}

func (a *API) showValuation(ctx context.Context, c *call) (reply, error) {
	id, err := c.id(errNoValuation)
	if err != nil {
		return reply{}, err
	}
	v, err := c.family.Valuation(ctx, id)
	if err != nil {
		return reply{}, err
	}
	return ok(showValuation(v))
}

func valuationInput(f *fields) resourceapi.ValuationInput {
	return resourceapi.ValuationInput{
		AccountID: f.text("account_id", "Account ID").Value, Date: f.date("date", "Date"),
		Amount: f.number("amount", "Amount"), Notes: f.text("notes", "Notes"),
	}
}

// createValuation states what an account holds. Without a root in the body the
// answer is that the account is missing (docs/contract.md, "Valuations").
func (a *API) createValuation(ctx context.Context, c *call) (reply, error) {
	object, err := c.object()
	if err != nil && !errors.Is(err, body.ErrEmpty) {
		return reply{}, err
	}
	f, err := root(object, "valuation")
	if err != nil {
		missing, _ := errors.AsType[*fault.Error](err)
		return reply{}, resourceapi.Refuse("Account ID is required", append([]string{"Account ID is required"}, missing.Errors...)...)
	}
	in := valuationInput(f)
	upsert, given := object["upsert"]
	if inside, _ := f.value("upsert"); !given {
		upsert = inside
	}
	if len(f.complaints) == 0 {
		for _, required := range []struct {
			missing bool
			text    string
		}{
			{in.AccountID == "", "Account ID is required"}, {!in.Amount.Set, "Amount is required"}, {!in.Date.Set, "Date is required"},
		} {
			if required.missing {
				return reply{}, resourceapi.Refuse(required.text, append([]string{required.text}, f.strangers()...)...)
			}
		}
	}
	const message = "Valuation could not be created"
	today, err := c.family.Today(ctx)
	if err != nil {
		return reply{}, err
	}
	if err := f.refuse(message, in.Check(today)...); err != nil {
		return reply{}, err
	}
	id, valid := resourceapi.ParseID(in.AccountID)
	if !valid {
		return reply{}, errNoEntry
	}
	in.AccountID = id
	v, replaced, err := c.family.CreateValuation(ctx, in)
	if err != nil {
		return reply{}, refused(err, message)
	}
	if replaced && truth(upsert) {
		return ok(showValuation(v))
	}
	return created(showValuation(v))
}

func (a *API) updateValuation(ctx context.Context, c *call) (reply, error) {
	id, err := c.id(errNoValuation)
	if err != nil {
		return reply{}, err
	}
	f, err := changeOf[valuationShape](c, "valuation")
	if err != nil {
		return reply{}, err
	}
	in := valuationInput(f)
	if in.Amount.Set != in.Date.Set && len(f.complaints) == 0 {
		const both = "Both amount and date are required when updating reconciliation"
		return reply{}, resourceapi.Refuse(both, append([]string{both}, f.strangers()...)...)
	}
	const message = "Valuation could not be updated"
	today, err := c.family.Today(ctx)
	if err != nil {
		return reply{}, err
	}
	if err := f.refuse(message, in.Check(today)...); err != nil {
		return reply{}, err
	}
	v, err := c.family.UpdateValuation(ctx, id, in)
	if err != nil {
		return reply{}, refused(err, message)
	}
	return ok(showValuation(v))
}
