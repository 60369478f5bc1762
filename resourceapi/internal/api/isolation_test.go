package api_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"latchkey/pkg/testenv"
)

// household is one of everything that a family can have.
type household struct {
	*caller
	account, transaction, tag, category, merchant, valuation, sync string
}

const mark = "Kleinod" // a word that only the household's own answers may hold

func (s *service) household() household {
	h := household{caller: s.family()}
	h.account = h.do("POST", "/api/v1/accounts", object{"account": object{"name": mark + " account", "balance": "4711.00"}}).want(201).text("id")
	h.tag = h.do("POST", "/api/v1/tags", object{"tag": object{"name": mark + " tag"}}).want(201).text("id")
	h.category = h.do("POST", "/api/v1/categories", object{"category": object{"name": mark + " category"}}).want(201).text("id")
	h.merchant = h.upload("file", "text/csv", "name\n"+mark+" merchant\n").want(201).text("merchants", 0, "id")
	h.transaction = h.spend(h.account, object{
		"name": mark, "tag_ids": []string{h.tag}, "category_id": h.category, "merchant_id": h.merchant, "external_id": mark,
	})
	h.valuation = h.do("POST", "/api/v1/valuations", object{
		"valuation": object{"account_id": h.account, "amount": "4711.00", "date": "2026-02-01", "notes": mark},
	}).want(201).text("id")
	h.sync = h.do("POST", "/api/v1/sync", nil).want(202).text("id")
	s.until("the household's work", func() bool {
		return h.get("/api/v1/syncs/"+h.sync).want(200).text("data", "status") == "completed"
	})
	return h
}

func (h household) ids() []string {
	return []string{h.account, h.transaction, h.tag, h.category, h.merchant, h.valuation, h.sync, h.answer.FamilyID}
}

// probe is a request with an id in it, in path, query or body.
type probe struct {
	method, path string
	body         any
}

// mine is what a caller has of its own, for requests that need a valid id beside the
// probed one.
type mine struct{ account, transaction string }

func (c *caller) mine() mine {
	c.s.t.Helper()
	account := c.cash()
	return mine{account, c.spend(account, nil)}
}

// probes are all routes with id in every place an id can stand.
func probes(id string, own mine) []probe {
	in := func(method, path string, body any) probe {
		return probe{method, strings.ReplaceAll(path, "{id}", id), body}
	}
	whole := func(more object) object {
		o := object{"account_id": own.account, "date": "2026-01-15", "amount": "1", "name": "probe"}
		for k, v := range more {
			o[k] = v
		}
		return o
	}
	list := []probe{
		in("PATCH", "/api/v1/accounts/{id}", object{"account": object{"name": "probe"}}),
		in("PUT", "/api/v1/accounts/{id}", object{"account": object{"name": "probe"}}),
		in("POST", "/api/v1/accounts/{id}/disable", nil), in("POST", "/api/v1/accounts/{id}/enable", nil),
		in("POST", "/api/v1/accounts/{id}/sync", nil), in("GET", "/api/v1/accounts/{id}/balances", nil),
		in("GET", "/api/v1/accounts/{id}?include_disabled=true", nil),
		in("PATCH", "/api/v1/transactions/{id}", object{"transaction": object{"name": "probe"}}),
		in("PUT", "/api/v1/transactions/{id}", object{"transaction": object{"amount": 1}}),
		in("PATCH", "/api/v1/tags/{id}", object{"tag": object{"name": "probe"}}),
		in("PUT", "/api/v1/tags/{id}", object{"tag": object{"name": "probe"}}),
		in("PATCH", "/api/v1/valuations/{id}", object{"valuation": object{"notes": "probe"}}),
		in("PATCH", "/api/v1/valuations/{id}", object{"valuation": object{"amount": 1, "date": "2026-03-01"}}),
		in("PUT", "/api/v1/valuations/{id}", object{"valuation": object{"amount": 1, "date": "2026-03-01"}}),
		in("POST", "/api/v1/valuations", object{"valuation": object{"account_id": id, "amount": 1, "date": "2026-03-01"}}),
		in("POST", "/api/v1/categories", object{"category": object{"name": "probe", "parent_id": id}}),
	}
	for _, noun := range []string{"accounts", "transactions", "tags", "categories", "merchants", "valuations", "syncs"} {
		list = append(list, in("GET", "/api/v1/"+noun+"/{id}", nil))
	}
	for _, noun := range []string{"accounts", "transactions", "tags"} {
		list = append(list, in("DELETE", "/api/v1/"+noun+"/{id}", nil))
	}
	for _, filter := range []string{"account_id", "account_ids[]", "category_id", "category_ids[]", "merchant_id", "merchant_ids[]", "tag_ids[]"} {
		list = append(list, in("GET", "/api/v1/transactions?"+filter+"={id}", nil), in("GET", "/api/v1/transactions?after=&"+filter+"={id}", nil))
	}
	list = append(list, in("GET", "/api/v1/valuations?account_id={id}", nil), in("GET", "/api/v1/categories?parent_id={id}", nil))
	for _, more := range []object{{"account_id": id}, {"category_id": id}, {"merchant_id": id}, {"tag_ids": []string{id}}} {
		list = append(list,
			in("POST", "/api/v1/transactions", object{"transaction": whole(more)}),
			in("POST", "/api/v1/transactions/batch", object{"transactions": []object{whole(more)}}))
	}
	for _, more := range []object{{"category_id": id}, {"merchant_id": id}, {"tag_ids": []string{id}}} {
		for _, method := range []string{"PATCH", "PUT"} {
			list = append(list, in(method, "/api/v1/transactions/"+own.transaction, object{"transaction": more}))
		}
	}
	return list
}

