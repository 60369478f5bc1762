package e2e

import (
	"context"
	"encoding/base64"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/secret"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

// secretFiles are settings of both services that come from files, by their names.
type secretFiles struct {
	t   *testing.T
	dir string
}

func (f secretFiles) write(name, text string) {
	f.t.Helper()
	if err := os.WriteFile(filepath.Join(f.dir, name), []byte(text+"\n"), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

// env has the settings come from files that hold given.
func (f secretFiles) env(given map[string]string) process.Env {
	env := process.Env{}
	for name, text := range given {
		f.write(name, text)
		env[name], env[name+"_FILE"] = "", filepath.Join(f.dir, name)
	}
	return env
}

const (
	readAgain    = "settings were read again"
	readInVain   = "settings were not read again"
	firstErasure = "the first erasure secret, of 32 characters at least"
	nextErasure  = "the next erasure secret, of 32 characters at least"
)

// hangup has p read its settings, and waits until its log says want once more.
func (w *world) hangup(p *process.Process, want string) {
	w.t.Helper()
	before := strings.Count(p.Log(), want)
	if err := syscall.Kill(p.PID(), syscall.SIGHUP); err != nil {
		w.t.Fatal(err)
	}
	testenv.Eventually(w.t, 30*time.Second, want+" in the log of "+p.Name, func() bool { return strings.Count(p.Log(), want) > before })
}

func encryptionKey(with byte) string {
	return base64.StdEncoding.EncodeToString([]byte(strings.Repeat(string(with), 32)))
}

// TestAHangupRenewsTheErasureSecret without a moment at which the services do not know
// each other: the one before is accepted until the next hangup. Of settings of which
// one is wrong, none is taken.
func TestAHangupRenewsTheErasureSecret(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		auth, api := secretFiles{t, t.TempDir()}, secretFiles{t, t.TempDir()}
		w := startWorld(t, set, stack.Setup{
			AuthEnv: process.Env{"AUTH_ERASURE_GRACE": "0s"}.With(auth.env(map[string]string{"AUTH_ERASURE_SECRET": firstErasure, "AUTH_LOG_LEVEL": "info"})),
			APIEnv:  api.env(map[string]string{"API_ERASURE_SECRET": firstErasure, "API_LOG_LEVEL": "info"}),
		})
		accepted := func(text string, want bool) {
			t.Helper()
			answer := w.send(http.MethodGet, w.API().URL+"/internal/families/none", bearer(text), "")
			if got := answer.Status != http.StatusUnauthorized; got != want || answer.Status >= http.StatusInternalServerError {
				t.Errorf("accepted %v: %s", got, answer)
			}
		}
		auth.write("AUTH_ERASURE_SECRET", nextErasure)
		auth.write("AUTH_LOG_LEVEL", "loud")
		w.hangup(w.Auth, readInVain)
		w.leavesForGood() // with the first secret: the other service knows no other

		api.write("API_ERASURE_SECRET", nextErasure)
		api.write("API_LOG_LEVEL", "loud")
		w.hangup(w.API(), readInVain)
		accepted(nextErasure, false)
		api.write("API_LOG_LEVEL", "info")
		w.hangup(w.API(), `"changed":["API_ERASURE_SECRET"]`)
		accepted(firstErasure, true)
		accepted(nextErasure, true)
		w.leavesForGood()
		auth.write("AUTH_LOG_LEVEL", "info")
		w.hangup(w.Auth, `"changed":["AUTH_ERASURE_SECRET"]`)
		w.hangup(w.API(), readAgain)
		accepted(firstErasure, false)
		accepted(nextErasure, true)
		w.leavesForGood()
		for _, p := range []*process.Process{w.Auth, w.API()} {
			if strings.Contains(p.Log(), nextErasure) || strings.Contains(p.Log(), firstErasure) {
				t.Errorf("%s logs a secret", p.Name)
			}
		}
	})
}

// leavesForGood has somebody delete their account, and waits until the data of their
// family is erased.
func (w *world) leavesForGood() {
	w.t.Helper()
	pair, err := pairOf(w.login(w.person(), "phone"))
	if err != nil {
		w.t.Fatal(err)
	}
	wantStatus(w.t, w.call(http.MethodGet, accounts, pair.Access, nil), http.StatusOK)
	answer, err := w.resourceServer().Introspect(w.t.Context(), pair.Access)
	if err != nil {
		w.t.Fatal(err)
	}
	family := answer.Text("family_id")
	if n := w.rowsOf(family); n == 0 {
		w.t.Fatal("the family has no data to erase")
	}
	answer, err = (&actor.App{}).Call(w.t.Context(), http.MethodDelete, w.Auth.URL+"/api/v1/users/me", pair.Access, nil)
	if err != nil || answer.Status != http.StatusOK {
		w.t.Fatalf("%v %v", answer, err)
	}
	testenv.Eventually(w.t, time.Minute, "the family's data is erased", func() bool { return w.rowsOf(family) == 0 })
}

// TestAHangupRenewsTheEncryptionKey: what was encrypted under the key of before opens,
// and a key that does not open it is not taken.
func TestAHangupRenewsTheEncryptionKey(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		files := secretFiles{t, t.TempDir()}
		first, next := encryptionKey('1'), encryptionKey('2')
		w := startWorld(t, set, stack.Setup{AuthEnv: unthrottled.With(files.env(map[string]string{
			"AUTH_ENCRYPTION_KEY": first, "AUTH_ENCRYPTION_KEYS_OLD": first, "AUTH_LOG_LEVEL": "info",
		}))})
		h := w.settle(w.public())
		files.write("AUTH_ENCRYPTION_KEY", next)
		files.write("AUTH_ENCRYPTION_KEYS_OLD", encryptionKey('3'))
		files.write("AUTH_LOG_LEVEL", "debug")
		w.hangup(w.Auth, readInVain)
		if log := w.Auth.Log(); !strings.Contains(log, "the encryption key is not the one that") || strings.Contains(log, `"level":"DEBUG"`) {
			t.Errorf("%s", tail(log))
		}
		files.write("AUTH_ENCRYPTION_KEYS_OLD", first)
		files.write("AUTH_LOG_LEVEL", "info")
		w.hangup(w.Auth, `"changed":["AUTH_ENCRYPTION_KEY"]`)
		w.wantSettled(h)
		after := w.settle(w.public())
		out, err := w.CLI(t.Context(), "encryption-key", "rotate", "--json")
		if err != nil || !strings.Contains(string(out), `"encrypted_anew": 1`) {
			t.Fatalf("%v: %s", err, out)
		}
		files.write("AUTH_ENCRYPTION_KEYS_OLD", next) // the key of before is gone
		w.hangup(w.Auth, `"changed":["AUTH_ENCRYPTION_KEYS_OLD"]`)
		w.wantSettled(after)
		if out, err := w.CLI(t.Context(), "events", "verify"); err != nil {
			t.Errorf("%v: %s", err, out)
		}
		if log := w.Auth.Log(); strings.Contains(log, first) || strings.Contains(log, next) {
			t.Error("a key is logged")
		}
	})
}

