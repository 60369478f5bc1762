package refusal_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/refusal"
)

// kept is a store that says what reached it.
type kept struct {
	mu   sync.Mutex
	rows []authserver.ClientRefusal
	away bool
}

func (k *kept) NoteRefusals(ctx context.Context, list []authserver.ClientRefusal) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if k.away {
		return errors.New("away")
	}
	k.rows = append(k.rows, list...)
	return nil
}

func (k *kept) ListRefusals(ctx context.Context, clientID string) ([]authserver.ClientRefusal, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(k.rows), func(r authserver.ClientRefusal) bool { return r.ClientID != clientID }), ctx.Err()
}

// run gives fn a recorder that is written out once stop is called.
func run(t *testing.T, fn func(t *testing.T, r *refusal.Recorder, k *kept, stop func())) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		k := &kept{}
		r := &refusal.Recorder{Store: k, Logger: slog.New(slog.DiscardHandler), Now: time.Now}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { r.Run(ctx); close(done) }()
		stop := func() { cancel(); <-done }
		fn(t, r, k, stop)
		stop()
	})
}

func of(k *kept, clientID string) []authserver.ClientRefusal {
	list, _ := k.ListRefusals(context.Background(), clientID)
	return list
}

func TestEqualRefusalsAreCounted(t *testing.T) {
	run(t, func(t *testing.T, r *refusal.Recorder, k *kept, stop func()) {
		first := time.Now().UTC()
		for range 3 {
			r.Note("app", "token", "pkce", "")
		}
		r.Note("app", "authorize", "redirect", "https://app.example/\x00"+strings.Repeat("x", 300))
		if len(of(k, "app")) != 0 {
			t.Error("somebody waited for the store")
		}
		stop()
		rows := of(k, "app")
		if len(rows) != 2 {
			t.Fatalf("%+v", rows)
		}
		slices.SortFunc(rows, func(a, b authserver.ClientRefusal) int { return strings.Compare(a.Endpoint, b.Endpoint) })
		if d := rows[0].Detail; len(d) > 200 || strings.Contains(d, "\x00") || !strings.HasPrefix(d, "https://app.example/") {
			t.Errorf("kept of what was sent: %q", d)
		}
		if rows[1].Count != 3 || !rows[1].FirstAt.Equal(first) {
			t.Errorf("%+v", rows[1])
		}
	})
}

// Whoever sends much in the name of some clients takes nobody else's place.
func TestEachClientHasAPlace(t *testing.T) {
	run(t, func(t *testing.T, r *refusal.Recorder, k *kept, stop func()) {
		for i := range 200 {
			for j := range 20 {
				r.Note(fmt.Sprintf("flood-%d", i), "authorize", "redirect", fmt.Sprintf("https://app.example/%d", j))
			}
		}
		r.Note("quiet", "token", "pkce", "")
		stop()
		if len(of(k, "quiet")) != 1 {
			t.Error("a client was pushed out")
		}
		for i := range 200 {
			if n := len(of(k, fmt.Sprintf("flood-%d", i))); n < 1 || n > 10 {
				t.Errorf("client %d has %d", i, n)
			}
		}
		if n := len(k.rows); n > 1300 {
			t.Errorf("%d were kept", n)
		}
	})
}

// Whoever looks has what was noted just now, and others' stays for its beat; that the page
// was left meanwhile loses nothing.
func TestAPageThatWasLeftLosesNothing(t *testing.T) {
	run(t, func(t *testing.T, r *refusal.Recorder, k *kept, stop func()) {
		r.Note("app", "token", "pkce", "")
		r.Note("other", "token", "pkce", "")
		left, leave := context.WithCancel(t.Context())
		leave()
		if _, err := r.Of(left, "app"); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		if len(of(k, "app")) != 1 || len(of(k, "other")) != 0 {
			t.Errorf("%+v", k.rows)
		}
		if list, err := r.Of(t.Context(), "app"); err != nil || len(list) != 1 {
			t.Errorf("%+v, %v", list, err)
		}
		<-time.After(2 * time.Second)
		synctest.Wait()
		if len(of(k, "other")) != 1 {
			t.Error("the beat wrote nothing")
		}
	})
}

func TestAStoreThatIsAwayHoldsNobodyUp(t *testing.T) {
	run(t, func(t *testing.T, r *refusal.Recorder, k *kept, stop func()) {
		k.away = true
		r.Note("app", "token", "pkce", "")
		if list, err := r.Of(t.Context(), "app"); err != nil || len(list) != 0 {
			t.Errorf("%+v, %v", list, err)
		}
		k.mu.Lock()
		k.away = false
		k.mu.Unlock()
		r.Note("app", "token", "secret", "")
		stop()
		if rows := of(k, "app"); len(rows) != 1 || rows[0].Reason != "secret" {
			t.Errorf("%+v", rows)
		}
	})
}
