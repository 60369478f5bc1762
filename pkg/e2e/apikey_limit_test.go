package e2e

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

func TestK13_AThousandParallelRequestsPassTheLimitExactly(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		replicas := 1 // embedded engines count in process: one replica
		if set == testenv.Production {
			replicas = 2
		}
		w := startWorld(t, set, stack.Setup{Replicas: replicas})
		key := w.keeper().newKey("burst", "read", "web", nil).Key
		var (
			group           sync.WaitGroup
			passed, refused atomic.Int64
		)
		for i := range 100 {
			group.Go(func() {
				for range 10 {
					answer, err := sendTo(t.Context(), http.MethodGet, w.APIs[i%replicas].URL+accounts, keyHeader(key), "")
					switch {
					case err != nil:
						t.Error(err)
					case answer.Status == http.StatusOK:
						passed.Add(1)
					case answer.Status == http.StatusTooManyRequests:
						refused.Add(1)
					default:
						t.Errorf("got %s", answer)
					}
				}
			})
		}
		group.Wait()
		if passed.Load() != 100 || refused.Load() != 900 {
			t.Errorf("%d passed, %d were refused", passed.Load(), refused.Load())
		}
		wantLimitExceeded(t, w.useAPI(http.MethodGet, accounts, key, nil))
	})
}

// wantLimitExceeded checks docs/contract.md, "Limit headers".
func wantLimitExceeded(t *testing.T, answer *actor.Answer) {
	t.Helper()
	wantError(t, answer, http.StatusTooManyRequests, "rate_limit_exceeded")
	h := answer.Header
	seconds, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || seconds < 1 || seconds > 3600 || h.Get("X-RateLimit-Reset") != h.Get("Retry-After") ||
		h.Get("X-RateLimit-Remaining") != "0" || h.Get("X-RateLimit-Limit") != "100" {
		t.Errorf("headers: %v", h)
	}
	if answer.Text("message") != fmt.Sprintf("Rate limit exceeded. Try again in %d seconds.", seconds) {
		t.Errorf("message: %s", answer)
	}
	details, _ := answer.JSON("details").(map[string]any)
	if details["limit"] != 100.0 || details["current"] != 100.0 || details["reset_in_seconds"] != float64(seconds) {
		t.Errorf("details: %s", answer)
	}
}

func TestK14_TiersAndHeaders(t *testing.T) {
	eachWorld(t, func(w *world) {
		k := w.keeper()
		made := k.newKey("k", "read", "web", nil)
		first := w.useAPI(http.MethodGet, accounts, made.Key, nil).Header
		if first.Get("X-RateLimit-Limit") != "100" || first.Get("X-RateLimit-Remaining") != "99" || first.Get("RateLimit-Policy") != `"standard";q=100;w=3600` ||
			!strings.HasPrefix(first.Get("RateLimit"), `"standard";r=99;t=`) {
			w.t.Errorf("standard: %v", first)
		}
		refused := w.useAPI(http.MethodPost, "/api/v1/transactions", made.Key, nil) // for want of scope
		if refused.Status != http.StatusForbidden || refused.Header.Get("X-RateLimit-Remaining") != "98" {
			w.t.Errorf("every answer of a key has the headers: %s %v", refused, refused.Header)
		}
		for tier, limit := range map[string]string{"premium": "1000", "enterprise": "10000", "unlimited": "Infinity", "standard": "100"} {
			if _, err := w.CLI(w.t.Context(), "apikey", "set-tier", made.ID, tier); err != nil {
				w.t.Fatal(err)
			}
			err := within(w.t.Context(), func() error {
				if got := w.useAPI(http.MethodGet, accounts, made.Key, nil).Header.Get("X-RateLimit-Limit"); got != limit {
					return fmt.Errorf("%s: the limit is %s", tier, got)
				}
				return nil
			})
			if err != nil {
				w.t.Error(err)
			}
		}
		if _, err := w.CLI(w.t.Context(), "apikey", "set-tier", made.ID, "gold"); err == nil {
			w.t.Error("a tier that does not exist was set")
		}
		token := w.call(http.MethodGet, accounts, k.token, nil).Header
		if token.Get("X-RateLimit-Limit") != "10000" || token.Get("RateLimit-Policy") != `"oauth";q=10000;w=3600` {
			w.t.Errorf("tokens are limited too: %v", token)
		}
	})
}

