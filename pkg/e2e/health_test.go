package e2e

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/process"
)

// TestHealthOfAWorkingInstance on both sets of engines: each tells its own facts.
func TestHealthOfAWorkingInstance(t *testing.T) {
	facts := map[testenv.Set][]string{
		testenv.Embedded:   {"SQLite 3.", "In each process"},
		testenv.Production: {"PostgreSQL 1", "All clients", "Role Primary", "Redis 7", "When full"},
	}
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		office := testenv.OpenPostOffice(t, "")
		w := startWorld(t, set, stack.Setup{AuthEnv: mailing(office.Addr)})
		boss := w.person()
		text := w.page(boss, "/operator/health").Text()
		for _, want := range append(facts[set], "Up since just now", "It answers and takes our secret.", "The mail server greets us", "Size", "Connections", "Not since this replica started") {
			if !strings.Contains(text, want) {
				t.Errorf("health does not say %q: %s", want, text)
			}
		}
		if n := strings.Count(text, "Up since"); n != 2 {
			t.Errorf("%d programs are up, not this server and the resource API: %s", n, text)
		}
		_, version, _ := strings.Cut(text, "Version ")
		version, _, _ = strings.Cut(version, " ")
		if overview := w.page(boss, "/operator").Text(); strings.Contains(overview, "Needs attention") || version == "" || !strings.Contains(overview, "Latchkey "+version) {
			t.Errorf("%q: %s", version, overview)
		}
	})
}

// TestHealthOfAnOlderResourceAPI, which does not say which program it is.
func TestHealthOfAnOlderResourceAPI(t *testing.T) {
	older := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(older.Close)
	w := startWorld(t, testenv.Embedded, stack.Setup{AuthEnv: process.Env{"AUTH_ERASURE_URL": older.URL}})
	text := w.page(w.person(), "/operator/health").Text()
	if !strings.Contains(text, "It answers and takes our secret.") || !strings.Contains(text, strings.TrimPrefix(older.URL, "http://")) || strings.Count(text, "Up since") != 1 {
		t.Error(text)
	}
}

// TestHealthOfABrokenInstance: nobody is at the addresses of Redis, the mail server and the
// resource API. The page comes, says so, and repeats no password.
func TestHealthOfABrokenInstance(t *testing.T) {
	env := process.Env{
		"AUTH_REDIS_URL": "redis://user:secret-of-redis@127.0.0.1:1", "AUTH_ERASURE_URL": "http://127.0.0.1:1",
		"AUTH_SMTP_URL": "smtp://user:secret-of-smtp@127.0.0.1:1", "AUTH_SMTP_FROM": "noreply@example.com",
	}
	w := startWorld(t, testenv.Embedded, stack.Setup{AuthEnv: env})
	boss := w.person()
	for path, wants := range map[string][]string{
		"/operator":        {"Needs attention: Resource API, Cache, Email"},
		"/operator/health": {"Not working", "It can't be reached, or doesn't let us in.", "SQLite 3."},
	} {
		page := w.page(boss, path)
		for _, want := range wants {
			if !strings.Contains(page.Text(), want) {
				t.Errorf("%s does not say %q: %s", path, want, page.Text())
			}
		}
		if strings.Contains(page.Body, "secret-of") {
			t.Errorf("%s tells a password", path)
		}
	}
}
