package e2e

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/secret"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

// TestStatementBudgets counts what reaches PostgreSQL for each success path,
// with client records cached in process. Transaction control counts. It runs alone: on a
// busy machine background jobs fall into more than half of the runs.
func TestStatementBudgets(t *testing.T) {
	testenv.Production.Need(t)
	counter, through := testenv.CountStatements(t, testenv.Postgres(t))
	w := startWorld(t, testenv.Production, stack.Setup{AuthDB: through, AuthEnv: process.Env{
		"AUTH_SWEEP_INTERVAL": "1h", "AUTH_CLIENT_CACHE": "1m",
	}})
	app, rs, p := w.public(), w.resourceServer(), w.person()
	pair := w.tokensOf(p, app, "read") // consent is remembered from here on
	wantStatus(t, w.form(rs, "/oauth/introspect", url.Values{"token": {pair.Access}}), http.StatusOK)

	budget := func(name string, most int, prepare func() (operation func())) {
		t.Run(name, func(t *testing.T) {
			// The median of several: a background job may fall into one of them.
			var runs [][]string
			for range 7 {
				operation := prepare()
				counter.Take()
				operation()
				runs = append(runs, counter.Take())
			}
			slices.SortFunc(runs, func(a, b []string) int { return len(a) - len(b) })
			if median := runs[len(runs)/2]; len(median) > most {
				t.Errorf("%d statements, the budget is %d:\n%s", len(median), most, strings.Join(median, "\n---\n"))
			} else if most > 0 && len(median) == 0 {
				t.Error("no statement was counted: the proxy sees nothing")
			}
		})
	}
	status := func(answer *actor.Answer, status int) {
		t.Helper()
		wantStatus(t, answer, status)
	}

	budget("introspect", 1, func() func() {
		return func() { status(w.form(rs, "/oauth/introspect", url.Values{"token": {pair.Access}}), http.StatusOK) }
	})
	budget("introspect unknown", 1, func() func() {
		token := secret.New(secret.AccessToken).Reveal()
		return func() { status(w.form(rs, "/oauth/introspect", url.Values{"token": {token}}), http.StatusOK) }
	})
	budget("introspect malformed", 0, func() func() {
		return func() {
			status(w.form(rs, "/oauth/introspect", url.Values{"token": {flipped(pair.Access)}}), http.StatusOK)
		}
	})
	budget("introspect refresh token", 0, func() func() {
		return func() { status(w.form(rs, "/oauth/introspect", url.Values{"token": {pair.Refresh}}), http.StatusOK) }
	})
	budget("authorize after consent", 2, func() func() {
		return func() { w.code(p, app, "read") }
	})
	budget("code exchange", 1, func() func() {
		code, pkce := w.code(p, app, "read")
		return func() { status(w.exchange(app, code, pkce.Verifier), http.StatusOK) }
	})
	budget("refresh", 1, func() func() {
		own := w.tokensOf(p, app, "read")
		return func() { status(w.refresh(app, own.Refresh), http.StatusOK) }
	})
	budget("first introspection after a refresh", 2, func() func() {
		next := w.refreshed(app, w.tokensOf(p, app, "read").Refresh)
		return func() { status(w.form(rs, "/oauth/introspect", url.Values{"token": {next.Access}}), http.StatusOK) }
	})
	budget("second introspection after a refresh", 1, func() func() {
		next := w.refreshed(app, w.tokensOf(p, app, "read").Refresh)
		w.wantActive(next.Access, true, "the new access token")
		return func() { status(w.form(rs, "/oauth/introspect", url.Values{"token": {next.Access}}), http.StatusOK) }
	})
	budget("refresh retry", 2, func() func() {
		own := w.tokensOf(p, app, "read")
		w.refreshed(app, own.Refresh)
		return func() { status(w.refresh(app, own.Refresh), http.StatusOK) }
	})
	budget("revoke", 1, func() func() {
		own := w.tokensOf(p, app, "read")
		return func() { status(w.form(app, "/oauth/revoke", url.Values{"token": {own.Access}}), http.StatusOK) }
	})
	budget("revoke by refresh token", 1, func() func() {
		own := w.tokensOf(p, app, "read")
		return func() { status(w.form(app, "/oauth/revoke", url.Values{"token": {own.Refresh}}), http.StatusOK) }
	})
}
