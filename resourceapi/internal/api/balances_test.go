package api_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
)

func (s *service) balance(c *caller, account, want string) {
	s.t.Helper()
	var got string
	s.until("balance "+want+" of an account", func() bool {
		got = c.get("/api/v1/accounts/" + account).want(200).text("balance")
		return got == want
	})
}

func TestBalancesFollowEntries(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		open := func(o object) string {
			return c.do("POST", "/api/v1/accounts", object{"account": o}).want(201).text("id")
		}
		checking := open(object{"name": "Checking", "balance": 100, "opening_date": "2026-01-10"})
		card := open(object{"name": "Card", "account_type": "credit_card", "balance": "50.00", "opening_date": "2026-01-01"})
		s.balance(c, checking, "$100.00")
		lunch := c.spend(checking, object{"amount": "12.50", "date": "2026-01-05"}) // before the opening day: it still counts
		s.balance(c, checking, "$87.50")
		c.spend(card, object{"amount": "12.50"})
		s.balance(c, card, "$62.50")
		c.spend(checking, object{"amount": -40, "date": "2026-01-20"})
		s.balance(c, checking, "$127.50")
		c.do("POST", "/api/v1/valuations", object{"valuation": object{"account_id": checking, "amount": 500, "date": "2026-01-15"}}).want(201)
		s.balance(c, checking, "$540.00")
		c.spend(checking, object{"amount": 1, "date": "2026-01-12"}) // before the stated value: today stays
		c.spend(checking, object{"amount": 9, "currency": "EUR", "date": "2026-01-21"})
		c.spend(checking, object{"amount": 1000, "date": time.Now().AddDate(0, 1, 0).Format(time.DateOnly)}) // next month
		c.do("PATCH", "/api/v1/transactions/"+lunch, object{"transaction": object{"amount": 10, "date": "2026-01-16"}}).want(200)
		s.balance(c, checking, "$530.00")
		c.do("DELETE", "/api/v1/transactions/"+lunch, nil).want(200)
		s.balance(c, checking, "$540.00")

		days := c.get("/api/v1/accounts/" + checking + "/balances?start_date=2026-01-10&end_date=2026-01-21").want(200)
		var series []string
		for i := range days.length("balances") {
			series = append(series, days.text("balances", i, "balance"))
		}
		want := []string{"$100.00", "$100.00", "$99.00", "$99.00", "$99.00", "$500.00", "$500.00", "$500.00", "$500.00", "$500.00", "$540.00", "$540.00"}
		if fmt.Sprint(series) != fmt.Sprint(want) {
			t.Errorf("series %v, want %v", series, want)
		}
		sheet := c.get("/api/v1/balance_sheet").want(200)
		if sheet.text("assets") != "$540.00" || sheet.text("liabilities") != "$62.50" || sheet.text("net_worth") != "$477.50" || sheet.at("net_worth_cents") != "47750" {
			t.Errorf("sheet: %s", sheet.raw)
		}
		c.get("/api/v1/accounts/"+uuid.NewString()+"/balances").refuses(404, "not_found", "Account not found")
		c.get("/api/v1/accounts/"+checking+"/balances?start_date=x").refuses(422, "validation_failed", "start_date")
		if far := c.get("/api/v1/accounts/" + checking + "/balances?start_date=0001-01-01&end_date=9999-12-31&page=36000").want(200); far.length("balances") != 25 {
			t.Errorf("far: %d days", far.length("balances"))
		}
	})
}

