package api_test

import (
	"net/url"
	"strings"
	"testing"
)

// TestC7_MoneyKeepsItsClass: a change of the amount alone leaves an income an income
// and an expense an expense. A sign turns it, and so does a nature, also alone.
func TestC7_MoneyKeepsItsClass(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		cash := c.cash()
		for name, tt := range map[string]struct{ nature, change, amount, class string }{
			"an amount for an income":           {"income", `"amount":20`, "-$20.00", "income"},
			"as text":                           {"income", `"amount":" 20.50 "`, "-$20.50", "income"},
			"with a blank nature":               {"income", `"amount":20,"nature":""`, "-$20.00", "income"},
			"with a null nature":                {"income", `"amount":20,"nature":null`, "-$20.00", "income"},
			"an amount for an expense":          {"expense", `"amount":20`, "$20.00", "expense"},
			"a minus turns an expense":          {"expense", `"amount":-20`, "-$20.00", "income"},
			"a minus leaves an income":          {"income", `"amount":"-20"`, "-$20.00", "income"},
			"a plus turns an income":            {"income", `"amount":"+20"`, "$20.00", "expense"},
			"a nature wins over a sign":         {"expense", `"amount":-20,"nature":"outflow"`, "$20.00", "expense"},
			"a nature and an amount":            {"expense", `"amount":20,"nature":"inflow"`, "-$20.00", "income"},
			"income alone turns an expense":     {"expense", `"nature":"income"`, "-$12.50", "income"},
			"expense alone turns an income":     {"income", `"nature":"expense"`, "$12.50", "expense"},
			"inflow alone leaves an income":     {"income", `"nature":"inflow"`, "-$12.50", "income"},
			"something else leaves the amount":  {"income", `"name":"Other"`, "-$12.50", "income"},
			"nothing at all for an income is 0": {"income", `"amount":0`, "$0.00", "expense"},
		} {
			path := "/api/v1/transactions/" + c.spend(cash, object{"nature": tt.nature})
			changed := c.do("PATCH", path, `{"transaction":{`+tt.change+`}}`).want(200)
			shown := c.get(path).want(200)
			for _, r := range []result{changed, shown} {
				if r.text("amount") != tt.amount || r.text("classification") != tt.class {
					t.Errorf("%s: %s %s, want %s %s", name, r.text("amount"), r.text("classification"), tt.amount, tt.class)
				}
			}
			c.do("DELETE", path, nil).want(200)
		}
		c.do("PATCH", "/api/v1/transactions/"+c.spend(cash, nil), `{"transaction":{"nature":"sideways"}}`).refuses(422, "validation_failed", "Nature must be one of")
	})
}

// TestC7_TheListsFollow: what counts incomes and balances sees the turn too.
func TestC7_TheListsFollow(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		cash := c.cash()
		id := c.spend(cash, object{"nature": "income"})
		c.do("PATCH", "/api/v1/transactions/"+id, `{"transaction":{"nature":"expense"}}`).want(200)
		if got := c.get("/api/v1/transactions?type=income").want(200).at("pagination", "total_count"); got != "0" {
			t.Errorf("%v incomes", got)
		}
		if got := c.get("/api/v1/transactions?type=expense&min_amount=12.5").want(200).at("pagination", "total_count"); got != "1" {
			t.Errorf("%v expenses", got)
		}
		s.until("the balance", func() bool { return c.get("/api/v1/accounts/"+cash).at("balance_cents") == "-1250" })
	})
}

// TestC9_ResetCountsEverythingTheContractNames: what this product does not have
// counts 0.
func TestC9_ResetCountsEverythingTheContractNames(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		c.spend(c.cash(), nil)
		status := c.get("/api/v1/users/reset/status").want(200)
		for _, name := range []string{"account_statements", "family_exports", "import_sessions", "import_source_mappings", "plaid_items", "holdings"} {
			if status.at("counts", name) != "0" {
				t.Errorf("%s: %v", name, status.at("counts", name))
			}
		}
		counts, _ := status.at("counts").(object)
		if len(counts) != 33 || status.at("counts", "accounts") != "1" || status.at("counts", "entries") != "1" {
			t.Errorf("%d counts: %s", len(counts), status.raw)
		}
	})
}

// TestE5_ErrorsNameWhatIsMissing: the root of a body, and what stands in its place.
func TestE5_ErrorsNameWhatIsMissing(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		const said = "Required parameters are missing or invalid"
		for _, tt := range []struct{ path, body, names string }{
			{"accounts", `{"name":"x"}`, "account is missing"},
			{"accounts", ``, "account is missing"},
			{"accounts", `{"account":"x"}`, "account must be an object"},
			{"accounts", `{"acount":{"name":"x"}}`, "acount is not known here: account is"},
			{"accounts", `{"accounts":{"name":"x"}}`, "accounts is not known here: account is"},
			{"transactions", `{"amount":5}`, "transaction is missing"},
			{"transactions/batch", `{}`, "transactions is missing"},
			{"transactions/batch", `{"transaction":[]}`, "transaction is not known here: transactions is"},
			{"transactions/batch", `{"transactions":{}}`, "transactions must be a list"},
			{"tags", `{"name":"x"}`, "tag is missing"},
			{"categories", `{"categry":{"name":"x"}}`, "categry is not known here: category is"},
		} {
			r := c.do("POST", "/api/v1/"+tt.path, tt.body).refuses(400, "bad_request", tt.names)
			if r.text("message") != said {
				t.Errorf("%s %s: %s", tt.path, tt.body, r.raw)
			}
		}
		c.do("POST", "/api/v1/valuations", `{"valuaton":{}}`).refuses(422, "validation_failed", "valuaton is not known here: valuation is")
	})
}

