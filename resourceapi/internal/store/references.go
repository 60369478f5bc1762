package store

import (
	"context"
	"fmt"
	"slices"

	"latchkey/pkg/database"
	"latchkey/resourceapi"
)

// references are the rows of the family that a set of inputs refers to.
type references struct {
	accounts   map[string]resourceapi.Currency
	categories map[string]bool
	merchants  map[string]bool
	tags       map[string]bool
}

// refer finds which of the rows that inputs refer to the family has. It uses one
// statement for each kind of row, in the transaction of the write.
func (f *Family) refer(ctx context.Context, inputs []resourceapi.TransactionInput) (references, error) {
	var accounts, categories, merchants, tags []string
	for _, in := range inputs {
		accounts = append(accounts, in.AccountID)
		categories = append(categories, in.CategoryID.Value)
		merchants = append(merchants, in.MerchantID.Value)
		tags = append(tags, in.TagIDs.Value...)
	}
	r := references{accounts: map[string]resourceapi.Currency{}}
	if wanted := distinct(accounts); len(wanted) > 0 {
		rows, err := database.Find[accountRow](f.orm(ctx).Select("id", "currency").Where("id IN ? AND status <> ?", wanted, resourceapi.StatusPendingDeletion))
		if err != nil {
			return r, err
		}
		for _, row := range rows {
			r.accounts[row.ID] = resourceapi.Currency(row.Currency)
		}
	}
	var err error
	if r.categories, err = f.existing(ctx, &categoryRow{}, categories); err != nil {
		return r, err
	}
	if r.merchants, err = f.existing(ctx, &merchantRow{}, merchants); err != nil {
		return r, err
	}
	r.tags, err = f.existing(ctx, &tagRow{}, tags)
	return r, err
}

// existing returns which of ids have a row like model.
func (f *Family) existing(ctx context.Context, model any, ids []string) (map[string]bool, error) {
	wanted := distinct(ids)
	if len(wanted) == 0 {
		return nil, nil
	}
	var have []string
	if err := database.ErrorOf(f.orm(ctx).Model(model).Where("id IN ?", wanted).Pluck("id", &have)); err != nil {
		return nil, err
	}
	found := make(map[string]bool, len(have))
	for _, id := range have {
		found[id] = true
	}
	return found, nil
}

// distinct returns the valid ids among texts, each once, sorted. Other texts must not
// be compared with a uuid column.
func distinct(texts []string) []string {
	var ids []string
	for _, text := range texts {
		if id, ok := resourceapi.ParseID(text); ok {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// check returns the rules that in breaks by referring to rows the family does not
// have. It brings the ids of in into their stored form.
func (r references) check(in *resourceapi.TransactionInput, creating bool) []string {
	var broken []string
	fix := func(label string, text *string, known func(id string) bool) {
		id, ok := resourceapi.ParseID(*text)
		if !ok || !known(id) {
			broken = append(broken, label+" not found")
			return
		}
		*text = id
	}
	if creating {
		fix("Account", &in.AccountID, func(id string) bool { _, ok := r.accounts[id]; return ok })
	}
	if in.CategoryID.Value != "" {
		fix("Category", &in.CategoryID.Value, func(id string) bool { return r.categories[id] })
	}
	if in.MerchantID.Value != "" {
		fix("Merchant", &in.MerchantID.Value, func(id string) bool { return r.merchants[id] })
	}
	tags := slices.Clone(in.TagIDs.Value)
	for i := range tags {
		fix("Tag", &tags[i], func(id string) bool { return r.tags[id] })
	}
	slices.Sort(tags)
	in.TagIDs.Value = slices.Compact(tags)
	return slices.Compact(broken)
}

// money reads the amount of in. Otherwise it returns the broken rule.
func money(in resourceapi.TransactionInput, currency resourceapi.Currency) (resourceapi.Amount, []string) {
	return amountOr(in.Money(currency))
}

// repriced is the amount of old after the change in.
func repriced(in resourceapi.TransactionInput, old lockedTransaction) (resourceapi.Amount, []string) {
	return amountOr(in.Repriced(old.amount, old.currency))
}

func amountOr(amount resourceapi.Amount, err error) (resourceapi.Amount, []string) {
	if err != nil {
		return 0, []string{fmt.Sprintf("Amount %v", err)}
	}
	return amount, nil
}
