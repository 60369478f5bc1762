package api_test

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
)

func TestTransactionsLive(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		cash := c.cash()
		made := c.do("POST", "/api/v1/transactions", object{"transaction": object{
			"account_id": cash, "date": "2026-01-15", "amount": "12.5", "description": "Lunch", "notes": "with tea",
		}}).want(201)
		for name, want := range map[string]any{
			"date": "2026-01-15", "amount": "$12.50", "amount_cents": "1250", "signed_amount_cents": "-1250", "currency": "USD",
			"name": "Lunch", "notes": "with tea", "external_id": nil, "source": nil, "classification": "expense",
			"category": nil, "merchant": nil, "transfer": nil,
		} {
			if got := made.at(name); got != want {
				t.Errorf("%s: %v, want %v", name, got, want)
			}
		}
		if made.length("tags") != 0 || made.text("account", "id") != cash || made.text("account", "account_type") != "depository" {
			t.Errorf("made: %s", made.raw)
		}
		id := made.text("id")
		path := "/api/v1/transactions/" + id
		changed := c.do("PATCH", path, object{"transaction": object{"amount": 3, "nature": "inflow", "name": "Refund"}}).want(200)
		if changed.text("amount") != "-$3.00" || changed.text("classification") != "income" || changed.at("signed_amount_cents") != "300" ||
			changed.text("notes") != "with tea" {
			t.Errorf("changed: %s", changed.raw)
		}
		c.do("PUT", path, object{"transaction": object{"notes": "", "date": "2026-02-01"}}).want(200)
		shown := c.get(path).want(200)
		if shown.at("notes") != nil || shown.text("date") != "2026-02-01" || shown.text("name") != "Refund" {
			t.Errorf("shown: %s", shown.raw)
		}
		if got := c.do("DELETE", path, nil).want(200).text("message"); got != "Transaction deleted successfully" {
			t.Errorf("deleted: %s", got)
		}
		c.get(path).refuses(404, "not_found", "Transaction not found")
		c.do("DELETE", path, nil).refuses(404, "not_found", "Transaction not found")
		c.do("PATCH", path, object{"transaction": object{"name": "x"}}).refuses(404, "not_found", "Transaction not found")
	})
}

func TestTransactionsAreChecked(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		cash, stranger := c.cash(), s.family().cash()
		post := func(members string) result {
			return c.do("POST", "/api/v1/transactions", `{"transaction":{`+members+`}}`)
		}
		whole := `"account_id":"` + cash + `","date":"2026-01-15","amount":1,"name":"x"`
		post(`"date":"2026-01-15","amount":1,"name":"x"`).refuses(422, "validation_failed", "Account ID is required")
		post(whole+`,"source":"bank"`).refuses(422, "validation_failed", "Source requires external_id")
		for members, part := range map[string]string{
			`"account_id":"` + cash + `","date":"2026-01-15","name":"x"`:                                           "Amount can't be blank",
			`"account_id":"` + cash + `","amount":1,"name":"x"`:                                                    "Date can't be blank",
			`"account_id":"` + cash + `","date":"2026-01-15","amount":1`:                                           "Name can't be blank",
			`"account_id":"` + cash + `","date":"2026-02-30","amount":1,"name":"x"`:                                "Date is not a date",
			`"account_id":"` + cash + `","date":"1980-01-01","amount":1,"name":"x"`:                                "Date must be after",
			`"account_id":"` + cash + `","date":"2026-01-15","amount":1e400,"name":"x"`:                            "Amount is out of range",
			`"account_id":"` + cash + `","date":"2026-01-15","amount":0.001,"name":"x"`:                            "Amount has more decimal places",
			`"account_id":"` + cash + `","date":"2026-01-15","amount":"ten","name":"x"`:                            "Amount is not a number",
			`"account_id":"` + cash + `","date":"2026-01-15","amount":true,"name":"x"`:                             "Amount is not a number",
			`"account_id":"` + cash + `","date":"2026-01-15","amount":10000000000000.01,"name":"x"`:                "Amount is out of range",
			whole + `,"nature":"sideways"`:                                                                         "Nature must be one of",
			whole + `,"currency":"ZZZ"`:                                                                            "Currency is not a known currency",
			whole + `,"tag_ids":"x"`:                                                                               "Tags must be a list",
			whole + `,"tag_ids":[1]`:                                                                               "Tags must be a list",
			whole + `,"tag_ids":["` + uuid.NewString() + `"]`:                                                      "Tag not found",
			whole + `,"category_id":"nonsense"`:                                                                    "Category not found",
			whole + `,"merchant_id":"` + uuid.NewString() + `"`:                                                    "Merchant not found",
			`"account_id":"` + cash + `","date":"2026-01-15","amount":1,"name":"` + strings.Repeat("x", 256) + `"`: "Name is too long",
		} {
			post(members).refuses(422, "validation_failed", part)
		}
		for _, id := range []string{stranger, uuid.NewString(), strings.Repeat("9", 5000)} {
			post(`"account_id":"`+id+`","date":"2026-01-15","amount":1,"name":"x"`).refuses(404, "not_found", "Account not found")
		}
		if got := c.get("/api/v1/transactions").at("pagination", "total_count"); got != "0" {
			t.Errorf("%v transactions after refusals only", got)
		}
		foreign := post(`"account_id":"` + stranger + `","date":"2026-01-15","amount":1,"name":"x"`)
		missing := post(`"account_id":"` + uuid.NewString() + `","date":"2026-01-15","amount":1,"name":"x"`)
		if string(foreign.raw) != string(missing.raw) || foreign.status != missing.status {
			t.Errorf("a foreign account answers %s, a missing one %s", foreign.raw, missing.raw)
		}
	})
}

