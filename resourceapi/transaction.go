package resourceapi

import (
	"strings"
	"time"
)

// DefaultSource is the source of an external id that is sent without one.
const DefaultSource = "api"

// MaxBatch is how many transactions one batch may hold.
const MaxBatch = 500

// maxTags is how many tags a transaction may have.
const maxTags = 100

// Transaction is one movement of money. A positive amount is an expense, a negative
// one an income (docs/contract.md, "Lists").
type Transaction struct {
	ID         string
	Date       Date
	Amount     Amount
	Currency   Currency
	Name       string
	Notes      *string
	ExternalID *string
	Source     *string
	Account    AccountRef
	Category   *CategoryRef
	Merchant   *MerchantRef
	Tags       []TagRef
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// Classification returns "income" or "expense".
func (t Transaction) Classification() string {
	if t.Amount < 0 {
		return "income"
	}
	return "expense"
}

// Nature forces the sign of an amount.
type Nature string

// The natures; the empty one leaves the sign as given.
const (
	AsGiven Nature = ""
	Income  Nature = "income"
	Expense Nature = "expense"
)

// ParseNature reads income, inflow, expense or outflow.
func ParseNature(text string) (Nature, bool) {
	switch strings.ToLower(text) {
	case "":
		return AsGiven, true
	case "income", "inflow":
		return Income, true
	case "expense", "outflow":
		return Expense, true
	}
	return "", false
}

// Sign returns a with the sign n asks for.
func (n Nature) Sign(a Amount) Amount {
	switch n {
	case Income:
		return -a.Abs()
	case Expense:
		return a.Abs()
	}
	return a
}

// TransactionInput is a transaction as a caller sends it. A change leaves the
// members that are not Set as they are.
type TransactionInput struct {
	AccountID  string
	Date       Field[Date]
	Amount     Field[string] // decimal text: its currency is the account's unless Currency says otherwise
	Nature     Nature
	Currency   Currency
	Name       Field[string]
	Notes      Field[string]
	CategoryID Field[string] // "": none
	MerchantID Field[string] // "": none
	TagIDs     Field[[]string]
	ExternalID string
	Source     string
}

// Field is a member that may be absent.
type Field[T any] struct {
	Set   bool
	Value T
}

// Given returns a Field that is set.
func Given[T any](v T) Field[T] { return Field[T]{Set: true, Value: v} }

// Check returns the rules that the input breaks on the day today. Rules that
// depend on the family's data are not among them.
func (in TransactionInput) Check(creating bool, today Date) []string {
	var c complaints
	if in.Name.Set || creating {
		c.text("Name", in.Name.Value, MaxName, true)
	}
	if creating && !in.Date.Set {
		c.add("Date can't be blank")
	}
	if in.Date.Set && in.Date.Value <= today.AddYears(-30) {
		c.add("Date must be after " + today.AddYears(-30).String())
	}
	if creating && !in.Amount.Set {
		c.add("Amount can't be blank")
	}
	c.text("Notes", in.Notes.Value, maxNotes, false)
	c.text("External ID", in.ExternalID, maxShort, false)
	c.text("Source", in.Source, maxShort, false)
	if len(in.TagIDs.Value) > maxTags {
		c.add("Tags are too many (maximum is 100)")
	}
	return c
}

// Money reads the amount in currency, with the sign that Nature asks for.
func (in TransactionInput) Money(currency Currency) (Amount, error) {
	a, err := ParseAmount(in.Amount.Value, currency)
	if err != nil {
		return 0, err
	}
	return in.Nature.Sign(a), nil
}

// Repriced returns the amount of a transaction of the amount old after the change in. An
// income stays an income and an expense an expense unless the change has a nature,
// or its amount a sign.
func (in TransactionInput) Repriced(old Amount, currency Currency) (Amount, error) {
	if !in.Amount.Set {
		return in.Nature.Sign(old), nil
	}
	if in.Nature == AsGiven && old < 0 && !signed(in.Amount.Value) {
		in.Nature = Income
	}
	return in.Money(currency)
}

func signed(amount string) bool {
	amount = strings.TrimSpace(amount)
	return strings.HasPrefix(amount, "-") || strings.HasPrefix(amount, "+")
}
