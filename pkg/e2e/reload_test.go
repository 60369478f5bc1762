package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/process"
)

// TestAHangupReadsSettingsAgain: log levels and the secret between the services, from
// files, while both serve. What is wrong changes nothing, and the log says why; what
// needs a restart is named.
func TestAHangupReadsSettingsAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	w := startWorld(t, testenv.Production, stack.Setup{
		AuthEnv: process.Env{"AUTH_LOG_LEVEL_FILE": file("auth_level", "info"), "AUTH_SIGNUP_FILE": file("signup", "open")},
		APIEnv:  process.Env{"API_LOG_LEVEL_FILE": file("api_level", "info"), "API_INTROSPECTION_CLIENT_SECRET": "", "API_INTROSPECTION_CLIENT_SECRET_FILE": filepath.Join(dir, "secret"), "API_CREDENTIAL_LIFE": "100ms"},
		Secret:  func(secret string) { file("secret", secret) },
	})
	hangup := func(p *process.Process, want string) {
		t.Helper()
		before := strings.Count(p.Log(), want)
		if err := syscall.Kill(p.PID(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		testenv.Eventually(t, 30*time.Second, want+" in the log of "+p.Name, func() bool { return strings.Count(p.Log(), want) > before })
	}
	person, app := w.person(), w.public()
	pair := w.tokensOf(person, app, "read")
	reads := func(status int) {
		t.Helper()
		testenv.Eventually(t, 30*time.Second, "reads are answered "+http.StatusText(status), func() bool {
			return w.call(http.MethodGet, accounts, pair.Access, nil).Status == status
		})
	}
	reads(http.StatusOK)

	out, err := w.CLI(t.Context(), "client", "rotate-secret", w.ResourceServer.ID, "--json")
	if err != nil {
		t.Fatal(err)
	}
	var rotated struct {
		Secret string `json:"client_secret"`
	}
	if err := json.Unmarshal(out, &rotated); err != nil || rotated.Secret == "" {
		t.Fatalf("%v %s", err, out)
	}
	reads(http.StatusServiceUnavailable) // once the old one is forgotten
	file("secret", rotated.Secret)
	hangup(w.API(), "settings were read again")
	reads(http.StatusOK)

	file("auth_level", "loud")
	hangup(w.Auth, "settings were not read again")
	if log := w.Auth.Log(); !strings.Contains(log, "AUTH_LOG_LEVEL must be debug, info, warn or error") {
		t.Errorf("the log does not say why:\n%s", tail(log))
	}
	file("auth_level", "error")
	file("signup", "closed")
	hangup(w.Auth, `"need_a_restart":["AUTH_SIGNUP"]`)
	was := strings.Count(w.Auth.Log(), `"msg":"request"`)
	w.person() // signs up still
	if now := strings.Count(w.Auth.Log(), `"msg":"request"`); now != was {
		t.Errorf("%d requests are logged", now-was)
	}
	file("api_level", "error")
	hangup(w.API(), `"changed":["API_LOG_LEVEL"]`)
	for _, p := range []*process.Process{w.Auth, w.API()} {
		if strings.Contains(p.Log(), rotated.Secret) {
			t.Errorf("%s logs a secret", p.Name)
		}
	}
}
