//go:build !race

package e2e

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv/process"
)

const (
	largestBatch = 8 << 20 // bytes
	timesItsSize = 4
	largeAtOnce  = 2 // resourceapi's places for large bodies
)

// TestB1_LargeBodiesStayWithinMemory sends bodies of 8 MB to the batch route, alone
// and four together: the service never takes more than four times what it works on.
func TestB1_LargeBodiesStayWithinMemory(t *testing.T) {
	quietWorld(t, stack.Setup{APIEnv: process.Env{"API_REQUEST_TIMEOUT": "60s"}}, func(w *world) {
		token := w.tokens(w.public(), "read_write").Access
		account := w.call(http.MethodGet, "/api/v1/accounts", token, nil).JSON("accounts").([]any)[0].(map[string]any)["id"].(string)
		send := func(body string, header http.Header) int {
			header.Set("Authorization", "Bearer "+token)
			header.Set("Content-Type", "application/json")
			return w.send(http.MethodPost, w.API().URL+"/api/v1/transactions/batch", header, body).Status
		}
		for _, c := range largeBatches(account) {
			t.Run(c.name, func(t *testing.T) {
				before := w.peakMiB(true)
				if got := send(c.body, http.Header{}); got != c.want {
					t.Errorf("%d, want %d", got, c.want)
				}
				took := w.peakMiB(false) - before
				t.Logf("alone %d MiB", took)
				if took > timesItsSize*largestBatch>>20 {
					t.Errorf("took %d MiB", took)
				}
				before = w.peakMiB(true)
				together(4, func(int) struct{} {
					if got := send(c.body, http.Header{}); got != c.want {
						t.Errorf("%d, want %d", got, c.want)
					}
					return struct{}{}
				})
				took = w.peakMiB(false) - before
				t.Logf("four together %d MiB", took)
				if took > largeAtOnce*timesItsSize*largestBatch>>20 {
					t.Errorf("four together took %d MiB", took)
				}
			})
		}
	})
}

type largeBatch struct {
	name, body string
	want       int
}

// largeBatches are bodies of 8 MB: one that is good, and some that are made to take
// much memory.
func largeBatches(account string) []largeBatch {
	filled := func(item string) string {
		const head, tail = `{"transactions":[`, `{}]}`
		return head + strings.Repeat(item+",", (largestBatch-len(head)-len(tail))/(len(item)+1)) + tail
	}
	good := make([]string, 500)
	for i := range good {
		good[i] = fmt.Sprintf(`{"account_id":%q,"date":"2026-01-15","amount":1,"name":"Item %d","notes":%q}`, account, i, strings.Repeat("é", 8300))
	}
	return []largeBatch{
		{"empty items", filled(`{}`), http.StatusUnprocessableEntity},
		{"small items", filled(`{"name":"x"}`), http.StatusUnprocessableEntity},
		{"whole items", filled(`{"account_id":"` + account + `","date":"2026-01-15","amount":1,"name":"x"}`), http.StatusUnprocessableEntity},
		{"lists", filled(`{"tag_ids":[[],[],[],[],[],[]]}`), http.StatusUnprocessableEntity},
		{"one item of lists", `{"transactions":[{"tag_ids":[` + strings.Repeat(`[],`, largestBatch/3-20) + `[]]}]}`, http.StatusUnprocessableEntity},
		{"one string", `{"transactions":[{"name":"` + strings.Repeat("x", largestBatch-100) + `"}]}`, http.StatusBadRequest},
		{"escapes", `{"transactions":[{"name":"` + strings.Repeat(`\u0041`, largestBatch/6-100) + `"}]}`, http.StatusBadRequest},
		{"no end", `{"transactions":[` + strings.Repeat("[", largestBatch-100), http.StatusBadRequest},
		{"long notes", `{"transactions":[` + strings.Join(good, ",") + `]}`, http.StatusCreated},
	}
}

// peakMiB is the most memory that resourceapi has held since the last reset. A reset
// starts again from what it holds now.
func (w *world) peakMiB(reset bool) int {
	w.t.Helper()
	folder := fmt.Sprintf("/proc/%d/", w.API().PID())
	if reset {
		if err := os.WriteFile(folder+"clear_refs", []byte("5"), 0); err != nil {
			w.t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(folder + "status")
	if err != nil {
		w.t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(raw), "VmHWM:")
	var kib int
	if _, err := fmt.Sscan(after, &kib); err != nil {
		w.t.Fatal(err)
	}
	return kib / 1024
}
