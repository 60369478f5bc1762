package api_test

import (
	"fmt"
	"strconv"
	"sync"
	"testing"
)

// TestEverybodyAtOnce lets many callers of one family change everything at the same
// time, while balances are recomputed. No request may fail because of another one,
// and in the end counters, lists and balances agree.
func TestEverybodyAtOnce(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		accounts := []string{c.cash(), c.do("POST", "/api/v1/accounts", object{"account": object{"name": "Second"}}).want(201).text("id")}
		fine := func(r result) result {
			if r.status >= 500 || r.status == 409 {
				t.Errorf("%d %s", r.status, r.raw)
			}
			return r
		}
		var all sync.WaitGroup
		for worker := range 12 {
			all.Go(func() {
				for i := range 12 {
					account := accounts[(worker+i)%2]
					made := fine(c.do("POST", "/api/v1/transactions", object{"transaction": object{
						"account_id": account, "date": fmt.Sprintf("2026-01-%02d", i%5+1), "amount": "-1", "name": "w",
					}}))
					switch path := "/api/v1/transactions/" + made.text("id"); i % 4 {
					case 0:
						fine(c.do("PATCH", path, object{"transaction": object{"date": "2026-01-0" + strconv.Itoa(worker%5+1), "amount": "1"}}))
						fine(c.do("PATCH", path, object{"transaction": object{"amount": "-1"}}))
					case 1:
						fine(c.do("DELETE", path, nil))
					case 2:
						fine(c.do("POST", "/api/v1/sync", nil))
					case 3:
						fine(c.do("PATCH", "/api/v1/accounts/"+account, object{"account": object{"balance": "5"}}))
					}
				}
			})
		}
		all.Wait()
		for _, query := range []string{"", "&type=income", "&type=expense", "&account_id=" + accounts[0], "&start_date=2026-01-02&end_date=2026-01-03"} {
			counted, read := c.get("/api/v1/transactions?per_page=100"+query), 0
			for after, more := "", true; more; {
				r := c.get("/api/v1/transactions?per_page=100&after=" + after + query).want(200)
				read += r.length("transactions")
				if more = r.at("pagination", "has_more") == true; more {
					after = r.text("pagination", "next_cursor")
				}
			}
			if got := counted.at("pagination", "total_count"); got != strconv.Itoa(read) {
				t.Errorf("%s: counted %v, read %d", query, got, read)
			}
		}
		for _, account := range accounts {
			s.balance(c, account, "$5.00")
		}
	})
}