func TestK15_UsageIsTracked(t *testing.T) {
	ownWorld(t, stack.Setup{
		APIEnv:  process.Env{"API_KEY_USE_INTERVAL": "200ms"},
		AuthEnv: process.Env{"AUTH_KEY_USE_INTERVAL": "200ms"},
	}, func(w *world) {
		if time.Now().UTC().Truncate(time.Hour) != time.Now().Add(time.Minute).UTC().Truncate(time.Hour) {
			w.t.Log("the clock hour turns during this test: counts may begin anew")
		}
		k := w.keeper()
		made, idle := k.newKey("busy", "read", "web", nil), k.newKey("idle", "read", "mobile", nil)
		for range 7 {
			wantStatus(w.t, w.useAPI(http.MethodGet, accounts, made.Key, nil), http.StatusOK)
		}
		began := time.Now()
		usage := w.useAPI(http.MethodGet, "/api/v1/usage", made.Key, nil)
		wantStatus(w.t, usage, http.StatusOK)
		limit, _ := usage.JSON("rate_limit").(map[string]any)
		self, _ := usage.JSON("api_key").(map[string]any)
		if limit["tier"] != "standard" || limit["limit"] != 100.0 || limit["current_count"] != 8.0 || limit["remaining"] != 92.0 ||
			self["name"] != "busy" || self["last_used_at"] == nil || self["created_at"] == nil {
			w.t.Errorf("usage: %s", usage)
		}
		oauth := w.call(http.MethodGet, "/api/v1/usage", k.token, nil)
		if oauth.Text("authentication_method") != "oauth" {
			w.t.Errorf("usage of a token: %s", oauth)
		}
		var shown apiKey
		testenv.Eventually(w.t, 30*time.Second, "the use is shown", func() bool {
			shown = k.read(k.manage(http.MethodGet, apiKeys+"/"+made.ID, nil), http.StatusOK)
			return shown.RequestsThisHour == 8
		})
		if shown.LastUsedAt == nil || began.Sub(*shown.LastUsedAt) > 10*time.Second || shown.LastUsedFrom == nil || *shown.LastUsedFrom != "127.0.0.1" ||
			shown.RateLimit.Tier != "standard" || shown.RateLimit.Limit == nil || *shown.RateLimit.Limit != 100 {
			w.t.Errorf("%+v", shown)
		}
		unused := k.read(k.manage(http.MethodGet, apiKeys+"/"+idle.ID, nil), http.StatusOK)
		if unused.LastUsedAt != nil || unused.LastUsedFrom != nil || unused.RequestsThisHour != 0 {
			w.t.Errorf("never used: %+v", unused)
		}
		// What has not been reported yet is when a service stops.
		writer := k.newKey("writer", "read_write", "monitoring", nil)
		wantStatus(w.t, w.useAPI(http.MethodGet, accounts, writer.Key, nil), http.StatusOK)
		w.use(http.MethodPatch, w.Auth.URL+"/api/v1/auth/enable_ai", writer.Key, nil)
		testenv.Eventually(w.t, 30*time.Second, "uses at both services are shown", func() bool {
			return k.read(k.manage(http.MethodGet, apiKeys+"/"+writer.ID, nil), http.StatusOK).RequestsThisHour == 2
		})
	})
}

func TestK16_UsesAreReportedOnShutdown(t *testing.T) {
	ownWorld(t, stack.Setup{APIEnv: process.Env{"API_KEY_USE_INTERVAL": "1h"}}, func(w *world) {
		k := w.keeper()
		made := k.newKey("k", "read", "web", nil)
		wantStatus(w.t, w.useAPI(http.MethodGet, accounts, made.Key, nil), http.StatusOK)
		stored := w.storedUses(made.ID)
		testenv.Eventually(w.t, 30*time.Second, "the first use is written soon", func() bool { return stored() == 1 })
		for range 5 {
			wantStatus(w.t, w.useAPI(http.MethodGet, accounts, made.Key, nil), http.StatusOK)
		}
		if got := stored(); got != 1 {
			w.t.Errorf("within the interval %d uses were written", got)
		}
		if err := w.API().Stop(); err != nil {
			w.t.Error(err)
		}
		if got := k.read(k.manage(http.MethodGet, apiKeys+"/"+made.ID, nil), http.StatusOK).RequestsThisHour; got != 6 {
			w.t.Errorf("%d uses are shown after the service has stopped, want 6", got)
		}
		if err := w.Auth.Stop(); err != nil {
			w.t.Error(err)
		}
		if got := stored(); got != 6 {
			w.t.Errorf("%d uses are stored after both have stopped, want 6", got)
		}
	})
}

