package clientdoc

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/pkg/fault"
)

// answersAnything describes a client at whatever address is asked for.
func (h *host) answersAnything() {
	h.answer.Store(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "max-age=86400")
		_, _ = w.Write([]byte(strings.Replace(document(""), id, "https://"+r.Host+r.URL.RequestURI(), 1)))
	})
}

// limited asks for as many documents as a budget has and one more, at addresses that
// address makes, and reports whether the last was refused.
func (h *host) limited(t *testing.T, address func(i int) string) bool {
	t.Helper()
	for i := range perMinute {
		if _, err := h.Find(t.Context(), address(i)); err != nil {
			t.Fatalf("%s: %v", address(i), err)
		}
	}
	_, err := h.Find(t.Context(), address(perMinute))
	return fault.Is(err, fault.RateLimited)
}

// TestS46_SubdomainsAndPortsShareABudget: whoever registered a domain has as many as
// they like. Customers of a provider that gives names away do not share one.
func TestS46_SubdomainsAndPortsShareABudget(t *testing.T) {
	for address, shared := range map[string]bool{
		"https://a%d.evil.example/x": true, "https://a%d.b.evil.co.uk/x": true, "https://evil.example:1%03d/x": true,
		"https://93.184.216.34:1%03d/x": true, "https://[2606:4700:1:2::%d]/x": true,
		"https://a%d.github.io/x": false, "https://evil%d.example/x": false, "https://8.8.8.%d/x": false, "https://[2606:4700:1:%d::1]/x": false,
	} {
		h := newHost(t, []string{"93.184.216.34"})
		h.answersAnything()
		if h.limited(t, func(i int) string { return fmt.Sprintf(address, i+1) }) != shared {
			t.Errorf("%s: share a budget: %t", address, !shared)
		}
	}
}

// TestS46_ManyOriginsGiveNobodyTheirBudgetBack, except the one that was used least.
func TestS46_ManyOriginsGiveNobodyTheirBudgetBack(t *testing.T) {
	h := newHost(t, []string{"93.184.216.34"})
	h.answersAnything()
	at := func(i int) string { return fmt.Sprintf("https://evil.example/%d", i) }
	if !h.limited(t, at) {
		t.Fatal("not limited")
	}
	h.mu.Lock()
	for i := range maxBudgets + 100 { // as when others ask, some of whom ask again
		h.strangers.budget(fmt.Sprintf("other%d.example", i))
		if i%1000 == 0 {
			h.strangers.budget("evil.example")
		}
	}
	remembered := len(h.strangers.budgets.rows)
	h.mu.Unlock()
	if _, err := h.Find(t.Context(), at(99)); !fault.Is(err, fault.RateLimited) || remembered > maxBudgets {
		t.Errorf("after %d others: %v", remembered, err)
	}
}

// TestS46_StrangersTakeNothingFromClientsInUse: neither their place in memory, nor
// their budget, nor the places for fetches.
func TestS46_StrangersTakeNothingFromClientsInUse(t *testing.T) {
	h := newHost(t, []string{"93.184.216.34"})
	h.answersAnything()
	kept := map[string]bool{id: true}
	h.opts.Kept = func(_ context.Context, id string) bool { return kept[id] }
	find := func(id string, asked int32) {
		t.Helper()
		if _, err := h.Find(t.Context(), id); err != nil || h.asked.Load() != asked {
			t.Errorf("%s: %v, asked %d times, not %d", id, err, h.asked.Load(), asked)
		}
	}
	allowed := "https://notes.example/client.json"
	find(id, 1)
	find(allowed, 2)
	kept[allowed] = true
	h.Keep(allowed)
	h.Keep("https://unknown.example/x")
	h.mu.Lock()
	for i := range 2 * maxStrangers {
		h.remember(&h.strangers, fmt.Sprintf("https://spray%d.example/x", i), entry{err: errors.New("refused"), until: time.Unix(h.now.Load(), 0).Add(time.Hour)})
	}
	for range perMinute {
		h.strangers.budget("app.example").AllowN(h.opts.Now(), 1)
	}
	remembered := len(h.strangers.entries.rows)
	h.mu.Unlock()
	for range atTheSame {
		h.strangers.places <- struct{}{}
	}
	find(id, 2)
	find(allowed, 2)
	h.Forget()
	find(id, 3)
	find(allowed, 4)
	if _, err := h.Find(t.Context(), "https://app.example/other.json"); !fault.Is(err, fault.RateLimited) || remembered > maxStrangers {
		t.Errorf("a stranger, with %d remembered: %v", remembered, err)
	}
}

// TestWhatIsUsedIsForgottenLast.
func TestWhatIsUsedIsForgottenLast(t *testing.T) {
	h := newHost(t, []string{"93.184.216.34"})
	h.answersAnything()
	for i := range 3 * maxStrangers {
		if i%100 == 0 {
			if _, err := h.Find(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		h.mu.Lock()
		h.remember(&h.strangers, fmt.Sprintf("https://spray.example/%d", i), entry{err: errors.New("refused")})
		h.mu.Unlock()
	}
	if h.asked.Load() != 1 {
		t.Errorf("asked %d times", h.asked.Load())
	}
}

func TestPayers(t *testing.T) {
	for address, want := range map[string]string{
		"https://com/x": "com", "https://localhost:99/x": "localhost", "https://[::ffff:8.8.8.8]/x": "8.8.8.8", "https://[64:ff9b::808:808]:4/x": "8.8.8.8",
		"https://x.y.z.example.org/x": "example.org", "https://a.b.c.kawasaki.jp/x": "b.c.kawasaki.jp",
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := payer(u); got != want {
			t.Errorf("%s: %s, not %s", address, got, want)
		}
	}
}
