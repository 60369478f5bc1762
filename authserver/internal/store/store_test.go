package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/authserver/internal/store"
	"latchkey/pkg/database"
	"latchkey/pkg/fault"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
	"latchkey/pkg/testenv"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// eachEngine runs fn on a fresh, migrated store of each engine.
func eachEngine(t *testing.T, fn func(t *testing.T, db *database.DB, s *store.Store)) {
	t.Helper()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		db, err := database.Open(t.Context(), schema.Database(t, set), database.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
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

func newPair(at time.Time) (authserver.Pair, secret.Token, secret.Token) {
	access, refresh := secret.New(secret.AccessToken), secret.New(secret.RefreshToken)
	return authserver.Pair{
		Access: access.Digest(), AccessExpiresAt: at.Add(time.Hour),
		Refresh: refresh.Digest(), RefreshExpiresAt: at.Add(24 * time.Hour),
	}, access, refresh
}

func addCode(t *testing.T, s *store.Store, clientID, userID string, scopes scope.Set) authserver.Redemption {
	t.Helper()
	code := authserver.Code{
		Digest: secret.New(secret.Code).Digest(), ChainID: uuid.NewString(), ClientID: clientID, UserID: userID,
		Scopes: scopes, RedirectURI: "https://app.example/cb", Challenge: "challenge",
		CreatedAt: start, ExpiresAt: start.Add(time.Minute),
	}
	if _, err := s.CreateCode(t.Context(), code); err != nil {
		t.Fatal(err)
	}
	pair, _, _ := newPair(start)
	return authserver.Redemption{
		Code: code.Digest, ClientID: clientID, RedirectURI: code.RedirectURI, Challenge: code.Challenge,
		Now: start.Add(time.Second), Pair: pair,
	}
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

func TestCodeIsClaimedByExactlyWhatItIsBoundTo(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.DB, s *store.Store) {
		p := addPerson(t, db)
		addClient(t, s, "app")
		good := addCode(t, s, "app", p.id, scope.ReadWrite)
		for name, spoil := range map[string]func(r *authserver.Redemption){
			"client":    func(r *authserver.Redemption) { r.ClientID = "other" },
			"redirect":  func(r *authserver.Redemption) { r.RedirectURI += "2" },
			"challenge": func(r *authserver.Redemption) { r.Challenge = "x" },
			"expired":   func(r *authserver.Redemption) { r.Now = start.Add(time.Minute) },
			"digest":    func(r *authserver.Redemption) { r.Code = secret.DigestOf("x") },
		} {
			r := good
			spoil(&r)
			if _, err := s.RedeemCode(t.Context(), r); !errors.Is(err, authserver.ErrNotClaimed) {
				t.Errorf("%s: %v", name, err)
			}
		}
		chain, err := s.RedeemCode(t.Context(), good)
		if err != nil || chain.UserID != p.id || chain.Scopes != scope.ReadWrite {
			t.Fatalf("redeem: %+v, %v", chain, err)
		}
		c, err := s.LookupAccessToken(t.Context(), good.Access)
		if err != nil || c.FamilyID != p.family || c.ID != chain.ID || !c.Active(start) || c.Active(start.Add(2*time.Hour)) {
			t.Errorf("lookup: %+v, %v", c, err)
		}
		if id, other, err := s.ExplainCode(t.Context(), good); err != nil || id != chain.ID || other {
			t.Errorf("redeemed chain %q, other resource %v, %v", id, other, err)
		}
		foreign := good
		foreign.ClientID = "other"
		if id, other, err := s.ExplainCode(t.Context(), foreign); err != nil || id != "" || other {
			t.Errorf("another client's view %q, other resource %v, %v", id, other, err)
		}
	})
}

// A code may be for one resource; a chain of one that is for none in particular
// is for the one its redemption names.
func TestResourceOfACode(t *testing.T) {
	const api, elsewhere = "https://api.example", "https://other.example"
	eachEngine(t, func(t *testing.T, db *database.DB, s *store.Store) {
		p := addPerson(t, db)
		addClient(t, s, "app")
		for _, c := range []struct {
			authorized, asked, chain string
			refused                  bool
		}{
			{authorized: "", asked: "", chain: ""},
			{authorized: "", asked: api, chain: api},
			{authorized: api, asked: "", chain: api},
			{authorized: api, asked: api, chain: api},
			{authorized: api, asked: elsewhere, refused: true},
		} {
			r := addCode(t, s, "app", p.id, scope.Read)
			if _, err := db.Exec(t.Context(), `UPDATE codes SET resource = $1 WHERE digest = $2`, c.authorized, r.Code[:]); err != nil {
				t.Fatal(err)
			}
			r.Resource = c.asked
			_, err := s.RedeemCode(t.Context(), r)
			if c.refused {
				if _, other, explained := s.ExplainCode(t.Context(), r); !errors.Is(err, authserver.ErrNotClaimed) || !other || explained != nil {
					t.Errorf("%+v: %v, other resource %v, %v", c, err, other, explained)
				}
				r.Challenge = "x"
				if _, other, explained := s.ExplainCode(t.Context(), r); other || explained != nil {
					t.Errorf("%+v with a wrong verifier: other resource %v, %v", c, other, explained)
				}
				continue
			}
			found, lookup := s.LookupAccessToken(t.Context(), r.Access)
			if err != nil || lookup != nil || found.Resource != c.chain {
				t.Errorf("%+v: %v, %v, %+v", c, err, lookup, found)
			}
		}
	})
}

func TestRowsOfDeletedClientsAreNotFound(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.DB, s *store.Store) {
		p := addPerson(t, db)
		code := authserver.Code{
			Digest: secret.New(secret.Code).Digest(), ChainID: uuid.NewString(), ClientID: "gone", UserID: p.id,
			Scopes: scope.Read, CreatedAt: start, ExpiresAt: start.Add(time.Minute),
		}
		for _, code.Consented = range []bool{false, true} {
			if widened, err := s.CreateCode(t.Context(), code); widened || !fault.Is(err, fault.NotFound) {
				t.Errorf("consented %v: %v, %v", code.Consented, widened, err)
			}
		}
	})
}

