package e2e

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/process"
)

// TestD1_BothServicesBehindPgBouncer as Debian installs it, in transaction mode:
// the main job of several people at once, refreshes included.
func TestD1_BothServicesBehindPgBouncer(t *testing.T) {
	t.Parallel()
	testenv.Production.Need(t)
	auth, api := testenv.Postgres(t), testenv.Postgres(t)
	w := startWorld(t, testenv.Production, stack.Setup{AuthDB: testenv.StartPgBouncer(t, auth), APIDB: testenv.StartPgBouncer(t, api)})
	app := w.public()
	people := 6
	together(people, func(int) error {
		pair, err := Authorize(t.Context(), app, w.person(), "read_write")
		if err != nil {
			t.Error(err)
			return err
		}
		for range 5 {
			answer := w.refresh(app, pair.Refresh)
			if pair, err = pairOf(answer); err != nil {
				t.Errorf("refresh: %v", err)
				return err
			}
			for _, path := range []string{accounts, "/api/v1/transactions", "/api/v1/categories"} {
				if answer := w.call(http.MethodGet, path, pair.Access, nil); answer.Status != http.StatusOK {
					t.Errorf("%s: %s", path, answer)
				}
			}
			if answer := w.call(http.MethodPost, "/api/v1/sync", pair.Access, map[string]any{}); answer.Status >= 400 {
				t.Errorf("sync: %s", answer)
			}
		}
		if answer := w.form(app, "/oauth/revoke", map[string][]string{"token": {pair.Refresh}}); answer.Status != http.StatusOK {
			t.Errorf("revoke: %s", answer)
		}
		return nil
	})
	if log := w.Logs(); strings.Contains(log, `"status":500`) || strings.Contains(log, "prepared statement") {
		t.Errorf("something failed:\n%s", tail(log))
	}
}

// TestD1_ModesThatCannotWorkAreASentence at the start of both services.
func TestD1_ModesThatCannotWorkAreASentence(t *testing.T) {
	t.Parallel()
	binaries, err := stack.Build(t.Context(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	for program, name := range map[string]string{binaries.Auth: "AUTH_DATABASE_URL", binaries.API: "API_DATABASE_URL"} {
		for _, mode := range []string{"exec", "simple_protocol"} {
			env := process.Env{name: "postgres://somebody:hush@127.0.0.1/x?default_query_exec_mode=" + mode}
			_, err := process.Run(t.Context(), program, t.TempDir(), env, "serve")
			if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "default_query_exec_mode") || strings.Contains(err.Error(), "hush") {
				t.Errorf("%s, %s: %v", name, mode, err)
			}
		}
	}
}
