package api_test

import (
	"fmt"
	"slices"
	"testing"
)

// TestFirstRequestsTogether sends the first requests of a new family at the same time.
// The family gets one account.
func TestFirstRequestsTogether(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		for range 5 {
			c := s.family()
			var requests []func() result
			for i := range 20 {
				requests = append(requests,
					func() result { return c.get("/api/v1/accounts") },
					func() result {
						return c.do("POST", "/api/v1/tags", object{"tag": object{"name": fmt.Sprint("t", i)}}, "Idempotency-Key", fmt.Sprint("k", i))
					})
			}
			for _, r := range together(requests...) {
				if r.status != 200 && r.status != 201 {
					t.Errorf("%d %s", r.status, r.raw)
				}
			}
			if n := c.get("/api/v1/accounts").length("accounts"); n != 1 {
				t.Errorf("%d accounts, want 1", n)
			}
		}
	})
}

// TestValuationMovedByMany moves one valuation to many days at the same time. The
// balances are then the same as after a sync from the beginning.
func TestValuationMovedByMany(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		for range 3 {
			account := c.do("POST", "/api/v1/accounts", object{"account": object{
				"name": "v", "balance": "1", "opening_date": "2026-01-01",
			}}).want(201).text("id")
			path := "/api/v1/valuations/" + c.do("POST", "/api/v1/valuations", object{"valuation": object{
				"account_id": account, "amount": "10", "date": "2026-02-10",
			}}).want(201).text("id")
			var requests []func() result
			for i := range 8 {
				requests = append(requests, func() result {
					return c.do("PATCH", path, object{"valuation": object{"amount": 100 + i, "date": fmt.Sprintf("2026-0%d-15", i%3+1)}})
				})
			}
			for _, r := range together(requests...) {
				r.want(200)
			}
			series := func() []byte {
				s.until("the syncs finish", func() bool {
					data, _ := c.get("/api/v1/syncs?per_page=100").at("data").([]any)
					return !slices.ContainsFunc(data, func(v any) bool { return v.(object)["in_progress"] == true })
				})
				return c.get("/api/v1/accounts/" + account + "/balances?start_date=2026-01-01&end_date=2026-04-01&per_page=100").want(200).raw
			}
			before := series()
			c.do("POST", "/api/v1/accounts/"+account+"/sync", nil).want(202)
			if after := series(); !slices.Equal(before, after) {
				t.Errorf("balances differ:\n%s\n%s", before, after)
			}
		}
	})
}