func TestValuations(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		cash := c.cash()
		post := func(members string, rest string) result {
			return c.do("POST", "/api/v1/valuations", `{"valuation":{`+members+`}`+rest+`}`)
		}
		c.do("POST", "/api/v1/valuations", `{}`).refuses(422, "validation_failed", "Account ID is required")
		post(`"amount":1,"date":"2026-01-01"`, "").refuses(422, "validation_failed", "Account ID is required")
		post(`"account_id":"`+cash+`","date":"2026-01-01"`, "").refuses(422, "validation_failed", "Amount is required")
		post(`"account_id":"`+cash+`","amount":1`, "").refuses(422, "validation_failed", "Date is required")
		post(`"account_id":"`+cash+`","amount":"x","date":"2026-01-01"`, "").refuses(422, "validation_failed", "Amount is not a number")
		post(`"account_id":"`+uuid.NewString()+`","amount":1,"date":"2026-01-01"`, "").refuses(404, "not_found", "Account or valuation entry not found")
		post(`"account_id":"`+s.family().cash()+`","amount":1,"date":"2026-01-01"`, "").refuses(404, "not_found", "Account or valuation entry not found")
		whole := `"account_id":"` + cash + `","amount":"10.00","date":"2026-01-01"`
		made := post(whole+`,"notes":"counted"`, "").want(201)
		if made.text("kind") != "reconciliation" || made.text("amount") != "$10.00" || made.text("account", "id") != cash || made.text("notes") != "counted" {
			t.Errorf("made: %s", made.raw)
		}
		id := made.text("id")
		if again := post(whole, "").want(201); again.text("id") != id || again.text("notes") != "counted" {
			t.Errorf("the same day again: %s", again.raw)
		}
		post(whole, `,"upsert":true`).want(200)
		post(whole+`,"upsert":true`, `,"upsert":false`).want(201)
		path := "/api/v1/valuations/" + id
		patch := func(o object) result { return c.do("PATCH", path, object{"valuation": o}) }
		patch(object{"amount": 5}).refuses(422, "validation_failed", "Both amount and date are required when updating reconciliation")
		patch(object{"date": "2026-01-02"}).refuses(422, "validation_failed", "Both amount and date are required")
		patch(object{"notes": nil}).want(200)
		if got := patch(object{"amount": "7.25", "date": "2026-01-03"}).want(200); got.text("date") != "2026-01-03" || got.text("amount") != "$7.25" || got.at("notes") != nil {
			t.Errorf("changed: %s", got.raw)
		}
		s.balance(c, cash, "$7.25")
		post(`"account_id":"`+cash+`","amount":1,"date":"2026-01-09"`, "").want(201)
		patch(object{"amount": 1, "date": "2026-01-09"}).refuses(422, "validation_failed", "already has a valuation")
		for query, want := range map[string]int{
			"": 2, "?account_id=" + cash: 2, "?account_id=" + uuid.NewString(): 0, "?start_date=2026-01-04": 1, "?end_date=2026-01-03": 1,
		} {
			if r := c.get("/api/v1/valuations" + query).want(200); r.length("valuations") != want {
				t.Errorf("%s: %s", query, r.raw)
			}
		}
		c.get("/api/v1/valuations?account_id=x").refuses(422, "validation_failed", "")
		c.get("/api/v1/valuations?start_date=x").refuses(422, "validation_failed", "")
		c.get(path).want(200)
		s.family().get(path).refuses(404, "not_found", "Valuation not found")
		c.do("DELETE", path, nil).refuses(405, "method_not_allowed", "")
	})
}

func TestSyncs(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		if got := string(c.get("/api/v1/syncs/latest").want(200).raw); got != "{\"data\":null}\n" {
			t.Errorf("no sync: %s", got)
		}
		cash := c.cash()
		made := c.do("POST", "/api/v1/sync", nil).want(http.StatusAccepted)
		if made.text("syncable_type") != "Family" || made.text("message") == "" || made.text("syncable_id") != c.answer.FamilyID {
			t.Errorf("made: %s", made.raw)
		}
		path := "/api/v1/syncs/" + made.text("id")
		s.until("the sync to complete", func() bool { return c.get(path).want(200).text("data", "status") == "completed" })
		done := c.get(path)
		if done.at("data", "terminal") != true || done.at("data", "in_progress") != false || done.at("data", "children_count") != "1" ||
			done.at("data", "completed_at") == nil || done.at("data", "error") != nil || done.text("data", "syncable", "type") != "Family" {
			t.Errorf("done: %s", done.raw)
		}
		ids := sync.Map{}
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				r := c.do("POST", "/api/v1/accounts/"+cash+"/sync", nil)
				if r.status != 202 {
					t.Errorf("%d %s", r.status, r.raw)
				}
				ids.Store(r.at("id"), true)
			})
		}
		all.Wait()
		c.spend(cash, nil)
		s.until("all syncs to end", func() bool {
			r := c.get("/api/v1/syncs?per_page=100").want(200)
			for i := range r.length("data") {
				if r.at("data", i, "terminal") != true {
					return false
				}
			}
			return r.length("data") > 2 && r.at("meta", "total_count") != "0"
		})
		if latest := c.get("/api/v1/syncs/latest").want(200); latest.text("data", "status") != "completed" || latest.at("data", "parent_id") != nil {
			t.Errorf("the latest sync is not complete, or a part of one: %s", latest.raw)
		}
		c.get("/api/v1/syncs/"+uuid.NewString()).refuses(404, "record_not_found", "The requested resource was not found")
		s.family().get(path).refuses(404, "record_not_found", "The requested resource was not found")
		c.do("POST", "/api/v1/accounts/"+uuid.NewString()+"/sync", nil).refuses(404, "not_found", "Account not found")
	})
}

