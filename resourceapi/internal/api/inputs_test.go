package api_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"
)

// TestRefusalsSayEachThingOnce: a member that cannot be read is named once, and not
// reported as blank too.
func TestRefusalsSayEachThingOnce(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		cash := c.cash()
		post := func(path, body, want string) {
			t.Helper()
			r := c.do("POST", "/api/v1/"+path, body).want(422)
			got := r.at("errors")
			if got == nil { // categories and tags join them in one sentence
				got = []any{r.at("message")}
				if got.([]any)[0] == nil {
					got = []any{r.at("error")}
				}
			}
			if raw, err := json.Marshal(got); err != nil || string(raw) != want {
				t.Errorf("%s %s: %s, want %s", path, body, raw, want)
			}
		}
		post("accounts", `{"account":{"name":5}}`, `["Name must be a string"]`)
		post("accounts", `{"account":{"name":"a\u0000b"}}`, `["Name holds a character that is not allowed"]`)
		post("tags", `{"tag":{"name":5}}`, `["Name must be a string"]`)
		post("categories", `{"category":{"name":[]}}`, `["Name must be a string"]`)
		post("transactions", `{"transaction":{"account_id":"`+cash+`","date":"2026-02-30","amount":true,"name":7}}`,
			`["Date is not a date in the form YYYY-MM-DD","Amount is not a number","Name must be a string"]`)
		post("transactions/batch", `{"transactions":[{"account_id":"`+cash+`","date":5,"amount":1,"name":"x"}]}`,
			`["Date is not a date in the form YYYY-MM-DD"]`)
	})
}

// TestWhatCannotChangeIsIgnored: a client may send a whole transaction back, and
// what it says of account, currency and origin does not matter
// (docs/contract.md, "Transactions").
func TestWhatCannotChangeIsIgnored(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		path := "/api/v1/transactions/" + c.spend(c.cash(), object{"external_id": "e", "source": "bank"})
		before := c.get(path).want(200)
		for _, fixed := range []object{
			{"account_id": 5}, {"account_id": s.family().cash()}, {"currency": "ZZZ"}, {"currency": 5}, {"external_id": object{}}, {"source": []int{1}},
		} {
			c.do("PATCH", path, object{"transaction": fixed}, "Content-Type", "application/vnd.api+json").want(200)
		}
		after := c.get(path).want(200)
		for _, name := range []string{"currency", "external_id", "source", "amount"} {
			if before.at(name) != after.at(name) {
				t.Errorf("%s: %v became %v", name, before.at(name), after.at(name))
			}
		}
		if before.text("account", "id") != after.text("account", "id") {
			t.Errorf("another account: %s", after.raw)
		}
	})
}

// TestNullClearsAndBlankDoesNot: the published clients send blanks for members that
// they do not change (docs/contract.md, "Transactions").
func TestNullClearsAndBlankDoesNot(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		category := c.do("POST", "/api/v1/categories", object{"category": object{"name": "Food"}}).want(201).text("id")
		merchant := c.upload("file", "text/csv", "name\nShop\n").want(201).text("merchants", 0, "id")
		path := "/api/v1/transactions/" + c.spend(c.cash(), object{"category_id": category, "merchant_id": merchant})
		kept := c.do("PATCH", path, object{"transaction": object{"category_id": "", "merchant_id": "", "name": "Kept"}}).want(200)
		if kept.text("category", "id") != category || kept.text("merchant", "id") != merchant || kept.text("name") != "Kept" {
			t.Errorf("after blanks: %s", kept.raw)
		}
		kept = c.do("PUT", path, "transaction[category_id]=&transaction[merchant_id]=", "Content-Type", "application/x-www-form-urlencoded").want(200)
		if kept.at("category") == nil || kept.at("merchant") == nil {
			t.Errorf("after a form: %s", kept.raw)
		}
		cleared := c.do("PATCH", path, `{"transaction":{"category_id":null,"merchant_id":null}}`).want(200)
		if cleared.at("category") != nil || cleared.at("merchant") != nil {
			t.Errorf("after null: %s", cleared.raw)
		}
	})
}

// TestFiltersInOtherFormsAreRefused: otherwise such filters would be ignored.
func TestFiltersInOtherFormsAreRefused(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		cash := c.cash()
		for _, query := range []string{
			"start_date[]=2026-01-01", "type[]=income", "search[a]=x", "min_amount[gte]=1", "account_id[]=" + cash, "account_ids[0]=" + cash,
			"tag_ids[a][]=" + cash, "category_ids[", "end_date[]=",
		} {
			name, value, _ := strings.Cut(query, "=")
			c.get("/api/v1/transactions?"+url.QueryEscape(name)+"="+value).refuses(422, "validation_failed", "is given in a form")
		}
		c.get("/api/v1/accounts?include_disabled[]=true").refuses(422, "validation_failed", "include_disabled")
		c.get("/api/v1/valuations?account_id[]="+cash).refuses(422, "validation_failed", "account_id")
		c.get("/api/v1/categories?parent_id[]="+cash).refuses(422, "validation_failed", "parent_id")
		c.get("/api/v1/transactions?utm[source]=x&account_ids[]=" + cash).want(200)
	})
}

// TestOpeningDatesAreBounded: a list of balances has a row for each day since then.
func TestOpeningDatesAreBounded(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		today := time.Now()
		day := func(years, days int) string { return today.AddDate(years, 0, days).Format(time.DateOnly) }
		for _, date := range []string{"0001-01-01", "1900-01-01", day(-30, 0), day(0, 1), "9999-12-31"} {
			c.do("POST", "/api/v1/accounts", object{"account": object{"name": "A", "balance": "1", "opening_date": date}}).
				refuses(422, "validation_failed", "Opening date must be after")
		}
		for _, date := range []string{day(-30, 1), day(0, 0)} {
			c.do("POST", "/api/v1/accounts", object{"account": object{"name": "A", "balance": "1", "opening_date": date}}).want(201)
		}
		if got := c.get("/api/v1/accounts").at("pagination", "total_count"); got != "3" {
			t.Errorf("%v accounts", got)
		}
	})
}

// TestValuationsWithoutABody lack an account first of all (docs/contract.md,
// "Valuations").
func TestValuationsWithoutABody(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		for _, body := range []any{nil, "", "{}", `{"valuation":null}`} {
			c.do("POST", "/api/v1/valuations", body).refuses(422, "validation_failed", "Account ID is required")
		}
		c.do("POST", "/api/v1/valuations", "{").refuses(400, "bad_request", "")
	})
}
