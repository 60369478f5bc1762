package apikey_test

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/authserver/internal/apikey"
	"latchkey/authserver/internal/event"
	"latchkey/authserver/internal/store"
	"latchkey/pkg/database"
	"latchkey/pkg/fault"
	"latchkey/pkg/keyuse"
	"latchkey/pkg/ratelimit"
	"latchkey/pkg/secret"
	"latchkey/pkg/testenv"
)

var start = time.Date(2026, 3, 1, 12, 30, 0, 0, time.UTC)

// world is the use cases on a fresh database, with a user.
type world struct {
	*testing.T
	*apikey.Service
	store *store.Store
	user  string
	now   time.Time

	mu        sync.Mutex
	published []secret.Digest
}

func (w *world) Publish(_ context.Context, digests []secret.Digest) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.published = append(w.published, digests...)
}

func eachEngine(t *testing.T, fn func(w *world)) {
	t.Helper()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		db, err := database.Open(t.Context(), schema.Database(t, set), database.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		w := &world{T: t, store: store.New(db), now: start}
		clock := func() time.Time { return w.now }
		w.Service = &apikey.Service{
			Store: w.store, Publisher: w, Tiers: ratelimit.DefaultTiers(), Now: clock,
			Events: &event.Recorder{Store: w.store, Logger: slog.New(slog.DiscardHandler), Now: clock},
		}
		w.user = w.person()
		fn(w)
	})
}

func (w *world) person() string {
	w.Helper()
	u := authserver.User{ID: uuid.NewString(), FamilyID: uuid.NewString(), Role: authserver.RoleAdmin, UILayout: "dashboard", CreatedAt: start}
	u.Email = u.ID + "@example.com"
	if err := w.store.CreateFamily(w.Context(), authserver.Family{ID: u.FamilyID, Name: "Family", CreatedAt: start}); err != nil {
		w.Fatal(err)
	}
	if err := w.store.CreateUser(w.Context(), &u); err != nil {
		w.Fatal(err)
	}
	return u.ID
}

func (w *world) request(name, source string) authserver.KeyRequest {
	return authserver.KeyRequest{Name: name, Source: source, Scopes: []string{"read"}}
}

func (w *world) make(name, source string) (*apikey.View, secret.Token) {
	w.Helper()
	k, made, err := w.Create(w.Context(), w.user, w.request(name, source))
	if err != nil {
		w.Fatal(err)
	}
	return k, made
}

// opens reports whether a key is found by its secret.
func (w *world) opens(made secret.Token) bool {
	w.Helper()
	c, err := w.store.LookupAPIKey(w.Context(), made.Digest())
	return err == nil && !c.Ended && (c.ExpiresAt == nil || w.now.Before(*c.ExpiresAt))
}

func (w *world) want(what string, err error, kind fault.Kind) {
	w.Helper()
	if !fault.Is(err, kind) {
		w.Errorf("%s: %v, want %v", what, err, kind)
	}
}

func TestKeysOfAUser(t *testing.T) {
	eachEngine(t, func(w *world) {
		k, made := w.make("Backup", authserver.SourceWeb)
		if !w.opens(made) || k.Tier != authserver.TierStandard {
			w.Errorf("%+v", k)
		}
		for what, r := range map[string]authserver.KeyRequest{
			"the source is taken": w.request("Other", authserver.SourceWeb), "the name is taken": w.request("Backup", authserver.SourceMobile),
			"no name": w.request(" ", authserver.SourceMobile), "no such source": w.request("Other", "moon"),
			"no scope": {Name: "Other", Source: authserver.SourceMobile},
		} {
			_, _, err := w.Create(w.Context(), w.user, r)
			w.want(what, err, fault.Invalid)
		}
		other := w.person()
		_, err := w.Get(w.Context(), other, k.ID)
		w.want("another user's", err, fault.NotFound)
		_, err = w.Get(w.Context(), w.user, "x")
		w.want("no id", err, fault.NotFound)
		w.want("revoking another's", w.Revoke(w.Context(), other, k.ID), fault.NotFound)
		if list, err := w.List(w.Context(), w.user); err != nil || len(list) != 1 || list[0].ID != k.ID {
			w.Errorf("%v, %v", list, err)
		}
		if err := w.Revoke(w.Context(), w.user, k.ID); err != nil || w.opens(made) || !slices.Contains(w.published, made.Digest()) {
			w.Errorf("revoked: %v", err)
		}
		w.want("revoked twice", w.Revoke(w.Context(), w.user, k.ID), fault.NotFound)
		w.make("Backup", authserver.SourceWeb) // name and source are free again
	})
}

