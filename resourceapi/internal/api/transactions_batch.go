package api

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"latchkey/pkg/body"
	"latchkey/pkg/fault"
	"latchkey/resourceapi"
	"latchkey/resourceapi/internal/store"
)

// itemErrors are the broken rules of one member of a batch.
type itemErrors struct {
	Index  int      `json:"index"`
	Errors []string `json:"errors"`
}

// batchValues is how many values a batch may be made of: 500 transactions, each with
// every member and 100 tags.
const batchValues = 500 * 128

var errBatchTooMany = resourceapi.Refuse("Transactions are too many (maximum is 500)")

// createTransactions writes up to 500 transactions, all or none.
func (a *API) createTransactions(ctx context.Context, c *call) (reply, error) {
	c.limits = body.Limits{Bytes: 8 * a.BodyLimit, Values: batchValues}
	object, err := c.object()
	if errors.Is(err, body.ErrTooMany) {
		return reply{}, errBatchTooMany
	}
	if err != nil && !errors.Is(err, body.ErrEmpty) {
		return reply{}, err
	}
	items, isList := object["transactions"].([]any)
	if !isList {
		return reply{}, noRoot(object, "transactions", "a list")
	}
	if len(items) == 0 {
		return reply{}, resourceapi.Refuse("Transactions can't be blank")
	}
	if len(items) > resourceapi.MaxBatch {
		return reply{}, errBatchTooMany
	}
	today, err := c.family.Today(ctx)
	if err != nil {
		return reply{}, err
	}
	inputs, broken := make([]resourceapi.TransactionInput, len(items)), map[int][]string{}
	for i, item := range items {
		members, isObject := item.(map[string]any)
		if !isObject {
			broken[i] = []string{"Transaction must be an object"}
			continue
		}
		in, _, rules := newTransaction(&fields{members: members}, today)
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

// batchAnswer is {"transactions": […], "created", "replayed"}.
type batchAnswer []store.Created

func batchReply(made batchAnswer) (reply, error) {
	if made.replayed() == len(made) {
		return ok(made)
	}
	return created(made)
}

func (b batchAnswer) replayed() (n int) {
	for _, m := range b {
		if m.Replayed {
			n++
		}
	}
	return n
}

// size implements piecewise.
func (b batchAnswer) size() int {
	size := len(b) << 10
	for _, m := range b {
		if m.Transaction.Notes != nil {
			size += len(*m.Transaction.Notes)
		}
	}
	return size
}

// encodeTo implements piecewise.
func (b batchAnswer) encodeTo(e *encoder, written func()) error {
	separator := `{"transactions":[`
	for _, m := range b {
		e.buf.WriteString(separator)
		if err := e.part(showTransaction(m.Transaction)); err != nil {
			return err
		}
		written()
		separator = ","
	}
	replayed := b.replayed()
	_, _ = fmt.Fprintf(&e.buf, `],"created":%d,"replayed":%d}`+"\n", len(b)-replayed, replayed) // into memory
	return nil
}

func refusedBatch(broken map[int][]string) error {
	details := make([]itemErrors, 0, len(broken))
	for i, rules := range broken {
		details = append(details, itemErrors{i, rules})
	}
	slices.SortFunc(details, func(a, b itemErrors) int { return a.Index - b.Index })
	return fault.New(fault.Invalid, "Transactions could not be created").WithErrors(details[0].Errors...).WithDetails(details)
}