func TestBodiesThatCannotBeRead(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		for _, body := range []string{
			``, `{`, `[]`, `null`, `"x"`, `1`, `{}`, `{"transaction":null}`, `{"transaction":[]}`, `{"transaction":"x"}`, `{"transactions":{}}`,
			`{"transaction":{}} x`, "{\"transaction\":{\"name\":\"\xff\"}}", strings.Repeat("[", 100_000), `{"transaction":` + strings.Repeat(`{"a":`, 20_000),
		} {
			r := c.do("POST", "/api/v1/transactions", body)
			r.refuses(400, "bad_request", "message")
		}
		c.do("POST", "/api/v1/transactions", `{"transaction":{"name":"`+strings.Repeat("x", 1<<20)+`"}}`).refuses(413, "payload_too_large", "")
		c.do("POST", "/api/v1/transactions", `{}`, "Content-Type", "text/plain").refuses(415, "unsupported_media_type", "")
		c.do("POST", "/api/v1/transactions", `{}`, "Content-Type", "garbage;;").refuses(415, "unsupported_media_type", "")
		cash := c.cash()
		form := url.Values{
			"transaction[account_id]": {cash}, "transaction[date]": {"2026-01-15"}, "transaction[amount]": {"4.20"}, "transaction[name]": {"Form"},
			"transaction[tag_ids][]": {""},
		}
		made := c.do("POST", "/api/v1/transactions", form.Encode(), "Content-Type", "application/x-www-form-urlencoded").want(201)
		if made.text("amount") != "$4.20" {
			t.Errorf("form: %s", made.raw)
		}
		for _, bad := range []string{"transaction=1&transaction[name]=x", "transaction[", "transaction[a]b=1", "%zz=1", "a[b][c][d][e]=1", "transaction[name]=%ff"} {
			c.do("POST", "/api/v1/transactions", bad, "Content-Type", "application/x-www-form-urlencoded").refuses(400, "bad_request", "")
		}
	})
}

func TestExternalIDsCreateOnce(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		body := object{"transaction": object{
			"account_id": c.cash(), "date": "2026-01-15", "amount": 1, "name": "Once", "external_id": "e-1", "source": "bank",
		}}
		var made, replayed atomic.Int32
		ids := sync.Map{}
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				r := c.do("POST", "/api/v1/transactions", body)
				switch r.status {
				case 201:
					made.Add(1)
				case 200:
					replayed.Add(1)
				default:
					t.Errorf("%d %s", r.status, r.raw)
				}
				ids.Store(r.at("id"), true)
			})
		}
		all.Wait()
		distinct := 0
		ids.Range(func(any, any) bool { distinct++; return true })
		if made.Load() != 1 || replayed.Load() != 19 || distinct != 1 {
			t.Errorf("%d created, %d replayed, %d ids", made.Load(), replayed.Load(), distinct)
		}
		if got := c.get("/api/v1/transactions").at("pagination", "total_count"); got != "1" {
			t.Errorf("total %v", got)
		}
		again := c.do("POST", "/api/v1/transactions", body).want(200)
		if again.text("external_id") != "e-1" || again.text("source") != "bank" {
			t.Errorf("replay: %s", again.raw)
		}
		body["transaction"].(object)["source"] = "other"
		c.do("POST", "/api/v1/transactions", body).want(201)
	})
}

