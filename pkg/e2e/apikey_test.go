package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/secret"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

const keyRefused = "Access token or API key is invalid, expired, or missing"

func TestK1_AKeyIsShownOnceAndOpensBothServices(t *testing.T) {
	eachWorld(t, func(w *world) {
		k := w.keeper()
		answer := k.create("Nightly export", "read", "web", nil)
		made := k.read(answer, http.StatusCreated)
		if _, err := secret.Parse(secret.APIKey, made.Key); err != nil || made.Name != "Nightly export" || made.Source != "web" ||
			!slices.Equal(made.Scopes, []string{"read"}) || made.Tier != "standard" || made.ExpiresAt != nil || made.CreatedAt.IsZero() {
			w.t.Errorf("created: %+v", made)
		}
		if answer.Header.Get("Cache-Control") != "no-store" {
			w.t.Error("the answer with the key may be cached")
		}
		wantStatus(w.t, w.useAPI(http.MethodGet, accounts, made.Key, nil), http.StatusOK)
		for _, answer := range []*actor.Answer{k.manage(http.MethodGet, apiKeys, nil), k.manage(http.MethodGet, apiKeys+"/"+made.ID, nil)} {
			wantStatus(w.t, answer, http.StatusOK)
			if strings.Contains(string(answer.Body), made.Key) || !strings.Contains(string(answer.Body), made.Key[len(made.Key)-4:]) {
				w.t.Errorf("a key is recognised by its last four characters and nothing more: %s", answer)
			}
		}
		// authserver's own routes take keys as well: this one refuses by its rules,
		// not for want of a credential.
		read := w.use(http.MethodPatch, w.Auth.URL+"/api/v1/auth/enable_ai", made.Key, nil)
		wantError(w.t, read, http.StatusForbidden, "insufficient_scope")
		writer := k.newKey("Writer", "read_write", "mobile", nil)
		if answer := w.use(http.MethodPatch, w.Auth.URL+"/api/v1/auth/enable_ai", writer.Key, nil); answer.Status == http.StatusUnauthorized ||
			answer.Text("error") == "insufficient_scope" || answer.Header.Get("X-RateLimit-Limit") != "100" {
			w.t.Errorf("a key at authserver: %s %v", answer, answer.Header)
		}
	})
}

func TestK2_ScopesOfKeys(t *testing.T) {
	eachWorld(t, func(w *world) {
		k := w.keeper()
		reader, writer := k.newKey("r", "read", "web", nil), k.newKey("w", "read_write", "mobile", nil)
		account := w.firstAccount(k.token)
		body := members{"transaction": members{"account_id": account, "date": "2026-01-31", "amount": "3", "name": "Tea"}}
		made := w.useAPI(http.MethodPost, "/api/v1/transactions", writer.Key, body)
		wantStatus(w.t, made, http.StatusCreated)
		one := "/api/v1/transactions/" + made.Text("id")
		wantStatus(w.t, w.useAPI(http.MethodGet, one, reader.Key, nil), http.StatusOK)
		for _, c := range []struct{ method, path string }{
			{http.MethodPost, "/api/v1/transactions"},
			{http.MethodPatch, one},
			{http.MethodDelete, one},
			{http.MethodPost, "/api/v1/tags"},
			{http.MethodPost, "/api/v1/valuations"},
			{http.MethodPost, "/api/v1/sync"},
		} {
			answer := w.send(c.method, w.API().URL+c.path, keyHeader(reader.Key), "not even JSON")
			wantError(w.t, answer, http.StatusForbidden, "insufficient_scope")
		}
		wantStatus(w.t, w.useAPI(http.MethodDelete, one, writer.Key, nil), http.StatusOK)
	})
}

func TestK3_OneActiveKeyPerSource(t *testing.T) {
	eachWorld(t, func(w *world) {
		k := w.keeper()
		first := k.newKey("First", "read", "web", nil)
		second := k.create("Second", "read", "web", nil)
		wantError(w.t, second, http.StatusUnprocessableEntity, "validation_failed")
		for _, words := range []string{"First", first.KeyHint, first.ID, "otate or revoke"} {
			if !strings.Contains(string(second.Body), words) {
				w.t.Errorf("the refusal does not say %q: %s", words, second)
			}
		}
		k.newKey("Second", "read", "mobile", nil)
		k.newKey("Third", "read", "monitoring", nil)
		if answer := k.create("Second", "read", "monitoring", nil); answer.Status != http.StatusUnprocessableEntity ||
			!strings.Contains(string(answer.Body), "Name has already been taken") {
			w.t.Errorf("a name that is taken: %s", answer)
		}
		wantStatus(w.t, k.manage(http.MethodDelete, apiKeys+"/"+first.ID, nil), http.StatusNoContent)
		k.newKey("First", "read", "", nil) // web is the default
		if got := len(k.list()); got != 3 {
			w.t.Errorf("%d keys are listed", got)
		}
		w.keeper().newKey("First", "read", "web", nil) // somebody else's
	})
}

func TestK4_ParallelCreationsHaveOneWinner(t *testing.T) {
	eachWorld(t, func(w *world) {
		k := w.keeper()
		results := make(chan *actor.Answer, 20)
		for i := range cap(results) {
			go func() { results <- k.create(fmt.Sprint("Key ", i), "read", "web", nil) }()
		}
		won := 0
		for range cap(results) {
			switch answer := <-results; answer.Status {
			case http.StatusCreated:
				won++
			case http.StatusUnprocessableEntity:
			default:
				w.t.Errorf("a loser got %s", answer)
			}
		}
		if won != 1 || len(k.list()) != 1 {
			w.t.Errorf("%d winners, %d keys", won, len(k.list()))
		}
	})
}

