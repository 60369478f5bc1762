package account_test

import (
	"fmt"
	"testing"
	"time"

	"latchkey/authserver/internal/account"
	"latchkey/pkg/fault"
)

// One client takes half of the places for what waits, whoever asks in its name, and an
// address that is refused takes nothing of the client's.
func TestWhatWaitsIsShared(t *testing.T) {
	eachEngine(t, settings(), func(w *world) {
		wait := account.PendingRequest{Kind: "waiting-test", ClientID: "app", Most: 200, Life: time.Minute}
		from := func(address string, q account.PendingRequest) error { return w.People.Waiting(w.Context(), address, q) }
		for i := range 10 {
			for range 10 {
				w.must(from(fmt.Sprintf("192.0.2.%d", i), wait))
			}
			if i < 9 {
				w.Want("an address has its share", from(fmt.Sprintf("192.0.2.%d", i), wait), fault.RateLimited)
			}
		}
		w.Want("the client has its share", from("198.51.100.1", wait), fault.RateLimited)
		other := wait
		other.ClientID = "other"
		w.must(from("198.51.100.2", other))
		other.Proven = true
		for range 99 {
			w.must(from("198.51.100.2", other))
		}
		w.Want("one that has proved itself", from("198.51.100.2", other), fault.RateLimited)
		w.Pass(2 * time.Minute)
		w.must(from("192.0.2.1", wait))
	})
}

// Whoever goes on trying after a refusal fills no longer window, and no wider network.
func TestTryingOnCountsNowhere(t *testing.T) {
	limits := settings()
	limits.Throttles.Token = []account.Limit{{Max: 3, Window: time.Minute}, {Max: 6, Window: time.Hour}}
	eachEngine(t, limits, func(w *world) {
		refused := func(address string) bool { return w.People.TokenRefused(w.Context(), address) > 0 }
		for i := range 40 {
			if got := refused(fmt.Sprintf("2001:db8:1:1::%x", i)); got != (i >= 3) {
				w.Errorf("attempt %d is refused: %t", i, got)
			}
		}
		if refused("2001:db8:1:2::1") {
			w.Error("a neighbour is refused")
		}
		w.Pass(2 * time.Minute)
		if refused("2001:db8:1:1::1") {
			w.Error("refused after the shorter window")
		}
	})
}
