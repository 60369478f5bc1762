package api_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// entry is a transaction as the test knows it.
type entry struct {
	name, date, account, category, merchant string
	tags                                    []string
	cents                                   int
}

// ledger is a family with enough transactions for every way to read a list: merged
// index ranges, selective and common amounts, more rows than a search window.
type ledger struct {
	*caller
	entries                               []entry
	accounts, categories, merchants, tags []string
}

const ledgerSize = 5_600

func (s *service) ledger() *ledger {
	l := &ledger{caller: s.family()}
	for i := range 3 {
		name := strconv.Itoa(i)
		l.accounts = append(l.accounts, l.do("POST", "/api/v1/accounts", object{"account": object{"name": name}}).want(201).text("id"))
		l.categories = append(l.categories, l.do("POST", "/api/v1/categories", object{"category": object{"name": name}}).want(201).text("id"))
		l.tags = append(l.tags, l.do("POST", "/api/v1/tags", object{"tag": object{"name": name}}).want(201).text("id"))
	}
	merchants := l.upload("file", "text/csv", "name\nCorner Shop\nÖkomarkt\nKiosk\n").want(201)
	byName := map[string]string{}
	for i := range 3 {
		byName[merchants.text("merchants", i, "name")] = merchants.text("merchants", i, "id")
	}
	l.merchants = []string{byName["Corner Shop"], byName["Ökomarkt"], byName["Kiosk"]}
	for len(l.entries) < ledgerSize {
		batch := make([]object, 400)
		for i := range batch {
			batch[i] = l.write(len(l.entries))
		}
		l.do("POST", "/api/v1/transactions/batch", object{"transactions": batch}).want(201)
	}
	return l
}

func (l *ledger) write(i int) object {
	e := entry{
		name: "Entry " + strconv.Itoa(i), date: fmt.Sprintf("202%d-%02d-%02d", i%5, i/5%12+1, i/60%28+1),
		account: l.accounts[i%7%3], cents: (i*37)%1000 - 100,
	}
	if i%3 > 0 {
		e.category = l.categories[i/3%3]
	}
	if i%4 > 0 {
		e.merchant = l.merchants[i/4%3]
	}
	if i%10 == 0 {
		e.tags = []string{l.tags[i/10%3], l.tags[i/30%3]}
	}
	if i%1000 == 13 {
		e.name, e.cents = "Heirloom "+strconv.Itoa(i), 500_000+i
	}
	l.entries = append(l.entries, e)
	o := object{"account_id": e.account, "date": e.date, "amount": fmt.Sprintf("%.2f", float64(e.cents)/100), "name": e.name, "tag_ids": e.tags}
	if e.category != "" {
		o["category_id"] = e.category
	}
	if e.merchant != "" {
		o["merchant_id"] = e.merchant
	}
	return o
}

// names returns what the entries that pass are called, sorted.
func (l *ledger) names(pass func(e entry) bool) []string {
	var names []string
	for _, e := range l.entries {
		if pass(e) {
			names = append(names, e.name)
		}
	}
	slices.Sort(names)
	return names
}

// walk reads a list by cursor and returns its names in order. A page may be short or
// empty before the end.
func (c *caller) walk(query string) (names, dates []string) {
	c.s.t.Helper()
	for after, more := "", true; more; {
		r := c.get("/api/v1/transactions?per_page=100&after=" + after + query).want(200)
		for _, t := range r.at("transactions").([]any) {
			names = append(names, t.(object)["name"].(string))
			dates = append(dates, t.(object)["date"].(string))
		}
		if more = r.at("pagination", "has_more") == true; more {
			after = r.text("pagination", "next_cursor")
		}
	}
	return names, dates
}

// TestListsHoldWhatPassesTheirFilters reads lists by cursor and by page number
// and compares them with what the test has written.
func TestListsHoldWhatPassesTheirFilters(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		l := s.ledger()
		for query, pass := range l.filters() {
			want := l.names(pass)
			names, dates := l.walk(query)
			if !slices.IsSortedFunc(dates, func(a, b string) int { return strings.Compare(b, a) }) {
				t.Errorf("%s: not newest first", query)
			}
			if diff := cmp.Diff(want, slices.Sorted(slices.Values(names))); diff != "" {
				t.Errorf("%s by cursor: %d of %d\n%.600s", query, len(names), len(want), diff)
				continue
			}
			l.turnPages(query, names)
		}
	})
}

// turnPages compares pages by number with the same places of the whole list.
func (l *ledger) turnPages(query string, names []string) {
	l.s.t.Helper()
	const size = 40
	pages := (len(names) + size - 1) / size
	for _, page := range []int{1, 2, pages / 2, pages} {
		if page < 1 || page > pages {
			continue
		}
		r := l.get(fmt.Sprintf("/api/v1/transactions?per_page=%d&page=%d%s", size, page, query)).want(200)
		capped := r.at("pagination", "total_count_capped") == true
		if total := r.at("pagination", "total_count"); !capped && total != strconv.Itoa(len(names)) {
			l.s.t.Errorf("%s: total_count %v, want %d", query, total, len(names))
		}
		if strings.Contains(query, "search=") && r.at("pagination", "page") != strconv.Itoa(page) {
			continue // beyond what a search by page number looks at
		}
		var got []string
		for _, member := range r.at("transactions").([]any) {
			got = append(got, member.(object)["name"].(string))
		}
		want := names[(page-1)*size : min(page*size, len(names))]
		if strings.Contains(query, "search=") && capped && len(got) < len(want) {
			want = want[:len(got)]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			l.s.t.Errorf("%s, page %d:\n%.600s", query, page, diff)
		}
	}
}

