package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
)

// TestTheReleaseBeforeServesOnTheNewSchema: while replicas are exchanged, programs of
// the release before work on tables that this one has migrated, beside this one. What
// either issues the other honours. A release that raises the compatibility number of
// the schema says so at the start of the older program instead.
func TestTheReleaseBeforeServesOnTheNewSchema(t *testing.T) {
	revision, err := stack.Before(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if revision == "" {
		t.Log("no release came before this one")
		return
	}
	before, err := stack.BuildAt(t.Context(), revision, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the release before is %s", revision)
	ownWorld(t, stack.Setup{}, func(w *world) {
		ours := w.tokensOf(w.person(), w.public(), "read") // by this program, on its schema
		for _, p := range []interface{ Stop() error }{w.Auth, w.API()} {
			if err := p.Stop(); err != nil {
				t.Fatal(err)
			}
		}
		auth, err := w.Auth.Again(t.Context(), before.Auth, nil)
		if err != nil && strings.Contains(err.Error(), "the database is newer than this program") {
			t.Logf("refused, as the schema says: %v", err)
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		w.Auth = auth
		api, err := w.API().Again(t.Context(), before.API, nil)
		if err != nil {
			t.Fatal(err)
		}
		w.APIs[0] = api
		wantStatus(t, w.call(http.MethodGet, accounts, ours.Access, nil), http.StatusOK)

		// The main job, by the release before.
		p, app := w.person(), w.public()
		pair := w.tokensOf(p, app, "read_write")
		wantStatus(t, w.call(http.MethodPost, "/api/v1/tags", pair.Access, map[string]any{"tag": map[string]any{"name": "by the release before"}}), http.StatusCreated)
		pair = w.refreshed(app, pair.Refresh)
		wantStatus(t, w.call(http.MethodGet, accounts, pair.Access, nil), http.StatusOK)
		theirs := w.tokensOf(p, app, "read")
		wantStatus(t, w.form(app, "/oauth/revoke", url.Values{"token": {theirs.Access}}), http.StatusOK)
		testenv.Eventually(t, pollEvery*50, "what the release before revokes is refused", func() bool {
			return w.call(http.MethodGet, accounts, theirs.Access, nil).Status == http.StatusUnauthorized
		})

		// And this one takes over.
		for _, p := range []interface{ Stop() error }{w.Auth, w.API()} {
			if err := p.Stop(); err != nil {
				t.Fatal(err)
			}
		}
		if w.Auth, err = w.Auth.Again(t.Context(), w.Binaries.Auth, nil); err != nil {
			t.Fatal(err)
		}
		if w.APIs[0], err = w.API().Again(t.Context(), w.Binaries.API, nil); err != nil {
			t.Fatal(err)
		}
		wantStatus(t, w.call(http.MethodGet, accounts, pair.Access, nil), http.StatusOK)
		wantStatus(t, w.call(http.MethodGet, "/api/v1/tags", pair.Access, nil), http.StatusOK)
		w.refreshed(app, pair.Refresh)
	})
}
