package resourceapi

import (
	"slices"
	"strings"
	"time"
)

// AccountType says what kind of thing an account is (docs/contract.md,
// "Accounts").
type AccountType string

// The account types.
const (
	Depository     AccountType = "depository"
	Investment     AccountType = "investment"
	Crypto         AccountType = "crypto"
	Property       AccountType = "property"
	Vehicle        AccountType = "vehicle"
	OtherAsset     AccountType = "other_asset"
	CreditCard     AccountType = "credit_card"
	Loan           AccountType = "loan"
	OtherLiability AccountType = "other_liability"
)

// subtypes lists every account type with the subtypes it may have.
var subtypes = map[AccountType][]string{
	Depository: {"checking", "savings", "hsa", "cd", "money_market", "cash", "other"},
	Investment: {
		"brokerage", "pension", "retirement", "401k", "roth_401k", "403b", "457b", "tsp", "529_plan", "hsa",
		"mutual_fund", "ira", "roth_ira", "sep_ira", "simple_ira", "trust", "ugma", "utma", "angel", "other",
	},
	Crypto:         {"wallet", "exchange", "other"},
	Property:       {"single_family_home", "multi_family_home", "condominium", "townhouse", "investment_property", "second_home", "land", "other"},
	Vehicle:        {"car", "motorcycle", "boat", "other"},
	OtherAsset:     {"other"},
	CreditCard:     {"credit_card", "other"},
	Loan:           {"mortgage", "student", "auto", "personal", "other"},
	OtherLiability: {"other"},
}

// accountTypes are the names of all account types, sorted.
var accountTypes = func() []string {
	var names []string
	for t := range subtypes {
		names = append(names, string(t))
	}
	slices.Sort(names)
	return names
}()

// Valid reports whether there is such an account type.
func (t AccountType) Valid() bool { return subtypes[t] != nil }

// Classification returns "asset" or "liability".
func (t AccountType) Classification() string {
	if t.Liability() {
		return "liability"
	}
	return "asset"
}

// Liability reports whether money is owed on such an account: an expense then
// raises its balance.
func (t AccountType) Liability() bool {
	return t == CreditCard || t == Loan || t == OtherLiability
}

// holdsCash reports whether the whole balance is cash. Of property, vehicles and
// debts none is.
func (t AccountType) holdsCash() bool {
	switch t {
	case Depository, CreditCard, Investment, Crypto:
		return true
	}
	return false
}

// Account statuses.
const (
	StatusActive          = "active"
	StatusDraft           = "draft"
	StatusDisabled        = "disabled"
	StatusPendingDeletion = "pending_deletion"
)

// Account holds money of the family, or a debt.
type Account struct {
	ID                string
	Name              string
	Type              AccountType
	Subtype           *string
	Status            string
	Currency          Currency
	Balance           Amount // at the end of today, in Currency
	InstitutionName   *string
	InstitutionDomain *string
	CreatedAt         time.Time
	UpdatedAt         time.Time
}

// CashBalance returns the part of the balance that is cash.
func (a Account) CashBalance() Amount {
	if a.Type.holdsCash() {
		return a.Balance
	}
	return 0
}

// NewAccount is an account to be opened.
type NewAccount struct {
	Account
	Opening *Opening // nil: it starts at 0
}

// Opening is what an account held before its first entry.
type Opening struct {
	Date   Date
	Amount Amount
}

// AccountChange is a change of an account. nil leaves a member as it is; a pointer
// to an empty text clears a member that may be empty.
type AccountChange struct {
	Name              *string
	Subtype           *string
	Status            *string
	InstitutionName   *string
	InstitutionDomain *string
	Balance           *Amount // what it holds today: recorded as a valuation
}

// Apply changes a.
func (c AccountChange) Apply(a *Account) {
	if c.Name != nil {
		a.Name = *c.Name
	}
	if c.Status != nil {
		a.Status = *c.Status
	}
	for _, pair := range []struct{ to, from **string }{
		{&a.Subtype, &c.Subtype}, {&a.InstitutionName, &c.InstitutionName}, {&a.InstitutionDomain, &c.InstitutionDomain},
	} {
		if *pair.from != nil {
			*pair.to = present(**pair.from)
		}
	}
}

func present(text string) *string {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	return &text
}

// Check returns the rules a breaks.
func (a Account) Check() []string {
	var c complaints
	c.text("Name", a.Name, MaxName, true)
	if !a.Type.Valid() {
		c.unlisted("Account type", accountTypes...)
	} else if a.Subtype != nil && !slices.Contains(subtypes[a.Type], *a.Subtype) {
		c.unlisted("Subtype", subtypes[a.Type]...)
	}
	if settable := []string{StatusActive, StatusDraft, StatusDisabled}; !slices.Contains(settable, a.Status) {
		c.unlisted("Status", settable...)
	}
	c.optional("Institution name", a.InstitutionName, maxShort)
	c.optional("Institution domain", a.InstitutionDomain, maxShort)
	return c
}

// AccountRef is an account as other nouns name it.
type AccountRef struct {
	ID   string
	Name string
	Type AccountType
}

// BalancePoint is what an account held at the end of a day.
type BalancePoint struct {
	Date    Date
	Balance Amount
}
