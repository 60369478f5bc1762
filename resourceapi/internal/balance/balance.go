// Package balance computes the balances of an account, day by day, from its opening
// value, its transactions and its valuations. Its workers do that for all families,
// one worker at a time for each family.
package balance

import (
	"errors"

	"latchkey/resourceapi"
	"latchkey/resourceapi/internal/store"
)

// ErrRange means that a balance does not fit into 64 bits of minor units.
var ErrRange = errors.New("balance: out of range")

// Compute returns the balance at the end of each day that has an entry. The balance
// of a day is the value stated for it, if there is one. Otherwise it is the previous
// balance minus the expenses of the day, or plus them on a liability.
func Compute(l store.Ledger) ([]resourceapi.BalancePoint, error) {
	var points []resourceapi.BalancePoint
	balance := l.Before
	flows, stated, opening := l.Flows, l.Statements, l.Opening
	for len(flows) > 0 || len(stated) > 0 || opening != nil {
		day := resourceapi.Date(1<<31 - 1)
		if len(flows) > 0 {
			day = flows[0].Date
		}
		if len(stated) > 0 {
			day = min(day, stated[0].Date)
		}
		if opening != nil {
			day = min(day, *opening)
		}
		if len(flows) > 0 && flows[0].Date == day {
			flow := -flows[0].Balance
			if l.Liability {
				flow = -flow
			}
			sum, fits := balance.Add(flow)
			if !fits {
				return nil, ErrRange
			}
			balance, flows = sum, flows[1:]
		}
		if len(stated) > 0 && stated[0].Date == day {
			balance, stated = stated[0].Balance, stated[1:]
		}
		if opening != nil && *opening == day {
			opening = nil
		}
		points = append(points, resourceapi.BalancePoint{Date: day, Balance: balance})
	}
	return points, nil
}