func TestRotation(t *testing.T) {
	eachEngine(t, func(w *world) {
		k, old := w.make("Backup", authserver.SourceWeb)
		made, err := w.Rotate(w.Context(), w.user, k.ID, time.Hour)
		if err != nil {
			w.Fatal(err)
		}
		if !w.opens(old) || !w.opens(made.Secret) {
			w.Error("both live during the overlap")
		}
		_, err = w.Rotate(w.Context(), w.user, k.ID, 0)
		w.want("rotated twice", err, fault.Conflict)
		w.now = w.now.Add(time.Hour)
		if w.opens(old) || !w.opens(made.Secret) {
			w.Error("the earlier key outlives its overlap")
		}
		_, err = w.Rotate(w.Context(), w.user, uuid.NewString(), 0)
		w.want("no such key", err, fault.NotFound)
		_, err = w.Rotate(w.Context(), w.user, made.New.ID, -time.Second)
		w.want("a negative overlap", err, fault.Invalid)
		next, err := w.Rotate(w.Context(), w.user, made.New.ID, 0)
		if err != nil || w.opens(made.Secret) || !w.opens(next.Secret) {
			w.Errorf("without overlap: %v", err)
		}
	})
}

// Of parallel rotations of one key one wins.
func TestRotationsRace(t *testing.T) {
	eachEngine(t, func(w *world) {
		k, _ := w.make("Backup", authserver.SourceWeb)
		var (
			all sync.WaitGroup
			mu  sync.Mutex
			won int
		)
		for range 10 {
			all.Go(func() {
				if _, err := w.Rotate(w.Context(), w.user, k.ID, time.Hour); err == nil {
					mu.Lock()
					defer mu.Unlock()
					won++
				}
			})
		}
		all.Wait()
		if list, err := w.List(w.Context(), w.user); err != nil || won != 1 || len(list) != 2 {
			w.Errorf("%d winners, %d keys, %v", won, len(list), err)
		}
	})
}

func TestTiersAndEnds(t *testing.T) {
	eachEngine(t, func(w *world) {
		k, made := w.make("Backup", authserver.SourceWeb)
		_, second := w.make("Watch", authserver.SourceMonitoring)
		_, err := w.SetTier(w.Context(), k.ID, "golden")
		w.want("no such tier", err, fault.Invalid)
		_, err = w.SetTier(w.Context(), uuid.NewString(), authserver.TierPremium)
		w.want("no such key", err, fault.NotFound)
		if changed, err := w.SetTier(w.Context(), k.ID, authserver.TierPremium); err != nil || changed.Limit.Max != 1000 {
			w.Errorf("%+v, %v", changed, err)
		}
		if !slices.Contains(w.published, made.Digest()) {
			w.Error("nobody was told of the tier")
		}
		if err := w.RevokeAll(w.Context(), w.user, authserver.KeyDeactivated); err != nil || w.opens(made) || w.opens(second) {
			w.Errorf("all of them: %v", err)
		}
	})
}

func TestReportedUses(t *testing.T) {
	eachEngine(t, func(w *world) {
		k, _ := w.make("Backup", authserver.SourceWeb)
		use := keyuse.Use{KeyID: k.ID, At: start.Add(-time.Minute), From: "192.0.2.1", Hour: start.Truncate(time.Hour), Count: 3}
		if err := w.Reported(w.Context(), []keyuse.Use{use}); err != nil {
			w.Fatal(err)
		}
		got, err := w.Get(w.Context(), w.user, k.ID)
		if err != nil || got.RequestsThisHour != 3 || got.LastUsedFrom != "192.0.2.1" || !got.LastUsedAt.Equal(use.At) {
			w.Errorf("%+v, %v", got, err)
		}
		for what, change := range map[string]func(u *keyuse.Use){
			"no id": func(u *keyuse.Use) { u.KeyID = "x" }, "no count": func(u *keyuse.Use) { u.Count = 0 },
			"of tomorrow": func(u *keyuse.Use) { u.At = start.Add(24 * time.Hour) },
		} {
			bad := use
			change(&bad)
			if err := w.Reported(w.Context(), []keyuse.Use{bad}); err == nil {
				w.Errorf("%s: accepted", what)
			}
		}
	})
}
