package apikey_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/authserver/internal/apikey"
	"latchkey/authserver/internal/event"
	"latchkey/authserver/internal/storetest"
	"latchkey/pkg/fault"
	"latchkey/pkg/keyuse"
	"latchkey/pkg/ratelimit"
	"latchkey/pkg/secret"
)

func TestMain(m *testing.M) { storetest.Main(m) }

var start = storetest.Start

// world is the use cases on a fresh database, with a user.
type world struct {
	*storetest.Harness
	*apikey.Service
	user string

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
	storetest.EachEngine(t, func(h *storetest.Harness) {
		w := &world{Harness: h, user: h.Person().ID}
		w.Service = &apikey.Service{Store: h.Store, Publisher: w, Tiers: ratelimit.DefaultTiers(), Now: h.Now, Events: h.Events()}
		fn(w)
	})
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
	c, err := w.Harness.Store.LookupAPIKey(w.Context(), made.Digest())
	return err == nil && !c.Ended && (c.ExpiresAt == nil || w.Harness.Now().Before(*c.ExpiresAt))
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
			w.Want(what, err, fault.Invalid)
		}
		other := w.Person().ID
		_, err := w.Get(w.Context(), other, k.ID)
		w.Want("another user's", err, fault.NotFound)
		_, err = w.Get(w.Context(), w.user, "x")
		w.Want("no id", err, fault.NotFound)
		w.Want("revoking another's", w.Revoke(w.Context(), other, k.ID), fault.NotFound)
		if list, err := w.List(w.Context(), w.user); err != nil || len(list) != 1 || list[0].ID != k.ID {
			w.Errorf("%v, %v", list, err)
		}
		if err := w.Revoke(w.Context(), w.user, k.ID); err != nil || w.opens(made) || !slices.Contains(w.published, made.Digest()) {
			w.Errorf("revoked: %v", err)
		}
		w.Want("revoked twice", w.Revoke(w.Context(), w.user, k.ID), fault.NotFound)
		w.make("Backup", authserver.SourceWeb) // name and source are free again
	})
}

// TestA4_AKeySaysWhoMadeIt, also where that is not its owner.
func TestA4_AKeySaysWhoMadeIt(t *testing.T) {
	eachEngine(t, func(w *world) {
		asked := w.request("Backup", authserver.SourceWeb)
		asked.With = "client-1"
		k, _, err := w.Create(event.WithActor(w.Context(), authserver.ActorOperator), w.user, asked)
		if err != nil || k.KeyMaker != (authserver.KeyMaker{MadeBy: authserver.ActorOperator, MadeWith: "client-1"}) {
			w.Fatalf("%+v, %v", k, err)
		}
		made, err := w.Rotate(event.WithActor(w.Context(), "somebody"), w.user, k.ID, time.Hour, "")
		if err != nil || made.New.KeyMaker != (authserver.KeyMaker{MadeBy: "somebody"}) || made.Old.KeyMaker != k.KeyMaker {
			w.Errorf("%+v, %v", made, err)
		}
	})
}

func TestRotation(t *testing.T) {
	eachEngine(t, func(w *world) {
		k, old := w.make("Backup", authserver.SourceWeb)
		made, err := w.Rotate(w.Context(), w.user, k.ID, time.Hour, "")
		if err != nil {
			w.Fatal(err)
		}
		if !w.opens(old) || !w.opens(made.Secret) {
			w.Error("both live during the overlap")
		}
		_, err = w.Rotate(w.Context(), w.user, k.ID, 0, "")
		w.Want("rotated twice", err, fault.Conflict)
		w.Pass(time.Hour)
		if w.opens(old) || !w.opens(made.Secret) {
			w.Error("the earlier key outlives its overlap")
		}
		_, err = w.Rotate(w.Context(), w.user, uuid.NewString(), 0, "")
		w.Want("no such key", err, fault.NotFound)
		_, err = w.Rotate(w.Context(), w.user, made.New.ID, -time.Second, "")
		w.Want("a negative overlap", err, fault.Invalid)
		next, err := w.Rotate(w.Context(), w.user, made.New.ID, 0, "")
		if err != nil || w.opens(made.Secret) || !w.opens(next.Secret) {
			w.Errorf("without overlap: %v", err)
		}
	})
}

// Of parallel rotations of one key one wins.
func TestRotationsRace(t *testing.T) {
	eachEngine(t, func(w *world) {
		k, _ := w.make("Backup", authserver.SourceWeb)
		won := storetest.Race(10, func(int) bool {
			_, err := w.Rotate(w.Context(), w.user, k.ID, time.Hour, "")
			return err == nil
		})
		if list, err := w.List(w.Context(), w.user); err != nil || won != 1 || len(list) != 2 {
			w.Errorf("%d winners, %d keys, %v", won, len(list), err)
		}
	})
}

func TestTiersAndEnds(t *testing.T) {
	eachEngine(t, func(w *world) {
		k, made := w.make("Backup", authserver.SourceWeb)
		_, second := w.make("Watch", authserver.SourceMonitoring)
		_, err := w.SetTier(w.Context(), k.ID, "", "golden")
		w.Want("no such tier", err, fault.Invalid)
		_, err = w.SetTier(w.Context(), uuid.NewString(), "", authserver.TierPremium)
		w.Want("no such key", err, fault.NotFound)
		if changed, err := w.SetTier(w.Context(), k.ID, "", authserver.TierPremium); err != nil || changed.Limit.Max != 1000 {
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
		use := keyuse.Use{ID: k.ID, At: start.Add(-time.Minute), From: "192.0.2.1", Hour: start.Truncate(time.Hour), Count: 3}
		if err := w.Reported(w.Context(), keyuse.Report{Uses: []keyuse.Use{use}}); err != nil {
			w.Fatal(err)
		}
		got, err := w.Get(w.Context(), w.user, k.ID)
		if err != nil || got.RequestsThisHour != 3 || got.LastUsedFrom != "192.0.2.1" || !got.LastUsedAt.Equal(use.At) {
			w.Errorf("%+v, %v", got, err)
		}
		for what, change := range map[string]func(u *keyuse.Use){
			"no id": func(u *keyuse.Use) { u.ID = "x" }, "no count": func(u *keyuse.Use) { u.Count = 0 },
			"of tomorrow":                 func(u *keyuse.Use) { u.At = start.Add(24 * time.Hour) },
			"of the day before yesterday": func(u *keyuse.Use) { u.At = start.Add(-25 * time.Hour) },
		} {
			bad := use
			change(&bad)
			if err := w.Reported(w.Context(), keyuse.Report{Uses: []keyuse.Use{bad}}); err == nil {
				w.Errorf("%s: accepted", what)
			}
		}
	})
}
