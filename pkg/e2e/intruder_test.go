package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

// A body of JSON under the media type of a form, which is what curl -d sends
// when nobody names one, is a single field name to a form parser.
func TestMisdirectedBodiesAreNotLogged(t *testing.T) {
	eachWorld(t, func(w *world) {
		p := actor.NewPerson(w.Auth.URL)
		for _, path := range []string{"/api/v1/auth/login", "/api/v1/auth/signup", "/api/v1/auth/refresh", "/oauth/token", "/signin"} {
			for _, body := range []string{
				`{"email":"` + p.Email + `","password":"` + p.Password + `"}`,
				`{"` + p.Email + `":"` + p.Password + `"}`,
				url.QueryEscape(p.Password) + "=" + url.QueryEscape(p.Email) + "%zz",
			} {
				answer := w.raw(http.MethodPost, w.Auth.URL+path, "application/x-www-form-urlencoded", body)
				if answer.Status/100 != 4 {
					w.t.Errorf("%s: %s", path, answer)
				}
				answer = w.raw(http.MethodPost, w.Auth.URL+path, "application/json", `{"`+p.Password+`":"`+p.Email+`"}`)
				if answer.Status/100 != 4 {
					w.t.Errorf("%s: %s", path, answer)
				}
			}
		}
		logs := w.Logs()
		for what, text := range map[string]string{"email address": p.Email, "password": p.Password} {
			if at := strings.Index(logs, text); at >= 0 {
				w.t.Errorf("the %s was logged: %.300s", what, logs[max(0, at-300):])
			}
		}
	})
}

// raw sends body under the media type kind, with nothing else.
func (w *world) raw(method, address, kind, body string) *actor.Answer {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	answer, err := (&actor.App{}).Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer
}

// A path that is not one of ours is not found. A redirect to its clean form
// would turn a POST into a GET and a DELETE into one of something else.
func TestOddPathsAreNotRedirected(t *testing.T) {
	eachWorld(t, func(w *world) {
		for _, path := range []string{"//oauth/token", "/oauth//token", "/oauth/../oauth/token", "/api/v1/devices/..%2f", "/api/v1/devices/%2e%2e", "//evil.example/%2e%2e"} {
			for _, method := range []string{http.MethodPost, http.MethodDelete} {
				if answer := w.raw(method, w.Auth.URL+path, "", ""); answer.Status/100 != 4 {
					w.t.Errorf("%s %s: %s %q", method, path, answer, answer.Header.Get("Location"))
				}
			}
		}
	})
}

func TestAuthorizeNamesItsMethods(t *testing.T) {
	eachWorld(t, func(w *world) {
		for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodOptions} {
			answer := w.raw(method, w.Auth.URL+"/oauth/authorize", "", "")
			if answer.Status != http.StatusMethodNotAllowed || answer.Header.Get("Allow") != "GET, HEAD, POST" {
				w.t.Errorf("%s: %d, Allow %q", method, answer.Status, answer.Header.Get("Allow"))
			}
		}
	})
}

// Who replays a spent refresh token is found out whatever else they ask for.
func TestS25_ReuseIsSeenThroughWideScopesAndOtherResources(t *testing.T) {
	eachWorld(t, func(w *world) {
		for _, more := range []url.Values{{"scope": {"read_write"}}, {"resource": {"https://other.example"}}} {
			app := w.public()
			first := w.tokens(app, "read")
			second := w.refreshed(app, first.Refresh)
			third := w.refreshed(app, second.Refresh)
			form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first.Refresh}}
			for name, values := range more {
				form[name] = values
			}
			wantError(w.t, w.token(app, form), http.StatusBadRequest, "invalid_grant")
			w.wantActive(third.Access, false, "after the replay")
		}
	})
}