func TestConsentIsRememberedWithTheCode(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.DB, s *store.Store) {
		for _, c := range []struct {
			given []scope.Set // in turn
			want  scope.Set
			times int // that it was widened
		}{
			{[]scope.Set{scope.Read}, scope.Read, 1},
			{[]scope.Set{scope.Read, scope.Read}, scope.Read, 1},
			{[]scope.Set{scope.Read, scope.ReadWrite}, scope.All, 2},
			{[]scope.Set{scope.Read, scope.All, scope.Read}, scope.All, 2},
			{[]scope.Set{scope.ReadWrite, scope.Read}, scope.ReadWrite, 1},
			{[]scope.Set{scope.ReadWrite, scope.All}, scope.ReadWrite, 1},
		} {
			p, client := addPerson(t, db), addClient(t, s, uuid.NewString())
			times := 0
			for n, given := range c.given {
				at := start.Add(time.Duration(n) * time.Minute)
				widened, err := s.CreateCode(t.Context(), authserver.Code{
					Digest: secret.New(secret.Code).Digest(), ChainID: uuid.NewString(), ClientID: client.ID, UserID: p.id,
					Scopes: given, CreatedAt: at, ExpiresAt: at.Add(time.Minute), Consented: true,
				})
				if err != nil {
					t.Fatal(err)
				}
				if widened {
					times++
				}
			}
			var (
				scopes           string
				created, updated time.Time
			)
			err := db.QueryRow(t.Context(), "SELECT scopes, created_at, updated_at FROM consents WHERE user_id = $1 AND client_id = $2",
				p.id, client.ID).Scan(&scopes, &created, &updated)
			if err != nil {
				t.Fatalf("%v: %v", c.given, err)
			}
			last := start.Add(time.Duration(c.times-1) * time.Minute)
			if scopes != c.want.String() || times != c.times || !created.Equal(start) || !updated.Equal(last) {
				t.Errorf("%v: widened %d times to %s, %v, %v", c.given, times, scopes, created, updated)
			}
		}
	})
}

func TestParallelRedemptionsHaveOneWinner(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.DB, s *store.Store) {
		p := addPerson(t, db)
		addClient(t, s, "app")
		r := addCode(t, s, "app", p.id, scope.Read)
		wins := race(50, func() bool {
			r := r
			r.Pair, _, _ = newPair(start)
			_, err := s.RedeemCode(t.Context(), r)
			if err != nil && !errors.Is(err, authserver.ErrNotClaimed) {
				t.Error(err)
			}
			return err == nil
		})
		if wins != 1 {
			t.Errorf("%d winners", wins)
		}
	})
}
