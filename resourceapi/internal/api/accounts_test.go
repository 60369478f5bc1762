package api_test

import (
	"strings"
	"sync"
	"testing"
)

func TestNewFamilyStartsWithCash(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		r := c.get("/api/v1/accounts").want(200)
		if r.length("accounts") != 1 || r.text("accounts", 0, "name") != "Cash" || r.text("accounts", 0, "balance") != "$0.00" {
			t.Errorf("first account: %s", r.raw)
		}
		for name, want := range map[string]any{
			"currency": "USD", "classification": "asset", "account_type": "depository", "status": "active", "subtype": nil,
			"balance_cents": "0", "cash_balance": "$0.00", "cash_balance_cents": "0", "institution_name": nil, "institution_domain": nil,
		} {
			if got := r.at("accounts", 0, name); got != want {
				t.Errorf("%s: %v, want %v", name, got, want)
			}
		}
		show := c.get("/api/v1/accounts/" + r.text("accounts", 0, "id")).want(200)
		if show.text("name") != "Cash" {
			t.Errorf("show: %s", show.raw)
		}
	})
}

func TestFirstCallsAtOnceMakeOneCash(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if r := c.get("/api/v1/accounts"); r.status != 200 || r.length("accounts") != 1 {
					t.Errorf("%d %s", r.status, r.raw)
				}
			})
		}
		all.Wait()
	})
}

func TestAccountsAreOpenedChangedAndClosed(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		made := c.do("POST", "/api/v1/accounts", object{"account": object{
			"name": "Visa", "account_type": "credit_card", "currency": "EUR", "balance": "1234.5", "institution_name": "Bank",
		}}).want(201)
		id := made.text("id")
		if made.text("balance") != "€1,234.50" || made.text("classification") != "liability" || made.text("institution_name") != "Bank" {
			t.Errorf("made: %s", made.raw)
		}
		c.do("PATCH", "/api/v1/accounts/"+id, object{"account": object{"name": "Visa Gold", "institution_name": nil}}).want(200)
		changed := c.get("/api/v1/accounts/" + id).want(200)
		if changed.text("name") != "Visa Gold" || changed.at("institution_name") != nil {
			t.Errorf("changed: %s", changed.raw)
		}
		c.do("PATCH", "/api/v1/accounts/"+id, object{"account": object{"balance": 99}}).want(200)
		if got := c.get("/api/v1/accounts/" + id).text("balance"); got != "€99.00" {
			t.Errorf("balance: %s", got)
		}
		c.do("POST", "/api/v1/accounts/"+id+"/disable", nil).want(200)
		c.get("/api/v1/accounts/"+id).refuses(404, "not_found", "Account not found")
		c.get("/api/v1/accounts/" + id + "?include_disabled=true").want(200)
		if c.get("/api/v1/accounts").length("accounts") != 1 || c.get("/api/v1/accounts?include_disabled=1").length("accounts") != 2 {
			t.Error("a disabled account is listed, or not where asked for")
		}
		c.do("POST", "/api/v1/accounts/"+id+"/enable", nil).want(200)
		c.do("DELETE", "/api/v1/accounts/"+id, nil).want(200)
		c.get("/api/v1/accounts/"+id).refuses(404, "not_found", "Account not found")
		c.do("DELETE", "/api/v1/accounts/"+id, nil).refuses(404, "not_found", "Account not found")
	})
}

func TestAccountsAreChecked(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		for body, part := range map[string]string{
			`{"account":{"name":"","account_type":"loan"}}`:                              "Name can't be blank",
			`{"account":{"name":"A","account_type":"casino"}}`:                           "Account type is not included",
			`{"account":{"name":"A","account_type":"loan","subtype":"checking"}}`:        "Subtype is not included",
			`{"account":{"name":"A","account_type":"loan","currency":"XXX"}}`:            "Currency is not a known currency",
			`{"account":{"name":"A","account_type":"loan","balance":"1e99"}}`:            "Balance is out of range",
			`{"account":{"name":"A","account_type":"loan","balance":1.234}}`:             "Balance has more decimal places",
			`{"account":{"name":5,"account_type":"loan"}}`:                               "Name must be a string",
			`{"account":{"name":"a\u0000b","account_type":"loan"}}`:                      "not allowed",
			`{"account":{"name":"A","account_type":"loan","status":"pending_deletion"}}`: "Status is not included",
			`{"account":{"name":"` + strings.Repeat("é", 256) + `"}}`:                    "Name is too long",
		} {
			c.do("POST", "/api/v1/accounts", body).refuses(422, "validation_failed", part)
		}
		id := c.cash()
		c.do("PATCH", "/api/v1/accounts/"+id, object{"account": object{"currency": "EUR"}}).refuses(422, "validation_failed", "Currency cannot")
		c.do("PATCH", "/api/v1/accounts/"+id, object{"account": object{"currency": "USD", "account_type": "depository"}}).want(200)
		if got := c.get("/api/v1/accounts?include_disabled=maybe"); got.status != 422 {
			t.Errorf("include_disabled: %d", got.status)
		}
	})
}

func TestMoneyIsExact(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		for _, m := range []struct{ currency, amount, shown, cents string }{
			{"USD", `"0.1"`, "$0.10", "10"},
			{"USD", "-12.50", "-$12.50", "-1250"},
			{"JPY", "1250", "¥1,250", "1250"},
			{"KWD", "1.234", "KWD 1.234", "1234"},
			{"EUR", `"1e2"`, "€100.00", "10000"},
			{"USD", "9999999999999.99", "$9,999,999,999,999.99", "999999999999999"},
		} {
			r := c.do("POST", "/api/v1/accounts", `{"account":{"name":"A","currency":"`+m.currency+`","balance":`+m.amount+`}}`).want(201)
			if r.text("balance") != m.shown || r.at("balance_cents") != m.cents {
				t.Errorf("%s %s: %s, %v", m.amount, m.currency, r.text("balance"), r.at("balance_cents"))
			}
		}
	})
}
