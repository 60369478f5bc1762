package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// listBound is how many times the p99 of a small family's page that of a large
// family's may be.
const listBound = 3

// listCase is one list read again and again with other values each time.
type listCase struct {
	name  string
	query func(h *household, i int) string
}

func day(daysAgo int) string {
	return time.Now().UTC().AddDate(0, 0, -daysAgo).Format(time.DateOnly)
}

func pick(list []string, i int) string { return list[i%len(list)] }

func year(i int) string {
	from := 400 + i*37%2500
	return "start_date=" + day(from) + "&end_date=" + day(from-365)
}

// years are five and a half, so that other filters leave the small family some
// rows to show.
func years(i int) string {
	from := 2990 - i*37%900
	return "start_date=" + day(from) + "&end_date=" + day(from-2000)
}

func account(h *household, i int) string  { return "account_id=" + pick(h.accounts, i) }
func category(h *household, i int) string { return "category_id=" + pick(h.categories, i) }
func merchant(h *household, i int) string { return "merchant_id=" + pick(h.merchants, i) }
func tag(h *household, i int) string      { return "tag_ids[]=" + pick(h.tagList, i) }

func amounts(i int) string { return fmt.Sprintf("min_amount=%d&max_amount=%d", i%80, i%80+5) }

func word(i int) string {
	return "search=" + pick([]string{"coffee", "RENT", "bakery", "rain", "pharm", "shop 1", "card ending"}, i)
}

func both(parts ...string) string { return strings.Join(parts, "&") }

// listCases are the filters of docs/contract.md, "Transactions", alone and
// together.
func listCases() []listCase {
	type h = household
	return []listCase{
		{"none", func(*h, int) string { return "" }},
		{"account", account},
		{"two accounts", func(f *h, i int) string {
			return both("account_ids[]="+pick(f.accounts, i), "account_ids[]="+pick(f.accounts, i+1))
		}},
		{"category", category},
		{"two categories", func(f *h, i int) string {
			return both("category_ids[]="+pick(f.categories, i), "category_ids[]="+pick(f.categories, i+1))
		}},
		{"merchant", merchant},
		{"tag", tag},
		{"two tags", func(f *h, i int) string { return both(tag(f, i), tag(f, i+1)) }},
		{"dates, a year", func(_ *h, i int) string { return year(i) }},
		{"amounts", func(_ *h, i int) string { return amounts(i) }},
		{"amount few have", func(*h, int) string { return "min_amount=49999" }},
		{"income", func(*h, int) string { return "type=income" }},
		{"expense", func(*h, int) string { return "type=expense" }},
		{"search, a common word", func(_ *h, i int) string { return word(i) }},
		{"search, a word few have", func(*h, int) string { return "search=heirloom" }},
		{"search, a word none has", func(_ *h, i int) string { return fmt.Sprintf("search=zebra%d", i%10) }},
		{"dates + type", func(_ *h, i int) string { return both(years(i), "type=income") }},
		{"account + dates + type", func(f *h, i int) string { return both(account(f, i), years(i), "type=expense") }},
		{"account + category", func(f *h, i int) string { return both(account(f, i), category(f, i/4)) }},
		{"category + dates + amounts", func(f *h, i int) string { return both(category(f, i), years(i), "min_amount=-5&max_amount=60") }},
		{"tag + dates", func(f *h, i int) string { return both(tag(f, i), years(i)) }},
		{"merchant + search", func(f *h, i int) string { return both(merchant(f, i), word(i)) }},
		{"account + dates + search", func(f *h, i int) string { return both(account(f, i), years(i), word(i)) }},
	}
}

// listPairs are the requests to each family in one round of a row.
const listPairs = 120