func TestReset(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		other := s.family()
		other.spend(other.cash(), nil)
		member := s.member(c.answer.FamilyID, "member", "read_write")
		reader := s.member(c.answer.FamilyID, "admin", "read")
		parent := c.do("POST", "/api/v1/categories", object{"category": object{"name": "P"}}).want(201).text("id")
		child := c.do("POST", "/api/v1/categories", object{"category": object{"name": "C", "parent_id": parent}}).want(201).text("id")
		tag := c.do("POST", "/api/v1/tags", object{"tag": object{"name": "T"}}).want(201).text("id")
		c.spend(c.cash(), object{"category_id": child, "tag_ids": []string{tag}})
		member.do("DELETE", "/api/v1/users/reset", nil).refuses(403, "forbidden", "You are not authorized to perform this action")
		member.get("/api/v1/users/reset/status").refuses(403, "forbidden", "You are not authorized")
		reader.do("DELETE", "/api/v1/users/reset", nil).refuses(403, "insufficient_scope", "This action requires the 'read_write' scope")
		before := reader.get("/api/v1/users/reset/status").want(200)
		if before.text("status") != "data_remaining" || before.at("counts", "taggings") != "1" || before.at("counts", "transfers") != "0" {
			t.Errorf("before: %s", before.raw)
		}
		begun := c.do("DELETE", "/api/v1/users/reset", nil).want(200)
		if begun.text("status") != "queued" || begun.text("family_id") != c.answer.FamilyID || begun.text("status_url") != "/api/v1/users/reset/status" ||
			begun.text("message") != "Account reset has been initiated" || begun.text("job_id") == "" {
			t.Errorf("begun: %s", begun.raw)
		}
		s.until("the reset", func() bool { return c.get("/api/v1/users/reset/status").want(200).at("reset_complete") == true })
		if c.get("/api/v1/transactions").want(200).at("pagination", "total_count") != "0" || c.get("/api/v1/tags").length() != 0 {
			t.Error("data remains")
		}
		if other.get("/api/v1/transactions").at("pagination", "total_count") != "1" {
			t.Error("another family's data is gone")
		}
	})
}

func TestAccountsAreRemovedWithTheirEntries(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		cash := c.cash()
		spent := c.spend(cash, nil)
		c.do("DELETE", "/api/v1/accounts/"+cash, nil).want(200)
		c.get("/api/v1/transactions/"+spent).refuses(404, "not_found", "Transaction not found")
		if c.get("/api/v1/transactions").at("pagination", "total_count") != "0" {
			t.Error("transactions of a deleted account are listed")
		}
		s.until("the account to go", func() bool {
			return c.get("/api/v1/accounts?include_disabled=true").want(200).length("accounts") == 0
		})
	})
}

func TestFamiliesAreErasedForGood(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		c.spend(c.cash(), nil)
		path := "/internal/families/" + c.answer.FamilyID
		operator := &caller{s: s, header: http.Header{}}
		for _, header := range []string{"", "Bearer wrong", "Basic " + erasureSecret, "Bearer"} {
			operator.do("DELETE", path, nil, "Authorization", header).refuses(401, "unauthorized", "")
		}
		c.do("DELETE", path, nil).want(401)
		secret := []string{"Authorization", "Bearer " + erasureSecret}
		operator.do("DELETE", path, nil, secret...).want(204)
		operator.do("DELETE", path, nil, secret...).want(204)
		operator.do("DELETE", "/internal/families/"+uuid.NewString(), nil, secret...).want(204)
		operator.do("DELETE", "/internal/families/x", nil, secret...).want(404)
		c.get("/api/v1/accounts").refuses(401, "unauthorized", "Account has been deactivated")
		c.do("POST", "/api/v1/tags", object{"tag": object{"name": "late"}}).want(401)
	})
}
