package api

import (
	"time"

	"latchkey/resourceapi"
)

// stamp is a time as docs/contract.md writes it: ISO 8601, UTC, milliseconds.
type stamp time.Time

// MarshalText writes the time. It adds the milliseconds itself, because package time
// formats RFC 3339 many times faster than a layout with milliseconds.
func (s stamp) MarshalText() ([]byte, error) {
	at := time.Time(s).UTC()
	text := at.AppendFormat(make([]byte, 0, len("2006-01-02T15:04:05.000Z")), time.RFC3339)
	ms := at.Nanosecond() / int(time.Millisecond)
	return append(text[:len(text)-1], '.', byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10), 'Z'), nil //nolint:gosec // three digits
}

func stampOf(t *time.Time) *stamp {
	if t == nil {
		return nil
	}
	s := stamp(*t)
	return &s
}

type accountShape struct {
	ID                string  `json:"id"`
	Name              string  `json:"name"`
	Balance           string  `json:"balance"`
	BalanceCents      int64   `json:"balance_cents"`
	CashBalance       string  `json:"cash_balance"`
	CashBalanceCents  int64   `json:"cash_balance_cents"`
	Currency          string  `json:"currency"`
	Classification    string  `json:"classification"`
	AccountType       string  `json:"account_type"`
	Subtype           *string `json:"subtype"`
	Status            string  `json:"status"`
	InstitutionName   *string `json:"institution_name"`
	InstitutionDomain *string `json:"institution_domain"`
	CreatedAt         stamp   `json:"created_at"`
	UpdatedAt         stamp   `json:"updated_at"`
}

func showAccount(a resourceapi.Account) accountShape {
	return accountShape{
		ID: a.ID, Name: a.Name,
		Balance: a.Balance.Format(a.Currency), BalanceCents: int64(a.Balance),
		CashBalance: a.CashBalance().Format(a.Currency), CashBalanceCents: int64(a.CashBalance()),
		Currency: string(a.Currency), Classification: a.Type.Classification(), AccountType: string(a.Type),
		Subtype: a.Subtype, Status: a.Status, InstitutionName: a.InstitutionName, InstitutionDomain: a.InstitutionDomain,
		CreatedAt: stamp(a.CreatedAt), UpdatedAt: stamp(a.UpdatedAt),
	}
}

type accountRef struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	AccountType string `json:"account_type"`
}

func refer(a resourceapi.AccountRef) accountRef {
	return accountRef{ID: a.ID, Name: a.Name, AccountType: string(a.Type)}
}

type transactionShape struct {
	ID                string           `json:"id"`
	Date              resourceapi.Date `json:"date"`
	Amount            string           `json:"amount"`
	AmountCents       int64            `json:"amount_cents"`
	SignedAmountCents int64            `json:"signed_amount_cents"`
	Currency          string           `json:"currency"`
	Name              string           `json:"name"`
	Notes             *string          `json:"notes"`
	ExternalID        *string          `json:"external_id"`
	Source            *string          `json:"source"`
	Classification    string           `json:"classification"`
	Account           accountRef       `json:"account"`
	Category          *categoryRef     `json:"category"`
	Merchant          *merchantRef     `json:"merchant"`
	Tags              []tagRef         `json:"tags"`
	Transfer          *struct{}        `json:"transfer"` // always null: transfers are not recognised
	CreatedAt         stamp            `json:"created_at"`
	UpdatedAt         stamp            `json:"updated_at"`
}

type categoryRef struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Color string `json:"color"`
	Icon  string `json:"icon"`
}

type merchantRef struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type tagRef struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Color string `json:"color"`
}

func showTransaction(t resourceapi.Transaction) transactionShape {
	s := transactionShape{
		ID: t.ID, Date: t.Date, Amount: t.Amount.Format(t.Currency),
		AmountCents: int64(t.Amount.Abs()), SignedAmountCents: -int64(t.Amount), Currency: string(t.Currency),
		Name: t.Name, Notes: t.Notes, ExternalID: t.ExternalID, Source: t.Source, Classification: t.Classification(),
		Account: refer(t.Account), Tags: make([]tagRef, len(t.Tags)), CreatedAt: stamp(t.CreatedAt), UpdatedAt: stamp(t.UpdatedAt),
	}
	if c := t.Category; c != nil {
		s.Category = &categoryRef{c.ID, c.Name, c.Color, c.Icon}
	}
	if m := t.Merchant; m != nil {
		s.Merchant = &merchantRef{m.ID, m.Name}
	}
	for i, tag := range t.Tags {
		s.Tags[i] = tagRef{tag.ID, tag.Name, tag.Color}
	}
	return s
}

// mapped applies show to every member. The result is never nil, so that it is a
// JSON array.
func mapped[T, S any](list []T, show func(T) S) []S {
	shown := make([]S, len(list))
	for i, t := range list {
		shown[i] = show(t)
	}
	return shown
}
