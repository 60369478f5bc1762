package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

const (
	crashWrites  = 1000
	crashWriters = 8
	crashEvery   = 100 // writes between two crashes
)

// TestCrashesOfEitherServiceLoseAndDoubleNothing kills authserver and
// resourceapi in turn, and both at once, while 1,000 transactions are written by
// applications that refresh their tokens on the way, each time with a sync just
// begun. Everybody repeats a request until it is answered. In the end each
// transaction is there once, every sync has completed and the balance is right.
func TestCrashesOfEitherServiceLoseAndDoubleNothing(t *testing.T) {
	// A machine at its limits may take its time to start a service: a refresh may be
	// repeated for as long as that takes.
	setup := stack.Setup{
		AuthEnv: process.Env{"AUTH_REFRESH_RETRY_WINDOW": "1h"},
		APIEnv:  process.Env{"API_WORKER_LEASE": "2s", "API_RATE_LIMIT_OAUTH": "0", "API_CREDENTIAL_CACHE": "-1"},
	}
	ownWorld(t, setup, func(w *world) {
		c := &crash{world: w, api: w.API().URL, app: w.public()}
		person := w.person()
		c.pair = w.tokensOf(person, c.app, "read_write")
		c.account = firstAccount(w, c.pair.Access)
		numbers := make(chan int)
		var done sync.WaitGroup
		for range crashWriters {
			pair := w.tokensOf(person, c.app, "read_write")
			done.Go(func() { c.write(numbers, pair) })
		}
		var syncs []string
		var strikes sync.WaitGroup
		for i := range crashWrites {
			if i%crashEvery == crashEvery-1 {
				strikes.Wait()
				strikes.Go(func() { // while the others go on writing
					syncs = append(syncs, c.persist(http.MethodPost, "/api/v1/sync", c.pair.Access, nil, "").nested("id"))
					c.strike(i / crashEvery)
				})
			}
			numbers <- i
		}
		close(numbers)
		done.Wait()
		strikes.Wait()
		c.strike(2) // in the middle of the last sync, perhaps
		c.settled(syncs)
	})
}

// crash is a world that is struck again and again.
type crash struct {
	*world
	api, account string
	app          *actor.App
	pair         Pair
}

func firstAccount(w *world, token string) string {
	w.t.Helper()
	var got struct{ Accounts []struct{ ID string } }
	answer := w.call(http.MethodGet, accounts, token, nil)
	if err := json.Unmarshal(answer.Body, &got); err != nil || len(got.Accounts) == 0 {
		w.t.Fatalf("accounts: %s", answer)
	}
	return got.Accounts[0].ID
}

// strike kills authserver, resourceapi or both, and starts what it killed.
func (c *crash) strike(turn int) {
	c.t.Helper()
	auth, api := turn%3 != 1, turn%3 != 0
	if auth {
		c.Auth.Kill()
	}
	if api {
		c.API().Kill()
	}
	var err error
	if auth {
		err = c.RestartAuth(c.t.Context())
	}
	if api {
		err = errors.Join(err, c.RestartAPI(c.t.Context(), 0))
	}
	if err != nil {
		c.t.Error(err)
	}
}

// refreshAfter is how many writes an application makes with one access token.
const refreshAfter = 3

// write creates transactions until there are no more numbers: those with an
// even number under an external id, the others under an idempotency key.
func (c *crash) write(numbers <-chan int, pair Pair) {
	made := 0
	for i := range numbers {
		if made++; made%refreshAfter == 0 {
			pair = c.refreshed(pair)
		}
		body := map[string]any{
			"account_id": c.account, "date": fmt.Sprintf("2026-01-%02d", i%28+1), "amount": cents(-(i + 1)), "name": "write " + strconv.Itoa(i),
		}
		key := ""
		if i%2 == 0 {
			body["external_id"] = strconv.Itoa(i)
		} else {
			key = "crash-" + strconv.Itoa(i)
		}
		answer := c.persist(http.MethodPost, "/api/v1/transactions", pair.Access, map[string]any{"transaction": body}, key)
		if answer.Status != http.StatusCreated && answer.Status != http.StatusOK {
			c.t.Errorf("write %d: %s", i, answer)
		}
	}
}

