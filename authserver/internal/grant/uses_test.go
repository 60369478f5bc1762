package grant_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/grant"
	"latchkey/pkg/secret"
)

// stamps is a store of live grants that remembers what was stamped.
type stamps struct {
	grant.Store
	batches [][]string
	fail    bool
	usedAt  *time.Time
	access  secret.Digest
	id      string
}

func (s *stamps) StampGrants(_ context.Context, ids []string, _ time.Time) error {
	if s.fail {
		return errors.New("away")
	}
	s.batches = append(s.batches, append([]string(nil), ids...))
	return nil
}

func (s *stamps) FindAccess(context.Context, secret.HandleDigest) (*grant.AccessState, error) {
	return &grant.AccessState{Credential: authserver.Credential{ID: s.id}, Access: s.access, UsedAt: s.usedAt}, nil
}

// use looks up a token of the grant with the id.
func (s *stamps) use(t *testing.T, service *grant.Service, id string) {
	t.Helper()
	token := secret.New(secret.AccessToken)
	s.id, s.access = id, token.Digest()
	if _, err := service.Lookup(t.Context(), token); err != nil {
		t.Fatal(err)
	}
}

func TestUsesAreWrittenOnceAndInBatches(t *testing.T) {
	store := &stamps{}
	service := grant.New(grant.Dependencies{Store: store, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return start }})
	for i := range 1200 {
		store.use(t, service, fmt.Sprint(i))
		store.use(t, service, fmt.Sprint(i))
	}
	service.FlushUses(t.Context())
	total := 0
	for _, batch := range store.batches {
		total += len(batch)
	}
	if len(store.batches) != 3 || total != 1200 {
		t.Errorf("%d batches, %d grants", len(store.batches), total)
	}
	service.FlushUses(t.Context())
	if len(store.batches) != 3 {
		t.Error("what was written is written again")
	}
	recently := start.Add(-59 * time.Minute)
	store.usedAt = &recently
	store.use(t, service, "recent")
	service.FlushUses(t.Context())
	if len(store.batches) != 3 {
		t.Error("a grant that was stamped within the hour is stamped again")
	}
	long := start.Add(-time.Hour)
	store.usedAt, store.fail = &long, true
	store.use(t, service, "x")
	service.FlushUses(t.Context())
	store.fail = false
	ctx, stop := context.WithCancel(t.Context())
	store.use(t, service, "y")
	stop()
	service.RunUses(ctx) // writes what is left
	if last := store.batches[len(store.batches)-1]; len(last) != 1 || last[0] != "y" {
		t.Errorf("at the end %v was written", last)
	}
}
