package api_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"mime/multipart"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// together sends requests at the same time and returns the answers in order.
func together(requests ...func() result) []result {
	answers := make([]result, len(requests))
	var all sync.WaitGroup
	for i, request := range requests {
		all.Go(func() { answers[i] = request() })
	}
	all.Wait()
	return answers
}

// TestBatchesInOtherOrders sends the same external ids in opposite orders at the same
// time: each is written once, and no request fails.
func TestBatchesInOtherOrders(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		account := c.cash()
		for round := range 3 {
			var items []object
			for i := range 40 {
				items = append(items, object{
					"account_id": account, "date": "2026-01-15", "amount": i, "name": "n", "external_id": fmt.Sprintf("%d-%d", round, i),
				})
			}
			reversed := slices.Clone(items)
			slices.Reverse(reversed)
			var requests []func() result
			for i := range 8 {
				order := [][]object{items, reversed}[i%2]
				requests = append(requests, func() result {
					return c.do("POST", "/api/v1/transactions/batch", object{"transactions": order})
				})
			}
			created := 0
			for i, r := range together(requests...) {
				if r.status >= 300 {
					t.Fatalf("%d %s", r.status, r.raw)
				}
				n, _ := strconv.Atoi(fmt.Sprint(r.at("created")))
				created += n
				want := "0"
				if i%2 == 1 {
					want = "-3900"
				}
				if got := r.at("transactions", 0, "signed_amount_cents"); got != want {
					t.Errorf("answered out of order: first has %v, want %s", got, want)
				}
			}
			if created != 40 {
				t.Errorf("created %d, want 40", created)
			}
		}
	})
}

func merchantForm(boundary string, names ...string) (body, contentType string) {
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	_ = form.SetBoundary(boundary)
	part, _ := form.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="file"; filename="m.csv"`}, "Content-Type": {"text/csv"},
	})
	_, _ = part.Write([]byte("name\n" + strings.Join(names, "\n") + "\n"))
	_ = form.Close()
	return b.String(), form.FormDataContentType()
}

// TestImportsInOtherOrders imports the same merchants in opposite orders at the
// same time.
func TestImportsInOtherOrders(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		for round := range 3 {
			var names []string
			for i := range 900 {
				names = append(names, fmt.Sprintf("m-%d-%03d", round, i))
			}
			reversed := slices.Clone(names)
			slices.Reverse(reversed)
			var requests []func() result
			for i := range 6 {
				body, kind := merchantForm("x", [][]string{names, reversed}[i%2]...)
				requests = append(requests, func() result { return c.do("POST", "/api/v1/merchants", body, "Content-Type", kind) })
			}
			imported := 0
			for _, r := range together(requests...) {
				n, _ := strconv.Atoi(fmt.Sprint(r.want(201).at("imported")))
				imported += n
			}
			if imported != 900 {
				t.Errorf("imported %d, want 900", imported)
			}
		}
	})
}

// TestTagChangedByTwo changes a tag's name and its colour at the same time. Both
// changes must be kept.
func TestTagChangedByTwo(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		for i := range 20 {
			path := "/api/v1/tags/" + c.do("POST", "/api/v1/tags", object{"tag": object{"name": fmt.Sprint("old", i), "color": "#000000"}}).want(201).text("id")
			for _, r := range together(
				func() result { return c.do("PATCH", path, object{"tag": object{"name": fmt.Sprint("new", i)}}) },
				func() result { return c.do("PATCH", path, object{"tag": object{"color": "#ffffff"}}) },
			) {
				r.want(200)
			}
			r := c.get(path)
			if r.text("name") != fmt.Sprint("new", i) || r.text("color") != "#ffffff" {
				t.Errorf("a change is lost: %s", r.raw)
			}
		}
	})
}

// TestFormSentAgain repeats an import with the same key and, as clients do, another
// boundary.
func TestFormSentAgain(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		send := func(boundary, name string) result {
			body, kind := merchantForm(boundary, name)
			return c.do("POST", "/api/v1/merchants", body, "Content-Type", kind, "Idempotency-Key", "once")
		}
		first, second := send("one", "Shop").want(201), send("two", "Shop").want(201)
		if !bytes.Equal(first.raw, second.raw) || second.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("%s, then %s", first.raw, second.raw)
		}
		send("two", "Another").refuses(422, "idempotency_key_reused", "")
	})
}

// TestMemberAsListAndAsText sends a member of a form both as a list and as a text. It
// is refused, in whatever order the two are read.
func TestMemberAsListAndAsText(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		for i := range 30 {
			form := fmt.Sprintf("tag[name][]=a&tag[name]=t%d", i)
			c.do("POST", "/api/v1/tags", form, "Content-Type", "application/x-www-form-urlencoded").want(400)
		}
	})
}

// TestUnknownAccountIsTheOnlyComplaint: without the account, and so without a currency,
// nothing is said about the amount.
func TestUnknownAccountIsTheOnlyComplaint(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c, other := s.family(), s.family()
		c.do("POST", "/api/v1/transactions", object{"transaction": object{
			"account_id": other.cash(), "date": "2026-01-15", "amount": "12.50", "name": "n",
		}}).refuses(404, "not_found", "Account not found")
	})
}

// TestTotalsStayRightUnderContention writes, moves and deletes transactions at
// the same time and compares what the counters say with what is listed.
func TestTotalsStayRightUnderContention(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		accounts := []string{c.cash(), c.do("POST", "/api/v1/accounts", object{"account": object{"name": "b"}}).want(201).text("id")}
		anything := func() object {
			return object{
				"account_id": accounts[rand.IntN(2)], "name": "n", "amount": []int{5, -5}[rand.IntN(2)],
				"date": fmt.Sprintf("2026-%02d-%02d", rand.IntN(3)+1, rand.IntN(3)+1),
			}
		}
		var ids []string
		for range 12 {
			ids = append(ids, c.spend(accounts[0], nil))
		}
		var requests []func() result
		for i, id := range ids {
			for range 3 {
				requests = append(requests,
					func() result { return c.do("PATCH", "/api/v1/transactions/"+id, object{"transaction": anything()}) },
					func() result {
						return c.do("POST", "/api/v1/transactions/batch", object{"transactions": []object{anything(), anything(), anything()}})
					})
			}
			if i%2 == 0 {
				requests = append(requests, func() result { return c.do("DELETE", "/api/v1/transactions/"+id, nil) })
			}
		}
		rand.Shuffle(len(requests), func(i, j int) { requests[i], requests[j] = requests[j], requests[i] })
		for _, r := range together(requests...) {
			if r.status >= 300 && r.status != 404 { // deleted before it could be moved
				t.Errorf("%d %s", r.status, r.raw)
			}
		}
		for _, query := range []string{
			"", "&type=income", "&type=expense", "&account_id=" + accounts[0], "&start_date=2026-01-01&end_date=2026-02-28",
			"&start_date=2026-01-02&end_date=2026-03-02&type=income", "&start_date=2026-02-03",
		} {
			names, _ := c.walk(query)
			if total := c.get("/api/v1/transactions?"+query).at("pagination", "total_count"); total != strconv.Itoa(len(names)) {
				t.Errorf("%s: total_count %v, and %d are listed", query, total, len(names))
			}
		}
	})
}
