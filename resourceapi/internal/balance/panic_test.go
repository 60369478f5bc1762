package balance

import (
	"log/slog"
	"strings"
	"testing"

	"latchkey/resourceapi/internal/store"
)

// TestAPanicOfAJobIsAFailure: without a lease to work on, every kind of job panics.
func TestAPanicOfAJobIsAFailure(t *testing.T) {
	var log strings.Builder
	w := NewWorker(Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}, nil)
	for _, kind := range []string{store.JobReset, store.JobRemoveAccount} {
		if err := w.attempt(t.Context(), nil, &task{kind: kind}); err == nil || !strings.Contains(err.Error(), "panic in a job: "+kind) {
			t.Errorf("%s: %v", kind, err)
		}
	}
	if !strings.Contains(log.String(), "worker.go") {
		t.Errorf("the log does not say where: %s", log.String())
	}
}
