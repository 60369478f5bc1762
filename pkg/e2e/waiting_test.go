package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

// TestOneAddressKeepsNobodyWaiting: what waits for people has so many places, and one
// network takes a twentieth of them at most.
func TestOneAddressKeepsNobodyWaiting(t *testing.T) {
	const share = 1000
	setup := stack.Setup{AuthEnv: process.Env{"AUTH_TRUSTED_PROXIES": "127.0.0.0/8"}}
	ownWorld(t, setup, func(w *world) {
		tv, phone, server, pkce := w.device(), w.public(), w.confidential(), actor.NewPKCE()
		from := func(app *actor.App, address, path string, form url.Values) *actor.Answer {
			w.t.Helper()
			form.Set("client_id", app.Client.ID)
			req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.Auth.URL+path, strings.NewReader(form.Encode()))
			if err != nil {
				w.t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			req.Header.Set("X-Forwarded-For", address)
			if app.Client.Secret != "" {
				form.Del("client_id")
				req.SetBasicAuth(app.Client.ID, app.Client.Secret)
			}
			answer, err := app.Do(req)
			if err != nil {
				w.t.Fatal(err)
			}
			return answer
		}
		for _, c := range []struct {
			path   string
			app    *actor.App
			form   func() url.Values
			status int
		}{
			{"/oauth/device_authorization", tv, func() url.Values { return url.Values{} }, http.StatusOK},
			{"/oauth/par", phone, func() url.Values { return pushedForm(phone, pkce, nil) }, http.StatusCreated},
		} {
			for i := range share {
				if answer := from(c.app, fmt.Sprintf("2001:db8:1:2::%x", i), c.path, c.form()); answer.Status != c.status {
					w.t.Fatalf("%s: request %d: %s", c.path, i, answer)
				}
			}
			answer := from(c.app, "2001:db8:1:2:ffff::1", c.path, c.form())
			wantError(w.t, answer, http.StatusTooManyRequests, "temporarily_unavailable")
			if answer.Header.Get("Retry-After") == "" || answer.Header.Get("Cache-Control") != "no-store" {
				w.t.Errorf("%s: %v", c.path, answer.Header)
			}
			wantStatus(w.t, from(c.app, "2001:db8:2::1", c.path, c.form()), c.status)
			wantStatus(w.t, from(c.app, "192.0.2.1", c.path, c.form()), c.status)
		}
		// What an operator's own application pushes is of all the people who use it.
		wantStatus(w.t, from(server, "2001:db8:1:2::1", "/oauth/par", pushedForm(server, pkce, nil)), http.StatusCreated)
	})
}
