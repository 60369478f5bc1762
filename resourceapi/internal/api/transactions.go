package api

import (
	"context"
	"errors"
	"strings"

	"latchkey/pkg/fault"
	"latchkey/resourceapi"
	"latchkey/resourceapi/internal/store"
)

var errNoTransaction = fault.New(fault.NotFound, "Transaction not found")

func (a *API) listTransactions(ctx context.Context, c *call) (reply, error) {
	q, err := c.query()
	if err != nil {
		return reply{}, err
	}
	filter := store.TransactionFilter{
		Accounts: q.ids("account_id", "account_ids"), Categories: q.ids("category_id", "category_ids"),
		Merchants: q.ids("merchant_id", "merchant_ids"), Tags: q.ids("", "tag_ids"),
		Start: q.date("start_date"), End: q.date("end_date"),
		Min: q.thousandths("min_amount"), Max: q.thousandths("max_amount"),
		Type: q.oneOf("type", "income", "expense"), Search: q.last("search"),
	}
	if len(filter.Search) > resourceapi.MaxName {
		q.complain("search is too long")
	}
	q.asked = append(q.asked, "after")
	if q.values.Has("after") {
		return a.transactionsAfter(ctx, c, q, filter)
	}
	if err := q.err(); err != nil {
		return reply{}, err
	}
	list, paging, err := c.family.Transactions(ctx, filter, q.page())
	if err != nil {
		return reply{}, err
	}
	page := paged(paging)
	switch n := len(list); {
	case paging.Next != nil:
		page.NextCursor = cursorText(*paging.Next)
	case n > 0 && (paging.Page < paging.Pages || paging.Capped):
		page.NextCursor = cursorText(store.CursorAt(list[n-1]))
	}
	return ok(struct {
		Transactions []transactionShape `json:"transactions"`
		Pagination   pagination         `json:"pagination"`
	}{mapped(list, showTransaction), page})
}

// transactionsAfter lists by cursor, which costs the same anywhere in the list. An
// empty cursor starts at the newest transaction.
func (a *API) transactionsAfter(ctx context.Context, c *call, q *query, filter store.TransactionFilter) (reply, error) {
	var after *store.Cursor
	if text := q.last("after"); text != "" {
		place, valid := parseCursor(text)
		if !valid {
			q.complain("after must be a cursor of this list")
		}
		after = &place
	}
	if err := q.err(); err != nil {
		return reply{}, err
	}
	size := q.page().Size
	list, more, err := c.family.TransactionsAfter(ctx, filter, after, size)
	if err != nil {
		return reply{}, err
	}
	page := cursors{PerPage: size, HasMore: more != nil}
	if more != nil {
		next := cursorText(*more)
		page.NextCursor = &next
	}
	return ok(struct {
		Transactions []transactionShape `json:"transactions"`
		Pagination   cursors            `json:"pagination"`
	}{mapped(list, showTransaction), page})
}

func (a *API) showTransaction(ctx context.Context, c *call) (reply, error) {
	id, err := c.id(errNoTransaction)
	if err != nil {
		return reply{}, err
	}
	t, err := c.family.Transaction(ctx, id)
	if err != nil {
		return reply{}, err
	}
	return ok(showTransaction(t))
}

// transactionInput reads a transaction as docs/contract.md, "Transactions",
// describes it.
func transactionInput(f *fields) resourceapi.TransactionInput {
	in := resourceapi.TransactionInput{
		AccountID: f.text("account_id", "Account ID").Value, Date: f.date("date", "Date"), Amount: f.number("amount", "Amount"),
		Name: f.text("name", "Name"), Notes: f.text("notes", "Notes"),
		CategoryID: f.text("category_id", "Category"), MerchantID: f.text("merchant_id", "Merchant"), TagIDs: f.list("tag_ids", "Tags"),
		ExternalID: f.text("external_id", "External ID").Value, Source: f.text("source", "Source").Value,
	}
	if description := f.text("description", "Description"); strings.TrimSpace(in.Name.Value) == "" && description.Set {
		in.Name = description
	}
	nature, known := resourceapi.ParseNature(f.text("nature", "Nature").Value)
	if !known {
		f.complain("Nature must be one of: income, inflow, expense, outflow")
	}
	in.Nature = nature
	if currency := f.text("currency", "Currency").Value; currency != "" {
		code, err := resourceapi.ParseCurrency(currency)
		if err != nil {
			f.complain("Currency " + err.Error())
		}
		in.Currency = code
	}
	return in
}

