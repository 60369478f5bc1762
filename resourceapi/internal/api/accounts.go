package api

import (
	"context"
	"strings"

	"github.com/gorilla/mux"

	"latchkey/pkg/fault"
	"latchkey/resourceapi"
)

var errNoRoute = fault.New(fault.NotFound, "The requested resource was not found")

// id returns the id in the path, or notFound: a malformed id is like one that
// does not exist.
func (c *call) id(notFound error) (string, error) {
	id, valid := resourceapi.ParseID(mux.Vars(c.Request)["id"])
	if !valid {
		return "", notFound
	}
	return id, nil
}

var errNoAccount = fault.New(fault.NotFound, "Account not found")

func (a *API) listAccounts(ctx context.Context, c *call) (reply, error) {
	q, err := c.query()
	if err != nil {
		return reply{}, err
	}
	disabled := q.bool("include_disabled")
	if err := q.err(); err != nil {
		return reply{}, err
	}
	list, paging, err := c.family.Accounts(ctx, disabled, q.page())
	if err != nil {
		return reply{}, err
	}
	return ok(struct {
		Accounts   []accountShape `json:"accounts"`
		Pagination pagination     `json:"pagination"`
	}{mapped(list, showAccount), paged(paging)})
}

func (a *API) showAccount(ctx context.Context, c *call) (reply, error) {
	id, err := c.id(errNoAccount)
	if err != nil {
		return reply{}, err
	}
	q, err := c.query()
	if err != nil {
		return reply{}, err
	}
	disabled := q.bool("include_disabled")
	if err := q.err(); err != nil {
		return reply{}, err
	}
	account, err := c.family.Account(ctx, id, disabled)
	if err != nil {
		return reply{}, err
	}
	return ok(showAccount(account))
}

const accountRefused = "Account could not be created"

func (a *API) createAccount(ctx context.Context, c *call) (reply, error) {
	f, err := c.root("account")
	if err != nil {
		return reply{}, err
	}
	in := resourceapi.NewAccount{Account: resourceapi.Account{
		Name: f.text("name", "Name").Value, Type: resourceapi.AccountType(f.text("account_type", "Account type").Value),
		Status: f.text("status", "Status").Value,
	}}
	if in.Type == "" && !f.has("account_type") {
		in.Type = resourceapi.Depository
	}
	if in.Status == "" {
		in.Status = resourceapi.StatusActive
	}
	accountChange(f).Apply(&in.Account)
	if in.Currency, err = c.currency(ctx, f); err != nil {
		return reply{}, err
	}
	today, err := c.family.Today(ctx)
	if err != nil {
		return reply{}, err
	}
	opening, day := f.number("balance", "Balance"), f.date("opening_date", "Opening date")
	if day.Set && (day.Value <= today.AddYears(-30) || day.Value > today) {
		f.complain("Opening date must be after " + today.AddYears(-30).String() + " and not in the future")
	}
	if opening.Set {
		amount, wrong := resourceapi.ParseAmount(opening.Value, in.Currency)
		if wrong != nil {
			f.complain("Balance " + wrong.Error())
		}
		in.Opening = &resourceapi.Opening{Date: today, Amount: amount}
		if day.Set {
			in.Opening.Date = day.Value
		}
	}
	if err := f.refuse(accountRefused, in.Check()...); err != nil {
		return reply{}, err
	}
	account, err := c.family.CreateAccount(ctx, in)
	if err != nil {
		return reply{}, err
	}
	return created(showAccount(account))
}

// currency reads the currency of a new account. The default is the family's.
func (c *call) currency(ctx context.Context, f *fields) (resourceapi.Currency, error) {
	text := f.text("currency", "Currency")
	if strings.TrimSpace(text.Value) == "" {
		own, err := c.family.Settings(ctx)
		return own.Currency, err
	}
	currency, err := resourceapi.ParseCurrency(text.Value)
	if err != nil {
		f.complain("Currency " + err.Error())
		return "USD", nil
	}
	return currency, nil
}

// accountChange reads the members that may change without a further check.
func accountChange(f *fields) resourceapi.AccountChange {
	return resourceapi.AccountChange{
		Name: f.pointer("name", "Name"), Subtype: f.pointer("subtype", "Subtype"),
		InstitutionName:   f.pointer("institution_name", "Institution name"),
		InstitutionDomain: f.pointer("institution_domain", "Institution domain"),
	}
}

func (a *API) updateAccount(ctx context.Context, c *call) (reply, error) {
	id, err := c.id(errNoAccount)
	if err != nil {
		return reply{}, err
	}
	f, err := changeOf[accountShape](c, "account")
	if err != nil {
		return reply{}, err
	}
	change := accountChange(f)
	change.Status = f.pointer("status", "Status")
	kind, currency, balance := f.text("account_type", "Account type"), f.text("currency", "Currency"), f.number("balance", "Balance")
	account, err := c.family.UpdateAccount(ctx, id, func(account resourceapi.Account) (resourceapi.AccountChange, error) {
		if kind.Set && kind.Value != string(account.Type) {
			f.complain("Account type cannot be changed")
		}
		if currency.Set && !strings.EqualFold(currency.Value, string(account.Currency)) {
			f.complain("Currency cannot be changed")
		}
		if balance.Set {
			amount, err := resourceapi.ParseAmount(balance.Value, account.Currency)
			if err != nil {
				f.complain("Balance " + err.Error())
			}
			change.Balance = &amount
		}
		change.Apply(&account)
		return change, f.refuse("Account could not be updated", account.Check()...)
	})
	if err != nil {
		return reply{}, err
	}
	return ok(showAccount(account))
}

func (a *API) disableAccount(ctx context.Context, c *call) (reply, error) {
	return a.setStatus(ctx, c, resourceapi.StatusDisabled)
}

func (a *API) enableAccount(ctx context.Context, c *call) (reply, error) {
	return a.setStatus(ctx, c, resourceapi.StatusActive)
}

func (a *API) setStatus(ctx context.Context, c *call, status string) (reply, error) {
	id, err := c.id(errNoAccount)
	if err != nil {
		return reply{}, err
	}
	account, err := c.family.UpdateAccount(ctx, id, func(resourceapi.Account) (resourceapi.AccountChange, error) {
		return resourceapi.AccountChange{Status: &status}, nil
	})
	if err != nil {
		return reply{}, err
	}
	return ok(showAccount(account))
}

func (a *API) deleteAccount(ctx context.Context, c *call) (reply, error) {
	id, err := c.id(errNoAccount)
	if err != nil {
		return reply{}, err
	}
	if err := c.family.RemoveAccount(ctx, id); err != nil {
		return reply{}, err
	}
	return ok(message{"Account deleted successfully"})
}
