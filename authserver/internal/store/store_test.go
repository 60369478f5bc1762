package store_test

import (
	"testing"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/authserver/internal/store"
	"latchkey/authserver/internal/storetest"
	"latchkey/pkg/database"
	"latchkey/pkg/fault"
	"latchkey/pkg/scope"
	"latchkey/pkg/testenv"
)

func TestMain(m *testing.M) { storetest.Main(m) }

var start = storetest.Start

// eachEngine runs fn on a fresh, migrated store of each engine.
func eachEngine(t *testing.T, fn func(t *testing.T, db *database.DB, s *store.Store)) {
	t.Helper()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		db := storetest.Open(t, set)
		fn(t, db, store.New(db))
	})
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