// Whoever has one IPv6 address has the network of 64 bits around it.
func TestS44_A14_AnIPv6NetworkIsOneVisitor(t *testing.T) {
	setup := stack.Setup{AuthEnv: process.Env{"AUTH_TRUSTED_PROXIES": "127.0.0.0/8", "AUTH_THROTTLE_SIGNIN_ADDRESS": "5/1h", "AUTH_THROTTLE_SIGNIN": "off"}}
	ownWorld(t, setup, func(w *world) {
		from := func(address string) int {
			w.t.Helper()
			body := strings.NewReader(`{"email":"nobody@example.com","password":"x"}`)
			req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.Auth.URL+"/api/v1/auth/login", body)
			if err != nil {
				w.t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("X-Forwarded-For", address)
			answer, err := (&actor.App{}).Do(req)
			if err != nil {
				w.t.Fatal(err)
			}
			return answer.Status
		}
		for i := range 5 {
			if got := from(fmt.Sprintf("2001:db8:1:2:%x::1", i)); got != http.StatusUnauthorized {
				w.t.Fatalf("address %d: %d", i, got)
			}
		}
		if got := from("2001:db8:1:2:ffff::9"); got != http.StatusTooManyRequests {
			w.t.Errorf("another address of the network: %d", got)
		}
		for _, address := range []string{"2001:db8:1:3::1", "192.0.2.1", "::ffff:192.0.2.2"} {
			if got := from(address); got != http.StatusUnauthorized {
				w.t.Errorf("%s: %d", address, got)
			}
		}
		// A14: a network of 48 bits holds 65,536 of these, and one subscriber may have it.
		limited := false
		for i := range 30 {
			limited = limited || from(fmt.Sprintf("2001:db8:1:%x::1", 16+i)) == http.StatusTooManyRequests
		}
		if got := from("2001:db8:2::1"); !limited || got != http.StatusUnauthorized {
			w.t.Errorf("a network of 48 bits is limited: %t; another one: %d", limited, got)
		}
	})
}

// A token that is no good is refused in the same words by both services
// (docs/contract.md, "Errors").
func TestS40_BothServicesRefuseATokenAlike(t *testing.T) {
	eachWorld(t, func(w *world) {
		app := w.public()
		pair := w.tokens(app, "read_write")
		revoked := w.form(app, "/oauth/revoke", url.Values{"token": {pair.Access}})
		wantStatus(w.t, revoked, http.StatusOK)
		for what, token := range map[string]string{"revoked": pair.Access, "malformed": "oat_x", "a refresh token": pair.Refresh} {
			for _, address := range []string{w.Auth.URL + "/api/v1/devices", w.API().URL + accounts} {
				answer, err := (&actor.App{}).Call(w.t.Context(), http.MethodGet, address, token, nil)
				if err != nil {
					w.t.Fatal(err)
				}
				if answer.Status != http.StatusUnauthorized || answer.Text("error") != "unauthorized" ||
					answer.Text("message") != "Access token is invalid or expired" {
					w.t.Errorf("%s at %s: %s", what, address, answer)
				}
			}
		}
	})
}

// With a key that is none, people's second factors could not be read: better
// not to start.
func TestEncryptionKeyMustBeOne(t *testing.T) {
	t.Parallel()
	w := startWorld(t, testenv.Embedded, stack.Setup{})
	folder := t.TempDir()
	for _, env := range []process.Env{
		{"AUTH_ENCRYPTION_KEY": "short"},
		{"AUTH_ENCRYPTION_KEY": strings.Repeat("0f", 32), "AUTH_ENCRYPTION_KEYS_OLD": "short"},
	} {
		env = env.With(process.Env{
			"AUTH_DATABASE_URL": "sqlite:" + filepath.Join(folder, "auth.db"), "AUTH_ADDR": "127.0.0.1:0", "AUTH_OPS_ADDR": "127.0.0.1:0",
		})
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		_, err := process.Run(ctx, w.Binaries.Auth, folder, env, "serve")
		if err == nil || ctx.Err() != nil || !strings.Contains(err.Error(), "AUTH_ENCRYPTION_KEY") {
			t.Errorf("%v: %v", env, err)
		}
		cancel()
	}
}
