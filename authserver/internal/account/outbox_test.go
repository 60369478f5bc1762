package account_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"latchkey/pkg/testenv"
)

// api is the resource API, which is away at first.
type api struct {
	mu     sync.Mutex
	failed bool
	erased []string
	first  func() error // the answer to the first try
}

func (a *api) EraseFamily(_ context.Context, familyID string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.failed {
		a.failed = true
		return a.first()
	}
	a.erased = append(a.erased, familyID)
	return nil
}

// TestTheOutboxTriesUntilItIsDone, also after a panic, which must not end the process.
func TestTheOutboxTriesUntilItIsDone(t *testing.T) {
	for name, first := range map[string]func() error{"away": func() error { return errors.New("away") }, "panic": func() error { panic("a defect") }} {
		t.Run(name, func(t *testing.T) { triesUntilItIsDone(t, first) })
	}
}

func triesUntilItIsDone(t *testing.T, first func() error) {
	eachEngine(t, settings(silent), func(w *world) {
		ada := w.ada()
		w.must(w.People.Delete(w.Context(), ada.ID))
		ctx, stop := context.WithCancel(w.Context())
		defer stop()
		resources := &api{first: first}
		var replicas sync.WaitGroup
		for range 3 {
			replicas.Go(func() { w.People.RunOutbox(ctx, resources) })
		}
		testenv.Eventually(w.T, 30*time.Second, "a first try", func() bool {
			return w.Count(`SELECT count(*) FROM outbox WHERE attempts = 1 AND next_at = $1`, w.Now().Add(time.Second)) == 1
		})
		w.Pass(time.Second)
		testenv.Eventually(w.T, 30*time.Second, "it was delivered", func() bool { return w.orders(ada.FamilyID) == 0 })
		stop()
		replicas.Wait()
		if !slices.Equal(resources.erased, []string{ada.FamilyID}) {
			w.Errorf("%v", resources.erased)
		}
	})
}
