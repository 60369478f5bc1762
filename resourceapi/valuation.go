package resourceapi

import "time"

// Kinds of valuation (docs/contract.md, "Valuations").
const (
	Reconciliation = "reconciliation"
	OpeningAnchor  = "opening_anchor"
)

// Valuation is what an account held at the end of a day, as somebody stated it.
// The opening anchor is what it held before its first entry.
type Valuation struct {
	ID        string
	Date      Date
	Amount    Amount
	Currency  Currency
	Notes     *string
	Kind      string
	Account   AccountRef
	CreatedAt time.Time
	UpdatedAt time.Time
}

// ValuationInput is a valuation as a caller describes it.
type ValuationInput struct {
	AccountID string
	Date      Field[Date]
	Amount    Field[string] // decimal text in the account's currency
	Notes     Field[string]
}

// Check returns the rules the input breaks on today.
func (in ValuationInput) Check(today Date) []string {
	var c complaints
	if in.Date.Set && in.Date.Value <= today.AddYears(-30) {
		c.add("Date must be after " + today.AddYears(-30).String())
	}
	c.text("Notes", in.Notes.Value, maxNotes, false)
	return c
}