// TestAHangupRenewsTheResourceServer of the deployment: one file for both services, and
// whichever of them reads it first, nobody is refused.
func TestAHangupRenewsTheResourceServer(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		files := secretFiles{t, t.TempDir()}
		first, next := secret.New(secret.ClientSecret).Reveal(), secret.New(secret.ClientSecret).Reveal()
		auth := files.env(map[string]string{"AUTH_RESOURCE_SERVER_CLIENT_SECRET": first})
		auth["AUTH_RESOURCE_SERVER_CLIENT_ID"] = "the-api"
		api := process.Env{
			"API_CREDENTIAL_LIFE": "100ms", "API_INTROSPECTION_CLIENT_ID": "the-api", "API_INTROSPECTION_CLIENT_SECRET": "",
			"API_INTROSPECTION_CLIENT_SECRET_FILE": auth["AUTH_RESOURCE_SERVER_CLIENT_SECRET_FILE"],
		}
		w := startWorld(t, set, stack.Setup{AuthEnv: auth, APIEnv: api})
		app := w.public()
		pair := w.tokensOf(w.person(), app, "read")
		asks := func(text string, status int) {
			t.Helper()
			rs := &actor.App{Issuer: w.Auth.URL, Client: actor.Credential{ID: "the-api", Secret: text}}
			if answer, err := rs.Introspect(context.WithoutCancel(t.Context()), pair.Access); err != nil || answer.Status != status {
				t.Errorf("%v %v, want %d", err, answer, status)
			}
		}
		reads := func() {
			t.Helper()
			wantStatus(t, w.call(http.MethodGet, accounts, pair.Access, nil), http.StatusOK)
		}
		reads()
		asks(next, http.StatusUnauthorized)
		files.write("AUTH_RESOURCE_SERVER_CLIENT_SECRET", next)
		w.hangup(w.Auth, `"changed":["AUTH_RESOURCE_SERVER_CLIENT_SECRET"]`)
		reads()
		asks(first, http.StatusOK)
		asks(next, http.StatusOK)
		w.hangup(w.API(), `"changed":["API_INTROSPECTION_CLIENT_SECRET"]`)
		reads()
	})
}

// TestAHangupWorksWithoutTheDatabase: its password may be what is new.
func TestAHangupWorksWithoutTheDatabase(t *testing.T) {
	t.Parallel()
	testenv.Production.Need(t)
	files := secretFiles{t, t.TempDir()}
	first := secret.New(secret.ClientSecret).Reveal()
	proxy, through := testenv.NewProxy(t, testenv.Postgres(t))
	auth := files.env(map[string]string{
		"AUTH_RESOURCE_SERVER_CLIENT_SECRET": first, "AUTH_ENCRYPTION_KEY": encryptionKey('1'), "AUTH_LOG_LEVEL": "info",
	})
	auth["AUTH_RESOURCE_SERVER_CLIENT_ID"] = "the-api"
	w := startWorld(t, testenv.Production, stack.Setup{AuthDB: through, AuthEnv: auth})
	proxy.Cut()
	files.write("AUTH_LOG_LEVEL", "debug")
	w.hangup(w.Auth, `"changed":["AUTH_LOG_LEVEL"]`)
	files.write("AUTH_LOG_LEVEL", "info")
	files.write("AUTH_RESOURCE_SERVER_CLIENT_SECRET", secret.New(secret.ClientSecret).Reveal())
	w.hangup(w.Auth, readInVain)
	proxy.Restore()
	testenv.Eventually(t, time.Minute, "what failed is taken", func() bool {
		before := strings.Count(w.Auth.Log(), readAgain)
		w.hangup(w.Auth, "settings were ")
		return strings.Count(w.Auth.Log(), readAgain) > before
	})
}
