package store_test

import (
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/authserver/internal/store"
	"latchkey/pkg/database"
	"latchkey/pkg/fault"
	"latchkey/pkg/scope"
	"latchkey/pkg/testenv"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// eachEngine runs fn on a fresh, migrated store of each engine.
func eachEngine(t *testing.T, fn func(t *testing.T, db *database.DB, s *store.Store)) {
	t.Helper()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		db, err := database.Open(t.Context(), databaseURL(t, set), database.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		s := store.New(db)
		if err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		fn(t, db, s)
	})
}

func databaseURL(t *testing.T, set testenv.Set) string {
	t.Helper()
	if set == testenv.Production {
		return testenv.Postgres(t)
	}
	return "sqlite:" + filepath.Join(t.TempDir(), "auth.db")
}

type person struct{ id, family string }

func addPerson(t *testing.T, db *database.DB) person {
	t.Helper()
	p := person{uuid.NewString(), uuid.NewString()}
	exec(t, db, `INSERT INTO families (id, name, created_at) VALUES ($1, 'Family', $2)`, p.family, start)
	exec(t, db, `INSERT INTO users (id, family_id, role, email, created_at) VALUES ($1, $2, 'admin', $3, $4)`,
		p.id, p.family, p.id+"@example.com", start)
	return p
}

func exec(t *testing.T, db *database.DB, text string, args ...any) {
	t.Helper()
	if _, err := db.Exec(t.Context(), text, args...); err != nil {
		t.Fatal(err)
	}
}

func addClient(t *testing.T, s *store.Store, id string) *authserver.Client {
	t.Helper()
	c := &authserver.Client{
		ID: id, Name: "App", AuthMethod: authserver.AuthNone, Scopes: scope.All,
		RedirectURIs: []string{"https://app.example/cb", "https://app.example/cb2"}, CreatedAt: start,
	}
	if err := s.CreateClient(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestClientRoundTrip(t *testing.T) {
	eachEngine(t, func(t *testing.T, _ *database.DB, s *store.Store) {
		want := addClient(t, s, "app")
		got, err := s.FindClient(t.Context(), "app")
		if err != nil {
			t.Fatal(err)
		}
		if got.Name != want.Name || len(got.RedirectURIs) != 2 || got.Scopes != scope.All || !got.CreatedAt.Equal(start) {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if _, err := s.FindClient(t.Context(), "nobody"); !fault.Is(err, fault.NotFound) {
			t.Errorf("unknown client: %v", err)
		}
		if err := s.CreateClient(t.Context(), want); !fault.Is(err, fault.Conflict) {
			t.Errorf("second client with the id: %v", err)
		}
	})
}

func race(n int, try func() bool) int {
	var (
		group sync.WaitGroup
		wins  atomic.Int64
		gate  = make(chan struct{})
	)
	for range n {
		group.Go(func() {
			<-gate
			if try() {
				wins.Add(1)
			}
		})
	}
	close(gate)
	group.Wait()
	return int(wins.Load())
}