func cents(n int) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	return fmt.Sprintf("%s%d.%02d", sign, n/100, n%100)
}

// refreshed refreshes until there is an answer, always with the same token: one
// whose answer was lost is answered the same again.
func (c *crash) refreshed(pair Pair) Pair {
	var answer *actor.Answer
	c.until("refresh", func() bool {
		var err error
		answer, err = c.app.Refresh(context.WithoutCancel(c.t.Context()), pair.Refresh)
		return err == nil && answer.Status != http.StatusServiceUnavailable
	})
	next, err := pairOf(answer)
	if err != nil {
		c.t.Errorf("a refresh over a crash: %v", err)
		return pair
	}
	return next
}

type persisted struct{ *actor.Answer }

// nested returns a member of the answer.
func (p persisted) nested(path ...string) string {
	var v any
	if json.Unmarshal(p.Body, &v) != nil {
		return ""
	}
	for _, name := range path {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return fmt.Sprint(v)
}

// persist sends a request until it is answered at all, by a service that could
// ask all it needs.
func (c *crash) persist(method, path, token string, body any, key string) persisted {
	raw := ""
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			c.t.Error(err)
		}
		raw = string(text)
	}
	header := http.Header{"Authorization": {"Bearer " + token}, "Content-Type": {"application/json"}}
	if key != "" {
		header.Set("Idempotency-Key", key)
	}
	answer := &actor.Answer{}
	c.until(method+" "+path, func() bool {
		got, err := sendTo(context.WithoutCancel(c.t.Context()), method, c.api+path, header, raw)
		if err != nil || got.Status == http.StatusServiceUnavailable {
			return false
		}
		answer = got
		return true
	})
	return persisted{answer}
}

// until tries again and again; who gives up says so.
func (c *crash) until(what string, try func() bool) {
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for range 3000 {
		if try() {
			return
		}
		<-again.C
	}
	c.t.Errorf("%s was never answered", what)
}

// settled waits for the work that is left and looks at what there is.
func (c *crash) settled(syncs []string) {
	c.t.Helper()
	token := c.pair.Access
	for _, id := range syncs {
		c.until("the sync "+id, func() bool {
			return c.persist(http.MethodGet, "/api/v1/syncs/"+id, token, nil, "").nested("data", "status") == "completed"
		})
	}
	const want = "$5,005.00" // the sum of 1 to 1000 cents
	c.until("the balance "+want, func() bool {
		return c.persist(http.MethodGet, accounts+"/"+c.account, token, nil, "").nested("balance") == want
	})
	seen := map[string]int{}
	for after, more := "", true; more; {
		var page struct {
			Transactions []struct{ Name string }
			Pagination   struct {
				Next string `json:"next_cursor"`
				More bool   `json:"has_more"`
			}
		}
		answer := c.persist(http.MethodGet, "/api/v1/transactions?per_page=100&after="+after, token, nil, "")
		if err := json.Unmarshal(answer.Body, &page); err != nil {
			c.t.Fatal(err)
		}
		for _, t := range page.Transactions {
			seen[t.Name]++
		}
		after, more = page.Pagination.Next, page.Pagination.More
	}
	for i := range crashWrites {
		if n := seen["write "+strconv.Itoa(i)]; n != 1 {
			c.t.Errorf("write %d is there %d times", i, n)
		}
	}
	list := c.persist(http.MethodGet, "/api/v1/transactions", token, nil, "")
	if got := list.nested("pagination", "total_count"); got != strconv.Itoa(crashWrites) || len(seen) != crashWrites {
		c.t.Errorf("%s transactions counted, %d seen, want %d", got, len(seen), crashWrites)
	}
	days := c.persist(http.MethodGet, accounts+"/"+c.account+"/balances?page=9999", token, nil, "")
	if !strings.Contains(string(days.Body), want) {
		c.t.Errorf("the last day does not end with %s: %s", want, days)
	}
}
