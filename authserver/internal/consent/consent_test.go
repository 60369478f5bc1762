package consent_test

import (
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/authserver/internal/consent"
	"latchkey/authserver/internal/grant"
	"latchkey/authserver/internal/storetest"
	"latchkey/pkg/scope"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// world is the use cases on a fresh database, with the clients "app" and "other" and
// somebody who is signed in.
type world struct {
	*storetest.Harness
	*consent.Service
	grants *grant.Service
	ada    *authserver.Signin
}

func eachEngine(t *testing.T, fn func(w *world)) {
	t.Helper()
	storetest.EachEngine(t, func(h *storetest.Harness) {
		w := &world{Harness: h, grants: grant.New(grant.Dependencies{
			Store: h.Store, Events: h.Events(), Logger: slog.New(slog.DiscardHandler), Now: h.Now, Settings: grant.Settings{
				CodeLifetime: time.Minute, AccessLifetime: time.Hour, RefreshLifetime: 24 * time.Hour, Lifetime: 24 * time.Hour, RetryWindow: time.Minute,
			},
		})}
		w.Service = &consent.Service{Store: h.Store, Grants: w.grants, Events: h.Events(), Now: h.Now}
		w.ada = h.Signin(h.Person())
		h.AddClient("app")
		h.AddClient("other")
		fn(w)
	})
}

// allow lets an application in at one more place.
func (w *world) allow(in *authserver.Signin, client string) *authserver.Tokens {
	w.Helper()
	code, err := w.grants.Approve(w.Context(), grant.Approval{
		Signin: in, ClientID: client, Scopes: scope.All, RedirectURI: storetest.Redirect, Challenge: "c", Consented: true,
	})
	if err != nil {
		w.Fatal(err)
	}
	tokens, err := w.grants.Redeem(w.Context(), grant.Exchange{Code: code.Reveal(), ClientID: client, RedirectURI: storetest.Redirect, Challenge: "c"})
	if err != nil {
		w.Fatal(err)
	}
	return tokens
}

func (w *world) opens(tokens *authserver.Tokens) bool {
	w.Helper()
	c, err := w.grants.Lookup(w.Context(), tokens.AccessToken)
	return err == nil && c.Active(w.Harness.Now())
}

func (w *world) wantNone(what string, err error) {
	w.Helper()
	if !errors.Is(err, consent.ErrNone) {
		w.Errorf("%s: %v", what, err)
	}
}

// installations are the ids of the live grants of "app".
func (w *world) installations() (ids []string) {
	w.Helper()
	found, err := w.Installations(w.Context(), w.ada.User.ID, "app")
	if err != nil {
		w.Fatal(err)
	}
	for _, g := range found {
		ids = append(ids, g.ID)
	}
	return ids
}

func TestWhatWasAllowed(t *testing.T) {
	eachEngine(t, func(w *world) {
		first := w.allow(w.ada, "app")
		w.Pass(time.Minute)
		w.allow(w.ada, "other")
		w.Pass(time.Minute)
		second := w.allow(w.ada, "app")
		eve := w.Signin(w.Person())
		w.allow(eve, "app")

		list, err := w.List(w.Context(), w.ada.User.ID)
		if err != nil || len(list) != 2 || list[0].Client.ID != "app" || !list[0].Live() || list[0].Consent.Scopes != scope.All {
			w.Errorf("%+v, %v", list, err)
		}
		if a, err := w.Find(w.Context(), w.ada.User.ID, "other"); err != nil || a.Client.Name != "App" {
			w.Errorf("%+v, %v", a, err)
		}
		_, err = w.Find(w.Context(), eve.User.ID, "other")
		w.wantNone("what another has allowed", err)
		if given, err := w.ListGrants(w.Context(), w.ada.User.ID); err != nil || len(given) != 3 || given[0].ID != second.GrantID {
			w.Errorf("%+v, %v", given, err)
		}
		if got, want := fmt.Sprint(w.installations()), fmt.Sprint([]string{second.GrantID, first.GrantID}); got != want {
			w.Errorf("%s, want %s", got, want)
		}
		w.Pass(24*time.Hour - time.Minute)
		if got := w.installations(); len(got) != 1 || got[0] != second.GrantID {
			w.Errorf("after the end of the first: %v", got)
		}
	})
}

func TestEndingAnInstallation(t *testing.T) {
	eachEngine(t, func(w *world) {
		first, second := w.allow(w.ada, "app"), w.allow(w.ada, "app")
		eve := w.Signin(w.Person())
		hers := w.allow(eve, "app")
		end := func(client, id string) error { return w.EndInstallation(w.Context(), w.ada.User.ID, client, id) }
		w.wantNone("no id", end("app", "x"))
		w.wantNone("no client", end("", first.GrantID))
		for what, try := range map[string][2]string{
			"another's": {"app", hers.GrantID}, "of another client": {"other", first.GrantID}, "nobody's": {"app", uuid.NewString()},
		} {
			if err := end(try[0], try[1]); err != nil || !w.opens(hers) || !w.opens(first) {
				w.Errorf("%s: %v", what, err)
			}
		}
		if err := end("app", first.GrantID); err != nil || w.opens(first) || !w.opens(second) {
			w.Errorf("one of two: %v", err)
		}
		if _, err := w.Find(w.Context(), w.ada.User.ID, "app"); err != nil {
			w.Errorf("the consent went too: %v", err)
		}
		if got := w.installations(); len(got) != 1 || got[0] != second.GrantID {
			w.Errorf("%v", got)
		}
	})
}

func TestTakingAConsentBack(t *testing.T) {
	eachEngine(t, func(w *world) {
		user := w.ada.User.ID
		first, second, other := w.allow(w.ada, "app"), w.allow(w.ada, "app"), w.allow(w.ada, "other")
		pending, err := w.grants.Approve(w.Context(), grant.Approval{
			Signin: w.ada, ClientID: "app", Scopes: scope.All, RedirectURI: storetest.Redirect, Challenge: "c", Consented: true,
		})
		if err != nil {
			w.Fatal(err)
		}
		eve := w.Signin(w.Person())
		hers := w.allow(eve, "app")
		wins := storetest.Race(6, func(int) bool {
			err := w.Revoke(w.Context(), user, "app")
			if err != nil && !errors.Is(err, consent.ErrNone) {
				w.Error(err)
			}
			return err == nil
		})
		n := w.Count(`SELECT count(*) FROM events WHERE kind = $1 AND user_id = $2 AND client_id = 'app'`, authserver.EventConsentRevoked, user)
		if wins != 1 || n != 1 {
			w.Errorf("%d times taken back, %d events", wins, n)
		}
		if w.opens(first) || w.opens(second) || !w.opens(other) || !w.opens(hers) {
			w.Error("what came of it ends, and nothing else")
		}
		_, err = w.grants.Redeem(w.Context(), grant.Exchange{Code: pending.Reveal(), ClientID: "app", RedirectURI: storetest.Redirect, Challenge: "c"})
		if err == nil {
			w.Error("a code in flight was redeemed")
		}
		_, err = w.Find(w.Context(), user, "app")
		w.wantNone("afterwards", err)
		w.wantNone("nobody's", w.Revoke(w.Context(), user, "none"))
	})
}

// While a consent is taken back, no grant that is made from it stays.
func TestTakingBackRacesAnApproval(t *testing.T) {
	eachEngine(t, func(w *world) {
		for range 8 {
			w.allow(w.ada, "app")
			storetest.Race(4, func(i int) bool {
				if i == 0 {
					return w.Revoke(w.Context(), w.ada.User.ID, "app") == nil
				}
				_, err := w.grants.Approve(w.Context(), grant.Approval{ // without asking: it was allowed before
					Signin: w.ada, ClientID: "app", Scopes: scope.All, RedirectURI: storetest.Redirect, Challenge: "c",
				})
				if err != nil && !errors.Is(err, grant.ErrNoParent) {
					w.Error(err)
				}
				return err == nil
			})
			if n := w.Count(`SELECT count(*) FROM grants WHERE ended_at IS NULL`); n != 0 {
				w.Errorf("%d grants of a consent that is gone", n)
			}
		}
	})
}