func TestIdempotencyKeys(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		cash := c.cash()
		body := object{"transaction": object{"account_id": cash, "date": "2026-01-15", "amount": 1, "name": "Keyed"}}
		first := c.do("POST", "/api/v1/transactions", body, "Idempotency-Key", `"k-1"`).want(201)
		again := c.do("POST", "/api/v1/transactions", body, "Idempotency-Key", `k-1`).want(201)
		if string(first.raw) != string(again.raw) || again.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("%s then %s", first.raw, again.raw)
		}
		body["transaction"].(object)["amount"] = 2
		c.do("POST", "/api/v1/transactions", body, "Idempotency-Key", "k-1").refuses(422, "idempotency_key_reused", "")
		c.do("POST", "/api/v1/transactions", body, "Idempotency-Key", "").refuses(400, "bad_request", "")
		c.do("POST", "/api/v1/transactions", body, "Idempotency-Key", strings.Repeat("k", 256)).refuses(400, "bad_request", "")
		c.do("POST", "/api/v1/transactions", `{"transaction":{}}`, "Idempotency-Key", "k-2").want(422)
		var all sync.WaitGroup
		for range 12 {
			all.Go(func() {
				if r := c.do("POST", "/api/v1/transactions", body, "Idempotency-Key", "k-2"); r.status != 201 {
					t.Errorf("%d %s", r.status, r.raw)
				}
			})
		}
		all.Wait()
		if got := c.get("/api/v1/transactions").at("pagination", "total_count"); got != "2" {
			t.Errorf("total %v", got)
		}
		other := s.family()
		body["transaction"].(object)["account_id"] = other.cash()
		other.do("POST", "/api/v1/transactions", body, "Idempotency-Key", "k-1").want(201)
	})
}

func TestBatches(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		cash := c.cash()
		item := func(more object) object {
			o := object{"account_id": cash, "date": "2026-01-15", "amount": 1, "name": "Batch"}
			for k, v := range more {
				o[k] = v
			}
			return o
		}
		many := make([]object, 500)
		for i := range many {
			many[i] = item(object{"name": fmt.Sprint("Item ", i)})
		}
		made := c.do("POST", "/api/v1/transactions/batch", object{"transactions": many}).want(201)
		if made.length("transactions") != 500 || made.text("transactions", 499, "name") != "Item 499" || made.at("created") != "500" {
			t.Errorf("%d made, created %v", made.length("transactions"), made.at("created"))
		}
		c.do("POST", "/api/v1/transactions/batch", object{"transactions": append(many, item(nil))}).refuses(422, "validation_failed", "too many")
		c.do("POST", "/api/v1/transactions/batch", object{"transactions": []object{}}).refuses(422, "validation_failed", "blank")
		c.do("POST", "/api/v1/transactions/batch", `{"transactions":[1]}`).refuses(422, "validation_failed", "must be an object")
		refused := c.do("POST", "/api/v1/transactions/batch", object{"transactions": []object{
			item(nil), item(object{"amount": "x"}), item(nil), item(object{"category_id": uuid.NewString()}),
		}})
		refused.refuses(422, "validation_failed", "")
		if refused.at("details", 0, "index") != "1" || refused.length("details", 0, "errors") != 1 ||
			refused.at("details", 1, "index") != "3" || refused.text("details", 1, "errors", 0) != "Category not found" {
			t.Errorf("details: %s", refused.raw)
		}
		late := c.do("POST", "/api/v1/transactions/batch", object{"transactions": []object{item(nil), item(object{"account_id": uuid.NewString()})}})
		if late.refuses(422, "validation_failed", "Account not found"); late.at("details", 0, "index") != "1" {
			t.Errorf("details: %s", late.raw)
		}
		twice := object{"transactions": []object{item(object{"external_id": "a"}), item(object{"external_id": "b"}), item(object{"external_id": "a"})}}
		first := c.do("POST", "/api/v1/transactions/batch", twice).want(201)
		if first.at("created") != "2" || first.at("replayed") != "1" || first.text("transactions", 0, "id") != first.text("transactions", 2, "id") {
			t.Errorf("twice: %s", first.raw)
		}
		c.do("POST", "/api/v1/transactions/batch", twice).want(200)
		if got := c.get("/api/v1/transactions").at("pagination", "total_count"); got != "502" {
			t.Errorf("total %v", got)
		}
	})
}

func TestReadsAreNotSentTwice(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		first := c.get("/api/v1/accounts").want(200)
		tag := first.header.Get("ETag")
		same := c.do("GET", "/api/v1/accounts", nil, "If-None-Match", `"other", W/`+tag)
		if tag == "" || same.status != 304 || len(same.raw) != 0 || same.header.Get("ETag") != tag {
			t.Errorf("tag %s: %d %s", tag, same.status, same.raw)
		}
		c.do("POST", "/api/v1/accounts", object{"account": object{"name": "New"}}).want(201)
		c.do("GET", "/api/v1/accounts", nil, "If-None-Match", tag).want(200)
		head := c.do("HEAD", "/api/v1/accounts", nil).want(200)
		if len(head.raw) != 0 || head.header.Get("ETag") == "" {
			t.Errorf("HEAD: %s", head.raw)
		}
	})
}

// TestSearchInEveryScript finds words in either case, also outside ASCII.
func TestSearchInEveryScript(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		c.spend(c.cash(), object{"name": "ÄPFEL", "notes": "Ёлка"})
		for _, word := range []string{"äpfel", "ÄPF", "ёЛК"} {
			if r := c.get("/api/v1/transactions?search=" + url.QueryEscape(word)).want(200); r.length("transactions") != 1 {
				t.Errorf("%s: %s", word, r.raw)
			}
		}
	})
}
