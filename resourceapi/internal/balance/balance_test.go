package balance_test

import (
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/resourceapi"
	"latchkey/resourceapi/internal/balance"
	"latchkey/resourceapi/internal/store"
)

func TestCompute(t *testing.T) {
	type points = []resourceapi.BalancePoint
	at := func(day resourceapi.Date, amount resourceapi.Amount) resourceapi.BalancePoint {
		return resourceapi.BalancePoint{Date: day, Balance: amount}
	}
	day := resourceapi.Date(10)
	for name, c := range map[string]struct {
		ledger store.Ledger
		want   points
	}{
		"nothing":                     {store.Ledger{Before: 5}, nil},
		"spending lowers an asset":    {store.Ledger{Before: 100, Flows: points{at(1, 30), at(3, -5)}}, points{at(1, 70), at(3, 75)}},
		"spending raises a debt":      {store.Ledger{Before: 100, Liability: true, Flows: points{at(1, 30)}}, points{at(1, 130)}},
		"a stated value ends its day": {store.Ledger{Flows: points{at(1, 30), at(2, 1)}, Statements: points{at(1, 500)}}, points{at(1, 500), at(2, 499)}},
		"the opening day shows":       {store.Ledger{Before: 100, Opening: &day}, points{at(10, 100)}},
		"entries before the opening":  {store.Ledger{Before: 100, Opening: &day, Flows: points{at(8, 1), at(12, 1)}}, points{at(8, 99), at(10, 99), at(12, 98)}},
	} {
		got, err := balance.Compute(c.ledger)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
	_, err := balance.Compute(store.Ledger{Before: math.MinInt64, Flows: points{at(1, 1)}})
	if !errors.Is(err, balance.ErrRange) {
		t.Errorf("out of range: %v", err)
	}
}
