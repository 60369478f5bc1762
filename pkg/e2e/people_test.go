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

// newDevice is what an app of the product says of the phone it runs on.
func newDevice(id string) map[string]any {
	return map[string]any{"device_id": id, "device_name": "Ada's " + id, "device_type": "ios", "os_version": "19.1", "app_version": "2.0"}
}

// login signs a person in through the JSON API, as the product's own app does.
func (w *world) login(p *actor.Person, deviceID string) *actor.Answer {
	w.t.Helper()
	answer, err := w.loginTo(p, deviceID)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer
}

func (w *world) loginTo(p *actor.Person, deviceID string) (*actor.Answer, error) {
	body := map[string]any{"email": p.Email, "password": p.Password, "device": newDevice(deviceID)}
	return (&actor.App{}).Call(w.t.Context(), http.MethodPost, w.Auth.URL+"/api/v1/auth/login", "", body)
}

func TestS30_RefreshDiesWithTheAccount(t *testing.T) {
	eachWorld(t, func(w *world) {
		for what, end := range map[string]func(p *actor.Person){
			"deactivated by the operator": func(p *actor.Person) {
				if _, err := w.CLI(w.t.Context(), "user", "deactivate", p.Email); err != nil {
					w.t.Fatal(err)
				}
			},
			"deleted by the person": func(p *actor.Person) {
				own, err := pairOf(w.login(p, "phone"))
				if err != nil {
					w.t.Fatal(err)
				}
				answer, err := (&actor.App{}).Call(w.t.Context(), http.MethodDelete, w.Auth.URL+"/api/v1/users/me", own.Access, nil)
				if err != nil || answer.Status/100 != 2 {
					w.t.Fatalf("%v %v", answer, err)
				}
			},
		} {
			app, p := w.public(), w.person()
			pair := w.tokensOf(p, app, "read")
			code, pkce := w.code(p, app, "read")
			wantStatus(w.t, w.call(http.MethodGet, accounts, pair.Access, nil), http.StatusOK)
			end(p)
			w.wantActive(pair.Access, false, what)
			wantError(w.t, w.refresh(app, pair.Refresh), http.StatusBadRequest, "invalid_grant")
			wantError(w.t, w.exchange(app, code, pkce.Verifier), http.StatusBadRequest, "invalid_grant")
			if err := within(w.t.Context(), func() error {
				return want(w.call(http.MethodGet, accounts, pair.Access, nil), http.StatusUnauthorized, nil)
			}); err != nil {
				w.t.Errorf("%s: %v", what, err)
			}
			if answer := w.login(p, "phone"); answer.Status == http.StatusOK {
				w.t.Errorf("%s: they can still sign in", what)
			}
		}
	})
}

func TestS30_RefreshDiesWithThePassword(t *testing.T) {
	eachWorld(t, func(w *world) {
		app, p := w.public(), w.person()
		pair := w.tokensOf(p, app, "read")
		elsewhere := p.ElsewhereAs(w.Auth.URL)
		if _, err := elsewhere.SignIn(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		page, err := p.Browser.Get(w.t.Context(), "/settings/password")
		if err != nil {
			w.t.Fatal(err)
		}
		form, err := page.Form("password", "new_password")
		if err != nil {
			w.t.Fatal(err)
		}
		form.Fill(map[string]string{"password": p.Password, "new_password": "Another-1-password!"})
		if page, err = p.Browser.Submit(w.t.Context(), page, form, "", ""); err != nil || page.Status >= 400 {
			w.t.Fatalf("%v %v", page, err)
		}
		w.wantActive(pair.Access, false, "access token after the password was changed")
		wantError(w.t, w.refresh(app, pair.Refresh), http.StatusBadRequest, "invalid_grant")
		if page, err := elsewhere.Browser.Get(w.t.Context(), "/settings/password"); err != nil || page.URL.Path != "/signin" {
			w.t.Errorf("another browser is still signed in: %v %v", page.URL, err)
		}
		if page, err := p.Browser.Get(w.t.Context(), "/settings/password"); err != nil || page.URL.Path == "/signin" {
			w.t.Errorf("the browser that changed it was signed out: %v", err)
		}
	})
}

func TestS44_GuessingIsLimited(t *testing.T) {
	ownWorld(t, stack.Setup{AuthEnv: process.Env{"AUTH_THROTTLE_SIGNIN": "5/1m", "AUTH_THROTTLE_TOKEN": "20/1m"}}, func(w *world) {
		for _, p := range []*actor.Person{w.person(), actor.NewPerson(w.Auth.URL)} { // known or not makes no difference
			var statuses []int
			for range 8 {
				guess := &actor.Person{Email: p.Email, Password: "Wrong-password-1!"}
				answer := w.login(guess, "phone")
				statuses = append(statuses, answer.Status)
				if answer.Status == http.StatusTooManyRequests && answer.Header.Get("Retry-After") == "" {
					w.t.Error("429 without Retry-After")
				}
			}
			if got := fmt.Sprint(statuses); got != "[401 401 401 401 401 429 429 429]" {
				w.t.Errorf("guessing: %s", got)
			}
			// No rule holds at one door only.
			page, err := (&actor.Person{Email: p.Email, Password: "Wrong-password-1!", Browser: actor.NewBrowser(w.Auth.URL)}).SignIn(w.t.Context())
			if err == nil || page == nil || page.Status != http.StatusTooManyRequests {
				w.t.Errorf("the page lets the guessing go on: %v", err)
			}
		}
		app := w.public()
		limited := false
		for range 30 {
			answer := w.refresh(app, "x")
			limited = limited || answer.Status == http.StatusTooManyRequests && answer.Header.Get("Retry-After") != ""
		}
		if !limited {
			w.t.Error("the token endpoint does not limit guessing")
		}
	})
}

func TestS45_ConsentIsNotForged(t *testing.T) {
	eachWorld(t, func(w *world) {
		app, p, other := w.public(), w.person(), w.person()
		target := app.AuthorizeURL(actor.NewPKCE(), "read", "s", nil)
		page, err := p.Open(w.t.Context(), target)
		if err != nil {
			w.t.Fatal(err)
		}
		csp := page.Header.Get("Content-Security-Policy")
		if !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") {
			w.t.Errorf("Content-Security-Policy: %s", csp)
		}
		form, err := page.Form("decision")
		if err != nil {
			w.t.Fatal(err)
		}
		allow := func() url.Values { return url.Values{"decision": {"allow"}} }
		withToken := allow()
		for k, v := range form.Values {
			withToken[k] = v
		}
		refused := func(what string, answer *actor.Page, err error) {
			w.t.Helper()
			if err != nil {
				w.t.Fatal(err)
			}
			if answer.Left != nil || answer.Status != http.StatusForbidden {
				w.t.Errorf("%s: %d, sent to %v", what, answer.Status, answer.Left)
			}
		}
		answer, err := p.Browser.Post(w.t.Context(), target, allow())
		refused("a form without a token", answer, err)
		answer, err = other.Browser.Post(w.t.Context(), target, withToken)
		refused("a form of somebody else's page", answer, err)

		header := formHeader()
		header.Set("Origin", "https://evil.example")
		header.Set("Sec-Fetch-Site", "cross-site")
		for _, c := range p.Browser.Cookies() {
			header.Add("Cookie", c.String())
		}
		if a := w.send(http.MethodPost, target, header, withToken.Encode()); a.Status != http.StatusForbidden {
			w.t.Errorf("a form of another origin: %s", a)
		}
	})
}