// lists compares pages of a family of a million transactions with those of a
// family of a thousand. The requests take turns on one connection, so that both
// meet the same machine and none waits for another.
func (l *lab) lists(ctx context.Context) error {
	var wanted []listCase
	for _, c := range listCases() {
		if strings.Contains("list "+c.name, l.only) {
			wanted = append(wanted, c)
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	began := time.Now()
	small, large, err := l.households(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("\nPages of 25 of a family of %d transactions beside one of %d, among %d other families (made in %s): each %d requests in turn on one connection; medians of %d rounds.\n\n",
		largeFamily, smallFamily, otherFamilies, time.Since(began).Round(time.Second), listPairs, l.rounds)
	fmt.Println("| list | page | p50 small | p50 large | p99 small | p99 large | p99 large/small | at most |")
	fmt.Println("|---|---|---|---|---|---|---|---|")
	for _, c := range wanted {
		for _, place := range []string{"first", "deep", "cursor"} {
			if err := l.compare(ctx, c, place, small, large); err != nil {
				return fmt.Errorf("list %s, %s page: %w", c.name, place, err)
			}
		}
	}
	return nil
}

// compare measures one row of the table.
func (l *lab) compare(ctx context.Context, c listCase, place string, small, large household) error {
	conn, err := dial(ctx, host(l.stack.API().URL))
	if err != nil {
		return err
	}
	defer conn.conn.Close() //nolint:errcheck // only read from
	families := [2]*household{&small, &large}
	var requests [2][][]byte
	for i, family := range families {
		if requests[i], err = l.listRequests(ctx, c, place, family); err != nil {
			return err
		}
	}
	var rounds [2][]sample
	for round := range l.rounds + 1 {
		took, err := inTurn(conn, requests)
		if err != nil {
			return err
		}
		for i := range rounds {
			if round > 0 { // the first warms up
				rounds[i] = append(rounds[i], took[i])
			}
		}
	}
	quantile := func(i int, q float64) float64 {
		return median(rounds[i], func(s sample) float64 { return float64(s.quantile(q)) })
	}
	fmt.Printf("| %s | %s | %s | %s | %s | %s | %.2f | %d |\n", c.name, place, short(quantile(0, 0.5)), short(quantile(1, 0.5)),
		short(quantile(0, 0.99)), short(quantile(1, 0.99)), quantile(1, 0.99)/quantile(0, 0.99), listBound)
	return nil
}

// inTurn sends a round of requests, one to this family and one to that.
func inTurn(conn *client, requests [2][][]byte) (took [2]sample, err error) {
	var body []byte
	for n := range listPairs {
		for i := range requests {
			began := time.Now()
			var status int
			status, body, err = conn.do(requests[i][n%len(requests[i])], body)
			if err != nil || status != http.StatusOK {
				return took, fmt.Errorf("answered %d: %w: %.200s", status, err, body)
			}
			took[i].latencies = append(took[i].latencies, time.Since(began))
		}
	}
	return took, nil
}

// variants is how many different values a list is asked for with.
const variants = 40

// listRequests are requests for one place in the list: its first page, or the one
// after half of the pages its first answer knows of, by number or by cursor.
func (l *lab) listRequests(ctx context.Context, c listCase, place string, h *household) ([][]byte, error) {
	requests := make([][]byte, variants)
	for i := range requests {
		query := strings.ReplaceAll(strings.ReplaceAll(c.query(h, i), "[", "%5B"), "]", "%5D")
		query = strings.ReplaceAll(query, " ", "%20")
		switch place {
		case "deep":
			page, err := l.deepPage(ctx, query, h)
			if err != nil {
				return nil, err
			}
			query += fmt.Sprintf("&page=%d", page)
		case "cursor":
			cursor, err := l.cursor(ctx, query, h)
			if err != nil {
				return nil, err
			}
			query += "&after=" + cursor
		}
		requests[i] = get(host(l.stack.API().URL), "/api/v1/transactions?"+strings.TrimPrefix(query, "&"), "Authorization: Bearer "+h.token+"\r\n")
	}
	return requests, nil
}

type pagination struct {
	Pagination struct {
		TotalPages int    `json:"total_pages"`
		NextCursor string `json:"next_cursor"`
	} `json:"pagination"`
}

func (l *lab) deepPage(ctx context.Context, query string, h *household) (int, error) {
	got, err := l.listPage(ctx, query, h)
	return max(1, got.Pagination.TotalPages/2), err
}

// cursor continues a list after the middle page of those its first answer
// knows of.
func (l *lab) cursor(ctx context.Context, query string, h *household) (string, error) {
	middle, err := l.deepPage(ctx, query, h)
	if err != nil {
		return "", err
	}
	got, err := l.listPage(ctx, fmt.Sprintf("%s&page=%d", query, middle), h)
	return url.QueryEscape(got.Pagination.NextCursor), err
}

func (l *lab) listPage(ctx context.Context, query string, h *household) (got pagination, err error) {
	answer, err := l.app.Call(ctx, http.MethodGet, l.stack.API().URL+"/api/v1/transactions?"+strings.TrimPrefix(query, "&"), h.token, nil)
	if err != nil {
		return got, err
	}
	if answer.Status != http.StatusOK {
		return got, fmt.Errorf("%s: %s", query, answer)
	}
	return got, json.Unmarshal(answer.Body, &got)
}
