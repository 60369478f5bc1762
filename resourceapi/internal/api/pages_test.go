package api_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"
)

func TestTransactionsAreFilteredAndPaged(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		cash := c.cash()
		second := c.do("POST", "/api/v1/accounts", object{"account": object{"name": "Second"}}).want(201).text("id")
		for i := range 7 {
			c.spend(cash, object{"date": fmt.Sprintf("2026-01-%02d", i+1), "amount": i + 1, "name": fmt.Sprintf("Cash %d", i+1)})
		}
		c.spend(second, object{"date": "2026-01-04", "amount": "-3.005", "currency": "KWD", "name": "100% Salary_", "notes": "Monthly"})
		for query, want := range map[string]string{
			"": "8", "?account_id=" + cash: "7", "?account_ids[]=" + cash + "&account_ids[]=" + second: "8",
			"?account_ids=" + cash + "," + second: "8", "?account_id=" + strings.ToUpper(second): "1",
			"?start_date=2026-01-03": "6", "?start_date=2026-01-03&end_date=2026-01-04": "3", "?end_date=2026-01-01": "1",
			"?min_amount=3": "5", "?max_amount=-3.005": "1", "?max_amount=-3.006": "0", "?max_amount=1e99": "8", "?max_amount=-1e99": "0", "?min_amount=2000000000000": "0", "?min_amount=2&max_amount=3": "2",
			"?type=income": "1", "?type=expense": "7", "?type=expense&account_id=" + second: "0",
			"?search=cash": "7", "?search=100%25": "1", "?search=salary_": "1", "?search=MONTH": "1", "?search=_%25": "0",
			"?category_id=" + uuid.NewString(): "0", "?tag_ids[]=" + uuid.NewString(): "0", "?account_id=" + uuid.NewString(): "0",
			"?account_id=&start_date=&type=": "8",
		} {
			r := c.get("/api/v1/transactions" + query).want(200)
			if got := r.at("pagination", "total_count"); got != want {
				t.Errorf("%s: %v, want %s", query, got, want)
			}
			if fmt.Sprint(r.length("transactions")) != want {
				t.Errorf("%s: %d members, want %s", query, r.length("transactions"), want)
			}
		}
		for _, query := range []string{
			"account_id=x", "account_ids[]=" + cash + "x", "start_date=2026-13-01", "start_date=yesterday", "min_amount=ten", "max_amount=1e", "min_amount=0.0001",
			"type=other", "after=zzz", "tag_ids[]=1", "merchant_id='; DROP TABLE transactions", "search=" + strings.Repeat("x", 300),
		} {
			c.get("/api/v1/transactions?"+url.PathEscape(query)).refuses(422, "validation_failed", "errors")
		}
		c.get("/api/v1/transactions?search=%00").refuses(400, "bad_request", "")
		c.get("/api/v1/transactions?search=%ff").refuses(400, "bad_request", "")
		c.get("/api/v1/transactions?search=%zz").refuses(400, "bad_request", "")
		checkPages(t, c)
	})
}

func checkPages(t *testing.T, c *caller) {
	t.Helper()
	for query, want := range map[string][4]string{ // page, per_page, total_pages, first name
		"page=1&per_page=3": {"1", "3", "3", "Cash 7"}, "page=2&per_page=3": {"2", "3", "3", "100% Salary_"},
		"page=99&per_page=3": {"3", "3", "3", "Cash 2"}, "page=0": {"1", "25", "1", "Cash 7"}, "page=-4&per_page=0": {"1", "25", "1", "Cash 7"},
		"page=x&per_page=y": {"1", "25", "1", "Cash 7"}, "per_page=1000": {"1", "100", "1", "Cash 7"},
		"page=99999999999999999999": {"1", "25", "1", "Cash 7"},
	} {
		r := c.get("/api/v1/transactions?" + query).want(200)
		got := [4]string{
			fmt.Sprint(r.at("pagination", "page")), fmt.Sprint(r.at("pagination", "per_page")), fmt.Sprint(r.at("pagination", "total_pages")),
			r.text("transactions", 0, "name"),
		}
		if got != want {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
	var names []string
	for after, more := "", true; more; {
		r := c.get("/api/v1/transactions?per_page=3&after=" + after).want(200)
		for i := range r.length("transactions") {
			names = append(names, r.text("transactions", i, "name"))
		}
		if more = r.at("pagination", "has_more") == true; more {
			after = r.text("pagination", "next_cursor")
		}
	}
	if got := strings.Join(names, ","); got != "Cash 7,Cash 6,Cash 5,100% Salary_,Cash 4,Cash 3,Cash 2,Cash 1" {
		t.Errorf("by cursor: %s", got)
	}
}
