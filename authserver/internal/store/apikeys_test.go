package store_test

import (
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/authserver/internal/store"
	"latchkey/authserver/internal/storetest"
	"latchkey/pkg/database"
	"latchkey/pkg/fault"
	"latchkey/pkg/keyuse"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
)

func newKey(userID, source, name string) (*authserver.APIKey, secret.Digest) {
	made := secret.New(secret.APIKey)
	return &authserver.APIKey{
		ID: uuid.NewString(), UserID: userID, Name: name, Scopes: scope.Read, Source: source,
		Tier: authserver.TierStandard, Stub: made.String(), CreatedAt: start,
	}, made.Digest()
}

func addKey(t *testing.T, s *store.Store, userID, source string) (*authserver.APIKey, secret.Digest) {
	t.Helper()
	k, digest := newKey(userID, source, source+" key")
	if err := s.CreateAPIKey(t.Context(), k, digest); err != nil {
		t.Fatal(err)
	}
	return k, digest
}

func keyRotation(k *authserver.APIKey, at time.Time, overlap time.Duration) authserver.KeyRotation {
	made := secret.New(secret.APIKey)
	return authserver.KeyRotation{
		ID: k.ID, UserID: k.UserID, Now: at, OverlapUntil: at.Add(overlap),
		SuccessorID: uuid.NewString(), Successor: made.Digest(), Stub: made.String(),
	}
}

func TestAPIKeyRoundTrip(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.DB, s *store.Store) {
		p := addPerson(t, db)
		end := start.Add(time.Hour)
		k, digest := newKey(p.id, authserver.SourceWeb, "Backup")
		k.Scopes, k.ExpiresAt, k.AllowedCIDRs = scope.ReadWrite, &end, []string{"192.0.2.0/24", "2001:db8::/32"}
		if err := s.CreateAPIKey(t.Context(), k, digest); err != nil {
			t.Fatal(err)
		}
		got, err := s.FindAPIKey(t.Context(), p.id, k.ID)
		if err != nil || got.Name != "Backup" || got.Stub != k.Stub || len(got.AllowedCIDRs) != 2 || !got.ExpiresAt.Equal(end) {
			t.Fatalf("%+v, %v", got, err)
		}
		c, err := s.LookupAPIKey(t.Context(), digest)
		if err != nil || c.ID != k.ID || c.FamilyID != p.family || c.Scopes != scope.ReadWrite || c.Tier != "standard" || len(c.AllowedCIDRs) != 2 {
			t.Fatalf("%+v, %v", c, err)
		}
		if !c.Active(start) || c.Active(end) {
			t.Error("it should be active until its end")
		}
		for _, other := range []string{uuid.NewString(), addPerson(t, db).id} {
			if _, err := s.FindAPIKey(t.Context(), other, k.ID); !fault.Is(err, fault.NotFound) {
				t.Errorf("a stranger found it: %v", err)
			}
		}
		if _, err := s.LookupAPIKey(t.Context(), secret.DigestOf("x")); !fault.Is(err, fault.NotFound) {
			t.Errorf("unknown digest: %v", err)
		}
	})
}

func TestOneActiveKeyPerSource(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.DB, s *store.Store) {
		p := addPerson(t, db)
		wins := storetest.Race(20, func(int) bool {
			k, digest := newKey(p.id, authserver.SourceMobile, uuid.NewString())
			err := s.CreateAPIKey(t.Context(), k, digest)
			if err != nil && !fault.Is(err, fault.Conflict) {
				t.Error(err)
			}
			return err == nil
		})
		if wins != 1 {
			t.Errorf("%d winners", wins)
		}
		addKey(t, s, p.id, authserver.SourceWeb)
		addKey(t, s, addPerson(t, db).id, authserver.SourceWeb)

		// An expired or revoked key gives its source free.
		k, digest := newKey(p.id, authserver.SourceMonitoring, "m")
		end := start.Add(time.Minute)
		k.ExpiresAt = &end
		if err := s.CreateAPIKey(t.Context(), k, digest); err != nil {
			t.Fatal(err)
		}
		again, digest := newKey(p.id, authserver.SourceMonitoring, "m")
		if err := s.CreateAPIKey(t.Context(), again, digest); !fault.Is(err, fault.Conflict) {
			t.Errorf("beside a live key: %v", err)
		}
		again.CreatedAt = end
		if err := s.CreateAPIKey(t.Context(), again, digest); err != nil {
			t.Errorf("after the end of the first: %v", err)
		}
		if ended, err := s.RevokeAPIKey(t.Context(), p.id, again.ID, authserver.KeyRevoked, end); err != nil || ended == nil || ended.Digest != digest {
			t.Fatalf("%+v, %v", ended, err)
		}
		third, digest := newKey(p.id, authserver.SourceMonitoring, "m")
		if err := s.CreateAPIKey(t.Context(), third, digest); err != nil {
			t.Errorf("after a revocation: %v", err)
		}
	})
}