// TestK19_UsesAreShownSoonAndWrittenSeldom: with the settings people start with,
// what a key was used for shows within moments, and its row is written once.
func TestK19_UsesAreShownSoonAndWrittenSeldom(t *testing.T) {
	ownWorld(t, stack.Setup{}, func(w *world) {
		k := w.keeper()
		made := k.newKey("k", "read", "web", nil)
		stored := w.storedUses(made.ID)
		first := int64(0)
		for round := range int64(3) {
			for range 4 {
				wantStatus(w.t, w.useAPI(http.MethodGet, accounts, made.Key, nil), http.StatusOK)
			}
			testenv.Eventually(w.t, 30*time.Second, "the uses are shown", func() bool {
				return k.read(k.manage(http.MethodGet, apiKeys+"/"+made.ID, nil), http.StatusOK).RequestsThisHour == 4*(round+1)
			})
			if round == 0 {
				testenv.Eventually(w.t, 30*time.Second, "the first use is written soon", func() bool { first = stored(); return first > 0 })
			}
		}
		if got := stored(); got != first {
			w.t.Errorf("the row was written twice within a minute: %d uses, then %d", first, got)
		}
	})
}

// storedUses returns a look at what the table says of a key's uses this hour.
func (w *world) storedUses(id string) func() int64 {
	w.t.Helper()
	db := openDB(w.t, w.AuthDB)
	return func() (n int64) {
		if err := db.QueryRow(w.t.Context(), "SELECT hour_requests FROM api_keys WHERE id = $1", id).Scan(&n); err != nil {
			w.t.Fatal(err)
		}
		return n
	}
}

func TestK17_OnlyResourceServersReportUses(t *testing.T) {
	eachWorld(t, func(w *world) {
		k := w.keeper()
		made := k.newKey("k", "read", "web", nil)
		target, report := w.Auth.URL+"/internal/key-uses", fmt.Sprintf(`{"uses":[{"id":%q,"used_at":%q,"used_from":"192.0.2.1","hour":%[2]q,"count":5}]}`,
			made.ID, time.Now().UTC().Format(time.RFC3339))
		basic := func(id, secret string) http.Header {
			req, _ := http.NewRequestWithContext(w.t.Context(), http.MethodPost, target, nil)
			req.SetBasicAuth(id, secret)
			req.Header.Set("Content-Type", "application/json")
			return req.Header
		}
		app := w.confidential()
		for what, header := range map[string]http.Header{
			"nobody": nil, "a token": bearer(k.token), "a key": keyHeader(made.Key), "a wrong secret": basic(w.ResourceServer.ID, "x"),
		} {
			answer := w.send(http.MethodPost, target, header, report)
			if answer.Status != http.StatusUnauthorized || !strings.HasPrefix(answer.Header.Get("WWW-Authenticate"), "Basic") {
				w.t.Errorf("%s: %s %v", what, answer, answer.Header)
			}
		}
		wantStatus(w.t, w.send(http.MethodPost, target, basic(app.Client.ID, app.Client.Secret), report), http.StatusForbidden)
		header := basic(w.ResourceServer.ID, w.ResourceServer.Secret)
		for _, bad := range []string{
			"", "{", `{"uses":5}`, `{"uses":[{"id":"x","count":1}]}`, strings.ReplaceAll(report, `"count":5`, `"count":0`),
			strings.ReplaceAll(report, "192.0.2.1", "nowhere"), strings.ReplaceAll(report, strconv.Itoa(time.Now().UTC().Year())+"-", "2999-"),
		} {
			if answer := w.send(http.MethodPost, target, header, bad); answer.Status != http.StatusBadRequest && answer.Status != http.StatusUnprocessableEntity {
				w.t.Errorf("%.60s: %s", bad, answer)
			}
		}
		stored := w.storedUses(made.ID)
		if got := stored(); got != 0 {
			w.t.Errorf("%d uses are stored", got)
		}
		wantStatus(w.t, w.send(http.MethodPost, target, header, report), http.StatusNoContent)
		testenv.Eventually(w.t, 30*time.Second, "the report is stored", func() bool { return stored() == 5 })
		wantStatus(w.t, w.send(http.MethodGet, target, header, ""), http.StatusMethodNotAllowed)
	})
}