// TestE5_ErrorsNameWhatIsNotKnown: a misspelt member is refused, not ignored, and
// nothing is written.
func TestE5_ErrorsNameWhatIsNotKnown(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		cash := c.cash()
		spent := c.spend(cash, nil)
		whole := `"account_id":"` + cash + `","date":"2026-01-15","amount":1,"name":"x"`
		for _, tt := range []struct{ method, path, body, names string }{
			{"POST", "transactions", `{"transaction":{` + whole + `,"catgory_id":null}}`, "catgory_id is not known here: category_id is"},
			{"POST", "transactions", `{"transaction":{` + whole + `,"classification":"income"}}`, "classification is not known here"},
			{"POST", "transactions", `{"transaction":{"acount_id":"` + cash + `"}}`, "acount_id is not known here: account_id is"},
			{"POST", "transactions/batch", `{"transactions":[{` + whole + `,"tags":[]}]}`, "tags is not known here"},
			{"PATCH", "transactions/" + spent, `{"transaction":{"naem":"y"}}`, "naem is not known here: name is"},
			{"PATCH", "transactions/" + spent, `{"transaction":{"Name":"y"}}`, "Name is not known here: name is"},
			{"POST", "accounts", `{"account":{"name":"x","colour":"y"}}`, "colour is not known here"},
			{"PATCH", "accounts/" + cash, `{"account":{"nam":"y"}}`, "nam is not known here: name is"},
			{"POST", "valuations", `{"valuation":{"account_id":"` + cash + `","amount":1,"date":"2026-01-15","note":"y"}}`, "note is not known here: notes is"},
			{"POST", "accounts", `{"account":{"name":"x","` + strings.Repeat("é", 400) + `":1}}`, "é… is not known here"},
			{"POST", "accounts", `{"account":{"name":"x","account_type":"bank"}}`, "Account type is not included in the list: credit_card, crypto, depository"},
			{"POST", "accounts", `{"account":{"name":"x","status":"open"}}`, "Status is not included in the list: active, draft, disabled"},
		} {
			c.do(tt.method, "/api/v1/"+tt.path, tt.body).refuses(422, "validation_failed", tt.names)
		}
		c.do("POST", "/api/v1/tags", `{"tag":{"name":"x","colour":"#ffffff"}}`).want(422).refuses(422, "colour is not known here: color is", "")
		c.do("POST", "/api/v1/categories", `{"category":{"name":"x","parent":"y"}}`).refuses(422, "unprocessable_entity", "parent is not known here")
		if c.get("/api/v1/transactions").at("pagination", "total_count") != "1" || c.get("/api/v1/accounts").at("pagination", "total_count") != "1" ||
			c.get("/api/v1/tags").length() != 0 || c.get("/api/v1/transactions/"+spent).text("name") != "Coffee" {
			t.Error("a refused request has written")
		}
	})
}

// TestE5_ANounMayBeSentBack: what an answer shows and nobody can change is no stranger.
func TestE5_ANounMayBeSentBack(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		cash := c.cash()
		tag := c.do("POST", "/api/v1/tags", object{"tag": object{"name": "x"}}).want(201).text("id")
		valuation := c.do("POST", "/api/v1/valuations", object{"valuation": object{"account_id": cash, "amount": 1, "date": "2026-01-15"}}).want(201).text("id")
		for path, root := range map[string]string{
			"transactions/" + c.spend(cash, nil): "transaction", "accounts/" + cash: "account", "tags/" + tag: "tag", "valuations/" + valuation: "valuation",
		} {
			sent := c.get("/api/v1/" + path).want(200).at().(object)
			for _, formatted := range []string{"amount", "balance", "date"} { // as people read it, which is no number
				delete(sent, formatted)
			}
			sent["name"], sent["notes"] = "Same", "Same"
			if root != "transaction" {
				delete(sent, "notes")
			}
			if root == "valuation" {
				delete(sent, "name")
			}
			c.do("PUT", "/api/v1/"+path, object{root: sent}).want(200)
		}
	})
}

// TestE5_MisspeltFiltersAreRefused: otherwise the answer would be to another question.
func TestE5_MisspeltFiltersAreRefused(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		for query, names := range map[string]string{
			"transactions?star_date=2026-01-01":    "star_date is not known here: start_date is",
			"transactions?startdate=2026-01-01":    "startdate is not known here: start_date is",
			"transactions?acount_ids[]=x":          "acount_ids is not known here: account_ids is",
			"transactions?perpage=5":               "perpage is not known here: per_page is",
			"transactions?Search=x":                "Search is not known here: search is",
			"accounts?include_disable=true":        "include_disable is not known here: include_disabled is",
			"categories?root_only=true":            "root_only is not known here: roots_only is",
			"valuations?acount_id=x&end_dat=2026a": "end_dat is not known here: end_date is",
		} {
			path, params, _ := strings.Cut(query, "?")
			c.get("/api/v1/"+path+"?"+strings.ReplaceAll(params, "[]", url.QueryEscape("[]"))).refuses(422, "validation_failed", names)
		}
		c.get("/api/v1/transactions?_=1&utm_source=x&v=2&cache=no").want(200)
	})
}