func TestParallelKeyRotationsHaveOneWinner(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.DB, s *store.Store) {
		p := addPerson(t, db)
		k, old := addKey(t, s, p.id, authserver.SourceWeb)
		at := start.Add(time.Minute)
		wins := storetest.Race(20, func(int) bool {
			retired, err := s.RotateAPIKey(t.Context(), keyRotation(k, at, time.Hour))
			if err != nil && !errors.Is(err, authserver.ErrNotClaimed) {
				t.Error(err)
			}
			return err == nil && retired == old
		})
		if wins != 1 {
			t.Errorf("%d winners", wins)
		}
		live, err := s.ListAPIKeys(t.Context(), authserver.KeyFilter{UserID: p.id, LiveAt: at})
		if err != nil || len(live) != 2 || live[0].PredecessorID != k.ID || !live[1].Superseded() {
			t.Fatalf("%v, %v", live, err)
		}
		live, err = s.ListAPIKeys(t.Context(), authserver.KeyFilter{UserID: p.id, LiveAt: at.Add(time.Hour)})
		if err != nil || len(live) != 1 {
			t.Fatalf("after the overlap: %v, %v", live, err)
		}
		c, err := s.LookupAPIKey(t.Context(), old)
		if err != nil || !c.Active(at.Add(59*time.Minute)) || c.Active(at.Add(time.Hour)) {
			t.Errorf("the old key in its overlap: %+v, %v", c, err)
		}
	})
}

func TestRotatedKeysDoNotPileUp(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.DB, s *store.Store) {
		p := addPerson(t, db)
		k, _ := addKey(t, s, p.id, authserver.SourceWeb)
		for range authserver.MaxKeyEchoes {
			r := keyRotation(k, start, time.Hour)
			if _, err := s.RotateAPIKey(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			k = &authserver.APIKey{ID: r.SuccessorID, UserID: p.id}
		}
		if _, err := s.RotateAPIKey(t.Context(), keyRotation(k, start, time.Hour)); !errors.Is(err, authserver.ErrNotClaimed) {
			t.Errorf("one too many: %v", err)
		}
		if _, err := s.RotateAPIKey(t.Context(), keyRotation(k, start, 0)); err != nil {
			t.Errorf("without overlap: %v", err)
		}
	})
}

func TestKeysEndWithTheirUser(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.DB, s *store.Store) {
		p := addPerson(t, db)
		_, first := addKey(t, s, p.id, authserver.SourceWeb)
		_, second := addKey(t, s, p.id, authserver.SourceMobile)
		exec(t, db, `UPDATE users SET deactivated_at = $2 WHERE id = $1`, p.id, start)
		if c, err := s.LookupAPIKey(t.Context(), first); err != nil || c.Active(start) || !c.Deactivated {
			t.Errorf("%+v, %v", c, err)
		}
		ended, err := s.RevokeKeysOf(t.Context(), p.id, authserver.KeyDeactivated, start)
		if err != nil || len(ended) != 2 {
			t.Fatalf("%v, %v", ended, err)
		}
		if c, err := s.LookupAPIKey(t.Context(), second); err != nil || !c.Ended || !c.Deactivated {
			t.Errorf("%+v, %v", c, err)
		}
		k, digest := newKey(p.id, authserver.SourceMonitoring, "m")
		if err := s.CreateAPIKey(t.Context(), k, digest); !fault.Is(err, fault.NotFound) {
			t.Errorf("a key for a deactivated user: %v", err)
		}
		exec(t, db, `UPDATE users SET deactivated_at = NULL WHERE id = $1`, p.id)
		if c, err := s.LookupAPIKey(t.Context(), second); err != nil || c.Active(start) || c.Deactivated {
			t.Errorf("reactivation brought the key back: %+v, %v", c, err)
		}
	})
}

