//go:build browser

package e2e

import (
	"net/http"
	"testing"
	"time"

	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

// TestBrowserAccountLife signs up, sets up a second factor, signs in with it,
// signs a device out and deletes the account, with the keyboard alone and
// scripts off.
func TestBrowserAccountLife(t *testing.T) {
	chromium(t)
	eachWorldAtOnce(t, func(w *world) { // it waits for the next code of the second factor
		b, p := openTab(w.t).withoutScripts(), actor.NewPerson(w.Auth.URL)
		b.visit(w.Auth.URL + "/signup")
		b.typeIn("input[name=email]", p.Email)
		b.typeIn("input[name=password]", p.Password)
		b.press("form button[type=submit]")
		b.arrive("/")

		key := w.setUpSecondFactor(b)
		b.visit(w.Auth.URL + "/signout")
		b.press("main form button[type=submit]")
		b.arrive("/")
		b.visit(w.Auth.URL + "/settings/signins")
		b.arrive("/signin")
		b.typeIn("input[name=email]", p.Email)
		b.typeIn("input[name=password]", p.Password)
		b.press("form[action='/signin'] button[type=submit]")
		b.arrive("/signin/second-factor")
		b.typeIn("input[name=otp_code]", appCode(w.t, key, time.Now().Add(30*time.Second)))
		b.press("form button[type=submit]")
		b.arrive("/settings/signins")

		w.signDeviceOut(b, p, key)

		b.visit(w.Auth.URL + "/settings/delete")
		b.typeIn("input[name=password]", p.Password)
		b.press("main form button[type=submit]")
		b.arrive("/deletion")
		if answer := w.login(p, "phone"); answer.Status != http.StatusUnauthorized {
			w.t.Errorf("signing in to the deleted account: %s", answer)
		}
	})
}

// setUpSecondFactor turns one on and returns its key.
func (w *world) setUpSecondFactor(b *tab) string {
	b.visit(w.Auth.URL + "/settings/security")
	b.press(`a[href="/settings/second-factor"]`)
	b.arrive("/settings/second-factor")
	key, err := ask[string](b, "document.querySelector('code.key').innerText")
	if err != nil {
		w.t.Fatal(err)
	}
	b.typeIn("input[name=otp_code]", appCode(w.t, key, time.Now()))
	b.press("main form button[type=submit]")
	b.until("document.querySelectorAll('.codes code').length === 10")
	return key
}

// signDeviceOut signs in on a device through the JSON API, with a recovery code
// made for it, and ends the device on the page.
func (w *world) signDeviceOut(b *tab, p *actor.Person, key string) {
	b.visit(w.Auth.URL + "/settings/second-factor/recovery")
	// The next step's code was used to sign in: wait for one after it.
	used := time.Now().Unix()/30 + 1
	testenv.Eventually(w.t, 90*time.Second, "a code that was not used", func() bool { return time.Now().Unix()/30 >= used })
	b.typeIn("input[name=otp_code]", appCode(w.t, key, time.Now().Add(30*time.Second)))
	b.press("main form button[type=submit]")
	b.until("document.querySelectorAll('.codes code').length === 10")
	code, err := ask[string](b, "document.querySelector('.codes code').innerText")
	if err != nil {
		w.t.Fatal(err)
	}
	body := map[string]any{"email": p.Email, "password": p.Password, "otp_code": code, "device": newDevice("phone")}
	answer, err := (&actor.App{}).Call(w.t.Context(), http.MethodPost, w.Auth.URL+"/api/v1/auth/login", "", body)
	if err != nil {
		w.t.Fatal(err)
	}
	pair, err := pairOf(answer)
	if err != nil {
		w.t.Fatal(err)
	}
	wantStatus(w.t, w.call(http.MethodGet, accounts, pair.Access, nil), http.StatusOK)
	b.visit(w.Auth.URL + "/settings/signins")
	b.press(`main a[href^="/settings/signins/devices/"]`)
	b.until(`location.pathname.startsWith("/settings/signins/devices/")`)
	b.press("main form button[type=submit]")
	b.until("location.search === '?done=device-ended'")
	if err := within(w.t.Context(), func() error {
		return want(w.call(http.MethodGet, accounts, pair.Access, nil), http.StatusUnauthorized, nil)
	}); err != nil {
		w.t.Errorf("a device that was signed out: %v", err)
	}
}
