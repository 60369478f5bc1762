package api

import (
	"context"
	"errors"
	"slices"

	"latchkey/pkg/fault"
	"latchkey/resourceapi"
	"latchkey/resourceapi/internal/store"
)

// itemErrors are the broken rules of one member of a batch.
type itemErrors struct {
	Index  int      `json:"index"`
	Errors []string `json:"errors"`
}

// createTransactions writes up to 500 transactions, all or none.
func (a *API) createTransactions(ctx context.Context, c *call) (reply, error) {
	body, err := c.object()
	if err != nil {
		return reply{}, err
	}
	items, isList := body["transactions"].([]any)
	if !isList {
		return reply{}, errNoRoot
	}
	if len(items) == 0 {
		return reply{}, resourceapi.Refuse("Transactions can't be blank")
	}
	if len(items) > resourceapi.MaxBatch {
		return reply{}, resourceapi.Refuse("Transactions are too many (maximum is 500)")
	}
	inputs, broken := make([]resourceapi.TransactionInput, len(items)), map[int][]string{}
	for i, item := range items {
		members, isObject := item.(map[string]any)
		if !isObject {
			broken[i] = []string{"Transaction must be an object"}
			continue
		}
		in, _, rules := a.newTransaction(&fields{members: members})
		if inputs[i] = in; len(rules) > 0 {
			broken[i] = rules
		}
	}
	if len(broken) > 0 {
		further, err := c.family.CheckTransactions(ctx, inputs)
		if err != nil {
			return reply{}, err
		}
		for i, rules := range further {
			if broken[i] == nil {
				broken[i] = rules
			}
		}
		return reply{}, refusedBatch(broken)
	}
	made, err := c.family.CreateTransactions(ctx, inputs)
	if rules, isRules := errors.AsType[*store.RulesError](err); isRules {
		return reply{}, refusedBatch(rules.Errors)
	}
	if err != nil {
		return reply{}, err
	}
	return batchReply(made)
}

func batchReply(made []store.Created) (reply, error) {
	answer := struct {
		Transactions []transactionShape `json:"transactions"`
		Created      int                `json:"created"`
		Replayed     int                `json:"replayed"`
	}{Transactions: make([]transactionShape, len(made))}
	for i, m := range made {
		answer.Transactions[i] = showTransaction(m.Transaction)
		if m.Replayed {
			answer.Replayed++
		} else {
			answer.Created++
		}
	}
	if answer.Created == 0 {
		return ok(answer)
	}
	return created(answer)
}

func refusedBatch(broken map[int][]string) error {
	details := make([]itemErrors, 0, len(broken))
	for i, rules := range broken {
		details = append(details, itemErrors{i, rules})
	}
	slices.SortFunc(details, func(a, b itemErrors) int { return a.Index - b.Index })
	return fault.New(fault.Invalid, "Transactions could not be created").WithErrors(details[0].Errors...).WithDetails(details)
}
