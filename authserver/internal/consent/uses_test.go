package consent_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"latchkey/authserver/internal/consent"
)

// stamps is a store that remembers what was stamped.
type stamps struct {
	consent.Store
	batches [][]string
	fail    bool
}

func (s *stamps) StampChains(_ context.Context, ids []string, _ time.Time) error {
	if s.fail {
		return errors.New("away")
	}
	s.batches = append(s.batches, append([]string(nil), ids...))
	return nil
}

func TestUsesAreWrittenOnceAndInBatches(t *testing.T) {
	store := &stamps{}
	uses := &consent.Uses{Store: store, Logger: slog.New(slog.DiscardHandler), Now: time.Now}
	for i := range 1200 {
		uses.Note(fmt.Sprint(i))
		uses.Note(fmt.Sprint(i))
	}
	uses.Flush(t.Context())
	total := 0
	for _, batch := range store.batches {
		total += len(batch)
	}
	if len(store.batches) != 3 || total != 1200 {
		t.Errorf("%d batches, %d chains", len(store.batches), total)
	}
	uses.Flush(t.Context())
	if len(store.batches) != 3 {
		t.Error("what was written is written again")
	}
	store.fail = true
	uses.Note("x")
	uses.Flush(t.Context())
	store.fail = false
	ctx, stop := context.WithCancel(t.Context())
	uses.Note("y")
	stop()
	uses.Run(ctx) // writes what is left
	if last := store.batches[len(store.batches)-1]; len(last) != 1 || last[0] != "y" {
		t.Errorf("at the end %v was written", last)
	}
}