func TestK5_RevokedKeysAreDeadWithinASecond(t *testing.T) {
	ownWorld(t, stack.Setup{Replicas: 2}, func(w *world) {
		k := w.keeper()
		made := k.newKey("Doomed", "read", "web", nil)
		for _, api := range w.APIs {
			wantStatus(w.t, w.use(http.MethodGet, api.URL+accounts, made.Key, nil), http.StatusOK)
		}
		wantStatus(w.t, k.manage(http.MethodDelete, apiKeys+"/"+made.ID, nil), http.StatusNoContent)
		err := within(w.t.Context(), func() error {
			for _, api := range w.APIs {
				if err := want(w.use(http.MethodGet, api.URL+accounts, made.Key, nil), http.StatusUnauthorized, nil); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			w.t.Error(err)
		}
		wantMessage(w.t, w.useAPI(http.MethodGet, accounts, made.Key, nil), http.StatusUnauthorized, keyRefused)
		for _, c := range []struct{ method, path string }{
			{http.MethodGet, ""}, {http.MethodDelete, ""}, {http.MethodPost, "/rotate"},
		} {
			wantError(w.t, k.manage(c.method, apiKeys+"/"+made.ID+c.path, nil), http.StatusNotFound, "not_found")
		}
		if got := len(k.list()); got != 0 {
			w.t.Errorf("%d keys are listed", got)
		}
	})
}

func TestK6_RotationWithoutAnOutage(t *testing.T) {
	eachWorld(t, func(w *world) {
		k := w.keeper()
		end := time.Now().Add(48 * time.Hour).UTC().Truncate(time.Second)
		old := k.newKey("Importer", "read_write", "mobile", members{"expires_at": end.Format(time.RFC3339), "allowed_cidrs": []string{"127.0.0.0/8"}})
		if _, err := w.CLI(w.t.Context(), "apikey", "set-tier", old.ID, "premium"); err != nil { // the waits below take many requests
			w.t.Fatal(err)
		}
		old.Tier = "premium"
		wantStatus(w.t, w.useAPI(http.MethodGet, accounts, old.Key, nil), http.StatusOK)
		testenv.Eventually(w.t, 30*time.Second, "the use is known", func() bool { return k.list()[0].LastUsedAt != nil })

		next := k.read(k.manage(http.MethodPost, apiKeys+"/"+old.ID+"/rotate", members{"overlap_seconds": 3}), http.StatusCreated)
		if next.Key == old.Key || next.ID == old.ID || next.Name != old.Name || next.Source != "mobile" || next.Tier != old.Tier ||
			!slices.Equal(next.Scopes, old.Scopes) || next.ExpiresAt == nil || !next.ExpiresAt.Equal(end) {
			w.t.Errorf("the successor inherits: %+v", next)
		}
		p := next.PreviousKey
		if p == nil || p.ID != old.ID || !p.InUse || p.LastUsedAt == nil || p.LastUsedFrom == nil || *p.LastUsedFrom != "127.0.0.1" ||
			p.ActiveUntil == nil || time.Until(*p.ActiveUntil) > 5*time.Second {
			w.t.Errorf("the old key: %+v", p)
		}
		for _, key := range []string{old.Key, next.Key} {
			wantStatus(w.t, w.useAPI(http.MethodGet, accounts, key, nil), http.StatusOK)
		}
		wantError(w.t, k.manage(http.MethodPost, apiKeys+"/"+old.ID+"/rotate", nil), http.StatusConflict, "conflict")
		w.wantEnd(old.Key, *p.ActiveUntil, 1500*time.Millisecond, 6*time.Second)

		third := k.read(k.manage(http.MethodPost, apiKeys+"/"+next.ID+"/rotate", nil), http.StatusCreated) // no overlap
		if third.PreviousKey == nil || third.PreviousKey.ActiveUntil != nil {
			w.t.Errorf("without overlap the old key ends: %+v", third.PreviousKey)
		}
		err := within(w.t.Context(), func() error {
			return want(w.useAPI(http.MethodGet, accounts, next.Key, nil), http.StatusUnauthorized, nil)
		})
		if err != nil {
			w.t.Error(err)
		}
		wantStatus(w.t, w.useAPI(http.MethodGet, accounts, third.Key, nil), http.StatusOK)
		if got := k.list(); len(got) != 1 || got[0].ID != third.ID {
			w.t.Errorf("%+v are listed", got)
		}
	})
}

func TestK7_OverlapIsAtMostAWeek(t *testing.T) {
	eachWorld(t, func(w *world) {
		k := w.keeper()
		made := k.newKey("k", "read", "web", nil)
		for _, body := range []members{
			{"overlap_seconds": -1},
			{"overlap_seconds": 604801},
			{"overlap_seconds": 1.5},
			{"overlap_seconds": 1e300},
			{"overlap": "8d"},
			{"overlap": "-1h"},
			{"overlap": "soon"},
			{"overlap": "1000000h"},
		} {
			wantError(w.t, k.manage(http.MethodPost, apiKeys+"/"+made.ID+"/rotate", body), http.StatusUnprocessableEntity, "validation_failed")
		}
		for _, body := range []any{members{"overlap_seconds": "x"}, members{"overlap": 5, "overlap_seconds": 5}, members{"unknown": 1}, []int{1}, "x"} {
			wantError(w.t, k.manage(http.MethodPost, apiKeys+"/"+made.ID+"/rotate", body), http.StatusBadRequest, "bad_request")
		}
		next := k.read(k.manage(http.MethodPost, apiKeys+"/"+made.ID+"/rotate", members{"overlap": "7d"}), http.StatusCreated)
		if d := time.Until(*next.PreviousKey.ActiveUntil); d < 167*time.Hour || d > 169*time.Hour {
			w.t.Errorf("seven days are %s", d)
		}
	})
}