func (l *ledger) filters() map[string]func(e entry) bool {
	type pass = func(e entry) bool
	a, c, m, g := l.accounts, l.categories, l.merchants, l.tags
	in := func(text func(e entry) string, ids ...string) pass {
		return func(e entry) bool { return slices.Contains(ids, text(e)) }
	}
	accountOf, categoryOf, merchantOf := func(e entry) string { return e.account }, func(e entry) string { return e.category },
		func(e entry) string { return e.merchant }
	tagged := func(ids ...string) pass {
		return func(e entry) bool {
			return slices.ContainsFunc(e.tags, func(tag string) bool { return slices.Contains(ids, tag) })
		}
	}
	between := func(first, last string) pass { return func(e entry) bool { return e.date >= first && e.date <= last } }
	cents := func(low, high int) pass { return func(e entry) bool { return e.cents >= low && e.cents <= high } }
	named := func(text string) pass {
		return func(e entry) bool { return strings.Contains(strings.ToLower(e.name), text) }
	}
	part := map[string]pass{
		"":                                           func(entry) bool { return true },
		"&account_id=" + a[0]:                        in(accountOf, a[0]),
		"&account_ids=" + a[0] + "," + a[1]:          in(accountOf, a[0], a[1]),
		"&category_id=" + c[1]:                       in(categoryOf, c[1]),
		"&category_ids=" + c[1] + "," + c[2]:         in(categoryOf, c[1], c[2]),
		"&merchant_id=" + m[2]:                       in(merchantOf, m[2]),
		"&tag_ids=" + g[0]:                           tagged(g[0]),
		"&tag_ids=" + g[0] + "," + g[1]:              tagged(g[0], g[1]),
		"&start_date=2021-02-10&end_date=2023-11-20": between("2021-02-10", "2023-11-20"),
		"&start_date=2022-05-03&end_date=2022-05-20": between("2022-05-03", "2022-05-20"),
		"&min_amount=1&max_amount=8.5":               cents(100, 850),
		"&min_amount=1000":                           cents(100_000, 1<<30),
		"&type=income":                               cents(-1<<30, -1),
		"&type=expense":                              cents(0, 1<<30),
		"&search=ENTRY%203":                          named("entry 3"),
		"&search=heirloom":                           named("heirloom"),
		"&search=%C3%B6ko":                           in(merchantOf, m[1]),
		"&search=zebra":                              named("zebra"),
	}
	together := [][]string{
		{"&account_id=" + a[0], "&category_id=" + c[1], "&min_amount=1&max_amount=8.5"},
		{"&tag_ids=" + g[0] + "," + g[1], "&start_date=2021-02-10&end_date=2023-11-20", "&type=expense"},
		{"&tag_ids=" + g[0], "&search=ENTRY%203"},
		{"&merchant_id=" + m[2], "&category_ids=" + c[1] + "," + c[2], "&type=income"},
		{"&account_ids=" + a[0] + "," + a[1], "&start_date=2022-05-03&end_date=2022-05-20", "&search=ENTRY%203"},
		{"&min_amount=1000", "&tag_ids=" + g[0], "&account_id=" + a[0]},
		{"&min_amount=1000", "&search=heirloom", "&start_date=2021-02-10&end_date=2023-11-20"},
		{"&min_amount=1&max_amount=8.5", "&type=income"},
		{"&start_date=2021-02-10&end_date=2023-11-20", "&type=income", "&account_id=" + a[0]},
		{"&start_date=2022-05-03&end_date=2022-05-20", "&min_amount=1&max_amount=8.5"},
	}
	all := maps.Clone(part)
	for _, names := range together {
		all[strings.Join(names, "")] = func(e entry) bool {
			return !slices.ContainsFunc(names, func(name string) bool { return !part[name](e) })
		}
	}
	return all
}

// TestTagsFollowTheirTransactions moves a tagged transaction to another day: the
// list of its tag must move with it.
func TestTagsFollowTheirTransactions(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		account, tag := c.cash(), c.do("POST", "/api/v1/tags", object{"tag": object{"name": "t"}}).want(201).text("id")
		moved := c.spend(account, object{"name": "moved", "date": "2026-01-01", "tag_ids": []string{tag}})
		c.spend(account, object{"name": "other", "date": "2026-02-01", "tag_ids": []string{tag}})
		c.do("PATCH", "/api/v1/transactions/"+moved, object{"transaction": object{"date": "2026-03-01"}}).want(200)
		if names, _ := c.walk("&tag_ids=" + tag); strings.Join(names, ",") != "moved,other" {
			t.Errorf("after the move: %v", names)
		}
		if names, _ := c.walk("&end_date=2026-01-31&tag_ids=" + tag); len(names) != 0 {
			t.Errorf("on the old day: %v", names)
		}
		c.do("PATCH", "/api/v1/transactions/"+moved, object{"transaction": object{"date": "2026-01-05", "tag_ids": []string{tag}}}).want(200)
		if names, _ := c.walk("&tag_ids=" + tag); strings.Join(names, ",") != "other,moved" {
			t.Errorf("moved and tagged at once: %v", names)
		}
	})
}

// TestDatesAtTheEndsOfTheCalendar filters by days of the first and the last month that
// a date can have.
func TestDatesAtTheEndsOfTheCalendar(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		c.spend(c.cash(), object{"date": "2026-01-01"})
		for query, want := range map[string]string{
			"start_date=9999-12-02": "0", "start_date=9999-12-01": "0", "end_date=9999-12-31": "1",
			"end_date=0001-01-05": "0", "end_date=0001-01-31": "0", "start_date=0001-01-01": "1",
			"start_date=0001-01-02&end_date=9999-12-30": "1",
		} {
			if got := c.get("/api/v1/transactions?"+query).want(200).at("pagination", "total_count"); got != want {
				t.Errorf("%s: %v transactions, want %s", query, got, want)
			}
		}
	})
}