// newTransaction reads and checks a transaction to be created. The message is that
// of the contract where it has one for the first broken rule.
func newTransaction(f *fields, today resourceapi.Date) (in resourceapi.TransactionInput, message string, broken []string) {
	in = transactionInput(f)
	switch {
	case strings.TrimSpace(in.AccountID) == "" && len(f.complaints) == 0:
		return in, "Account ID is required", f.broken("Account ID is required")
	case in.Source != "" && in.ExternalID == "":
		return in, "Source requires external_id", append([]string{"Source requires external_id"}, f.strangers()...)
	}
	if in.Source == "" {
		in.Source = resourceapi.DefaultSource
	}
	return in, "Transaction could not be created", f.broken(in.Check(true, today)...)
}

func (a *API) createTransaction(ctx context.Context, c *call) (reply, error) {
	f, err := c.root("transaction")
	if err != nil {
		return reply{}, err
	}
	today, err := c.family.Today(ctx)
	if err != nil {
		return reply{}, err
	}
	in, message, broken := newTransaction(f, today)
	if len(broken) > 0 {
		return reply{}, resourceapi.Refuse(message, broken...)
	}
	made, err := c.family.CreateTransactions(ctx, []resourceapi.TransactionInput{in})
	if err != nil {
		return reply{}, refused(err, "Transaction could not be created")
	}
	if made[0].Replayed {
		return ok(showTransaction(made[0].Transaction))
	}
	return created(showTransaction(made[0].Transaction))
}

// refused turns broken rules of the store into the contract's 422. If the only
// broken rule says what was not found, that is the message. Without the account
// itself the answer is 404 (docs/contract.md, "Transactions").
func refused(err error, message string) error {
	rules, broken := errors.AsType[*store.RulesError](err)
	if !broken {
		return err
	}
	list := rules.Errors[0]
	if len(list) == 1 && list[0] == errNoAccount.Message {
		return errNoAccount
	}
	if len(list) == 1 && strings.HasSuffix(list[0], " not found") {
		message = list[0]
	}
	return resourceapi.Refuse(message, list...)
}

func (a *API) updateTransaction(ctx context.Context, c *call) (reply, error) {
	id, err := c.id(errNoTransaction)
	if err != nil {
		return reply{}, err
	}
	f, err := changeOf[transactionShape](c, "transaction")
	if err != nil {
		return reply{}, err
	}
	const message = "Transaction could not be updated"
	for _, fixed := range []string{"account_id", "currency", "external_id", "source"} {
		delete(f.members, fixed) // these cannot change, so their values are not even read
	}
	for _, label := range []string{"category_id", "merchant_id"} {
		if f.members[label] == "" {
			delete(f.members, label) // null clears it; a blank in a form does not
		}
	}
	in := transactionInput(f)
	if in.Name.Set && !f.has("name") && strings.TrimSpace(in.Name.Value) == "" {
		in.Name.Set = false
	}
	for _, name := range []string{"amount", "date"} {
		if f.has(name) && (f.members[name] == nil || f.members[name] == "") {
			f.complain(strings.ToUpper(name[:1]) + name[1:] + " can't be blank")
		}
	}
	today, err := c.family.Today(ctx)
	if err != nil {
		return reply{}, err
	}
	if err := f.refuse(message, in.Check(false, today)...); err != nil {
		return reply{}, err
	}
	t, err := c.family.UpdateTransaction(ctx, id, in)
	if err != nil {
		return reply{}, refused(err, message)
	}
	return ok(showTransaction(t))
}

func (a *API) deleteTransaction(ctx context.Context, c *call) (reply, error) {
	id, err := c.id(errNoTransaction)
	if err != nil {
		return reply{}, err
	}
	if err := c.family.DeleteTransaction(ctx, id); err != nil {
		return reply{}, err
	}
	return ok(message{"Transaction deleted successfully"})
}