func TestKeyUses(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.DB, s *store.Store) {
		p := addPerson(t, db)
		k, _ := addKey(t, s, p.id, authserver.SourceWeb)
		use := func(at time.Time, from string, n int64) {
			t.Helper()
			uses := []keyuse.Use{{ID: k.ID, At: at, From: from, Hour: at.Truncate(time.Hour), Count: n}, {ID: uuid.NewString(), At: at, Hour: at, Count: 1}}
			if err := s.StampUses(t.Context(), uses); err != nil {
				t.Fatal(err)
			}
		}
		expect := func(at time.Time, from string, hour time.Time, n int64) {
			t.Helper()
			got, err := s.FindAPIKey(t.Context(), p.id, k.ID)
			if err != nil || got.LastUsedAt == nil || !got.LastUsedAt.Equal(at) || got.LastUsedFrom != from || got.RequestsThisHour(hour) != n {
				t.Errorf("%+v, %v", got, err)
			}
		}
		later := start.Add(10 * time.Minute)
		use(later, "192.0.2.1", 5)
		expect(later, "192.0.2.1", later, 5)
		use(start, "192.0.2.2", 2) // late news
		expect(later, "192.0.2.1", later, 7)
		next := start.Add(time.Hour)
		use(next, "192.0.2.3", 1)
		expect(next, "192.0.2.3", next, 1)
		use(later, "192.0.2.1", 9)
		expect(next, "192.0.2.3", next, 1)
		if got, _ := s.FindAPIKey(t.Context(), p.id, k.ID); got.RequestsThisHour(next.Add(time.Hour)) != 0 {
			t.Error("an hour later nothing has been counted")
		}
		digest, err := s.SetAPIKeyTier(t.Context(), k.ID, k.Tier, authserver.TierPremium)
		if c, err2 := s.LookupAPIKey(t.Context(), digest); err != nil || err2 != nil || c.Tier != authserver.TierPremium {
			t.Errorf("tier: %+v, %v, %v", c, err, err2)
		}
	})
}

// Replicas add up, what is over a limit is counted apart and is no use, and only the
// latest addresses stay.
func TestUsageByHour(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.DB, s *store.Store) {
		p := addPerson(t, db)
		k, _ := addKey(t, s, p.id, authserver.SourceWeb)
		stamp := func(uses ...keyuse.Use) {
			t.Helper()
			if err := s.StampUses(t.Context(), uses); err != nil {
				t.Fatal(err)
			}
		}
		addClient(t, s, "app")
		hour := start.Truncate(time.Hour)
		one := keyuse.Use{ID: k.ID, At: start, From: "192.0.2.1", Hour: hour, Count: 3, Forbidden: 1}
		var both sync.WaitGroup
		for range 4 {
			both.Go(func() {
				stamp(one, keyuse.Use{Kind: keyuse.KindClient, ID: "app", At: start, Hour: hour, Count: 2})
			})
		}
		both.Wait()
		stamp(keyuse.Use{ID: k.ID, At: start.Add(time.Hour), From: "192.0.2.9", Hour: hour.Add(time.Hour), Limited: 7})
		got, err := s.ListUsage(t.Context(), keyuse.KindKey, []string{k.ID, uuid.NewString()}, hour)
		want := []authserver.UsageHour{{Hour: hour, Calls: 12, Forbidden: 4}, {Hour: hour.Add(time.Hour), Limited: 7}}
		if err != nil || len(got) != 2 || got[0].Calls != want[0].Calls || got[0].Forbidden != 4 || got[1].Limited != 7 || !got[1].Hour.Equal(want[1].Hour) {
			t.Errorf("%+v, %v", got, err)
		}
		if got, err := s.ListUsage(t.Context(), keyuse.KindClient, []string{"app"}, hour); err != nil || len(got) != 1 || got[0].Calls != 8 {
			t.Errorf("application: %+v, %v", got, err)
		}
		if k, err := s.FindAPIKey(t.Context(), p.id, k.ID); err != nil || !k.LastUsedAt.Equal(start) {
			t.Errorf("what was refused is no use: %+v, %v", k, err)
		}
		for i := range 30 {
			stamp(keyuse.Use{ID: k.ID, At: start.Add(time.Duration(i) * time.Second), From: "2001:db8::" + strconv.Itoa(i), Hour: hour, Count: 1})
		}
		from, err := s.ListKeyAddresses(t.Context(), k.ID)
		if err != nil || len(from) != 20 || from[0].Address != "192.0.2.9" || from[1].Address != "2001:db8::29" {
			t.Errorf("%d addresses, %+v, %v", len(from), from, err)
		}
		for _, e := range s.Expiries(start.Add(48*time.Hour), store.Retention{Usage: time.Hour, Grants: time.Hour, Devices: time.Hour}) {
			if e.From == "usage_hours" && strings.Contains(e.And, "<>") || e.From == "key_addresses" { // what the instance counts stays longer
				var gone int64
				if _, err := db.Sweep(t.Context(), e, 100, func(n int64) { gone += n }); err != nil || gone == 0 {
					t.Errorf("%s: %d, %v", e.From, gone, err)
				}
			}
		}
	})
}