// TestFamiliesNeverMix asks every route for every id of another family and
// compares the answer with that for an id which does not exist: the same bytes.
// It also runs with the family predicate taken out of every statement (build
// tag sabotage): row security alone must hold then.
func TestFamiliesNeverMix(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		if sabotaged && s.set == testenv.Embedded {
			return // SQLite has no row security that could hold without the predicate
		}
		victim := s.household()
		before := victim.everything()
		stranger := s.family()
		own := stranger.mine()
		for _, id := range victim.ids() {
			missing := uuid.NewString()
			for i, p := range probes(id, own) {
				q := probes(missing, own)[i]
				foreign, absent := stranger.do(p.method, p.path, p.body), stranger.do(q.method, q.path, q.body)
				if foreign.status != absent.status || string(foreign.raw) != string(absent.raw) {
					t.Errorf("%s %s tells a foreign id from a missing one: %d %s, %d %s",
						p.method, p.path, foreign.status, foreign.raw, absent.status, absent.raw)
				}
				if foreign.status >= 500 || strings.Contains(string(foreign.raw), mark) || foreign.status < 300 && p.method != http.MethodGet {
					t.Errorf("%s %s: %d %s", p.method, p.path, foreign.status, foreign.raw)
				}
			}
		}
		for name, body := range stranger.everything() {
			if strings.Contains(body, mark) || strings.Contains(body, "4,711") {
				t.Errorf("%s of a stranger shows the household: %s", name, body)
			}
		}
		stranger.do("DELETE", "/api/v1/users/reset", nil).want(200)
		s.until("the stranger's reset", func() bool {
			return stranger.get("/api/v1/users/reset/status").want(200).at("reset_complete") == true
		})
		after := victim.everything()
		for name := range before {
			if before[name] != after[name] {
				t.Errorf("%s of the household changed from %s to %s", name, before[name], after[name])
			}
		}
	})
}

// everything reads all lists of a family.
func (c *caller) everything() map[string]string {
	c.s.t.Helper()
	got := map[string]string{}
	for _, path := range []string{
		"accounts?include_disabled=true", "transactions", "transactions?after=", "transactions?search=" + mark, "transactions?type=expense",
		"tags", "categories", "categories?roots_only=true", "merchants", "valuations", "syncs", "syncs/latest", "balance_sheet", "users/reset/status",
	} {
		got[path] = string(c.get("/api/v1/" + path).want(200).raw)
	}
	return got
}

// TestRowSecurityHoldsAlone reads and writes every table without naming a
// family, and in the name of another one.
func TestRowSecurityHoldsAlone(t *testing.T) {
	testenv.NeedPostgres(t)
	s := start(t, testenv.Production)
	victim := s.household()
	stranger := s.family()
	stranger.cash()
	tables := []string{
		"families", "accounts", "transactions", "transaction_days", "transaction_months", "transaction_tags", "tags", "categories", "merchants", "valuations",
		"balances", "syncs",
	}
	for _, table := range tables {
		var seen int
		if err := s.db.QueryRow(t.Context(), "SELECT count(*) FROM "+table).Scan(&seen); err != nil || seen != 0 {
			t.Errorf("%s without a family: %d rows, %v", table, seen, err)
		}
		column := "family_id"
		if table == "families" {
			column = "id"
		}
		n, err := s.db.Exec(t.Context(), "DELETE FROM "+table+" WHERE "+column+" = $1", victim.answer.FamilyID)
		if err != nil || n != 0 {
			t.Errorf("%s: deleted %d rows, %v", table, n, err)
		}
	}
	if _, err := s.db.Exec(t.Context(), "INSERT INTO tags VALUES ($1, $2, 'x', '#000000', now(), now())", victim.answer.FamilyID, uuid.NewString()); err == nil {
		t.Error("a row was written without a family")
	}
	may, err := s.db.Privileges(t.Context())
	if err != nil || may.Superuser || may.BypassRLS || may.Owner {
		t.Errorf("the tests connect as %+v, %v", may, err)
	}
	var free []string
	rows, err := s.db.Query(t.Context(), `
		SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND NOT (relrowsecurity AND relforcerowsecurity)`)
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		free = append(free, name)
	}
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(free)
	if got := fmt.Sprint(free); got != "[erased_families goose_db_version schema_compatibility sweeps]" {
		t.Errorf("tables without forced row security: %s", got)
	}
}
