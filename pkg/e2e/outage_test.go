package e2e

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

func wantUnavailable(t *testing.T, answer *actor.Answer, what string) {
	t.Helper()
	if answer.Status != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "" {
		t.Errorf("%s: got %s with Retry-After %q, want 503 with one", what, answer, answer.Header.Get("Retry-After"))
	}
}

func TestS35_T23_WithoutPostgreSQLNobodyIsLiedTo(t *testing.T) {
	t.Parallel()
	testenv.Production.Need(t)
	proxy, through := testenv.NewProxy(t, testenv.Postgres(t))
	w := startWorld(t, testenv.Production, stack.Setup{AuthDB: through, AuthEnv: process.Env{"AUTH_CLIENT_CACHE": "1m"}})
	app := w.public()
	pair := w.tokens(app, "read")
	code, pkce := w.code(w.person(), app, "read")
	wantStatus(t, w.form(w.resourceServer(), "/oauth/introspect", url.Values{"token": {pair.Access}}), http.StatusOK)

	proxy.Cut()
	for range 3 {
		wantUnavailable(t, w.form(app, "/oauth/revoke", url.Values{"token": {pair.Refresh}}), "revoke")
		wantUnavailable(t, w.refresh(app, pair.Refresh), "refresh")
		wantUnavailable(t, w.exchange(app, code, pkce.Verifier), "code exchange")
		wantUnavailable(t, w.form(w.resourceServer(), "/oauth/introspect", url.Values{"token": {pair.Access}}), "introspect")
	}
	if page := w.browse("/signin"); page.Status >= 500 && page.Status != http.StatusServiceUnavailable {
		t.Errorf("sign-in page: %d", page.Status)
	}
	if page, err := w.person0().SignIn(t.Context()); page == nil || page.Status != http.StatusServiceUnavailable {
		t.Errorf("signing in: %v %v", page, err)
	}
	wantStatus(t, w.send(http.MethodGet, w.Auth.Ops+"/readyz", nil, ""), http.StatusServiceUnavailable)
	wantStatus(t, w.send(http.MethodGet, w.Auth.Ops+"/healthz", nil, ""), http.StatusOK)

	proxy.Restore()
	testenv.Eventually(t, 30*time.Second, "the server works again", func() bool {
		return w.refresh(app, pair.Refresh).Status == http.StatusOK
	})
	wantStatus(t, w.exchange(app, code, pkce.Verifier), http.StatusOK)
}

// person0 is somebody who never signed up, for when nobody can.
func (w *world) person0() *actor.Person { return actor.NewPerson(w.Auth.URL) }

func TestResourceAPIWithoutItsDatabase(t *testing.T) {
	t.Parallel()
	testenv.Production.Need(t)
	proxy, through := testenv.NewProxy(t, testenv.Postgres(t))
	w := startWorld(t, testenv.Production, stack.Setup{APIDB: through})
	pair := w.tokens(w.public(), "read_write")
	wantStatus(t, w.call(http.MethodGet, accounts, pair.Access, nil), http.StatusOK)
	proxy.Cut()
	wantUnavailable(t, w.call(http.MethodGet, accounts, pair.Access, nil), "list accounts")
	wantUnavailable(t, w.call(http.MethodGet, "/api/v1/transactions", pair.Access, nil), "list transactions")
	wantStatus(t, w.call(http.MethodGet, accounts, "", nil), http.StatusUnauthorized)
	proxy.Restore()
	testenv.Eventually(t, 30*time.Second, "the resource API works again", func() bool {
		return w.call(http.MethodGet, accounts, pair.Access, nil).Status == http.StatusOK
	})
}

func TestWithoutRedisTheAnswersAreStillRight(t *testing.T) {
	t.Parallel()
	testenv.Production.Need(t)
	proxy, through := testenv.NewProxy(t, testenv.Redis(t))
	w := startWorld(t, testenv.Production, stack.Setup{Redis: through})
	app := w.public()
	before, during := w.tokens(app, "read"), w.tokens(app, "read")
	wantStatus(t, w.call(http.MethodGet, accounts, before.Access, nil), http.StatusOK)

	proxy.Cut()
	wantStatus(t, w.call(http.MethodGet, accounts, before.Access, nil), http.StatusOK)
	wantStatus(t, w.call(http.MethodGet, accounts, during.Access, nil), http.StatusOK)
	wantStatus(t, w.form(app, "/oauth/revoke", url.Values{"token": {during.Access}}), http.StatusOK)
	w.watchRefusal(w.API(), during.Access, time.Now())
	w.refreshed(app, before.Refresh)
	w.watchRefusal(w.API(), before.Access, time.Now())

	// What was revoked while Redis was away stays dead when it returns, even for
	// a replica that starts with Redis holding an older answer.
	proxy.Restore()
	w.watchRefusal(w.API(), during.Access, time.Now().Add(-revocationBound))
	if err := w.AddAPI(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.watchRefusal(w.APIs[1], during.Access, time.Now())
}

func TestWithoutTheAuthorizationServerNothingOpens(t *testing.T) {
	ownWorld(t, stack.Setup{}, func(w *world) {
		app := w.public()
		pair := w.tokens(app, "read")
		fresh := w.tokens(app, "read")
		wantStatus(w.t, w.call(http.MethodGet, accounts, pair.Access, nil), http.StatusOK)
		if err := w.Auth.Stop(); err != nil {
			w.t.Fatal(err)
		}
		wantUnavailable(w.t, w.call(http.MethodGet, accounts, fresh.Access, nil), "a token nobody has asked about")
		wantStatus(w.t, w.call(http.MethodGet, accounts, "x", nil), http.StatusUnauthorized)
		if err := w.RestartAuth(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		testenv.Eventually(w.t, 30*time.Second, "the token is accepted again", func() bool {
			return w.call(http.MethodGet, accounts, fresh.Access, nil).Status == http.StatusOK
		})
		w.refreshed(app, pair.Refresh) // what was issued before the restart is still good
	})
}
