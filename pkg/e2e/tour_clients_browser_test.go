//go:build browser

package e2e

import (
	"encoding/json"
	"net/http"
	"strings"

	"latchkey/pkg/testenv/actor"
)

// tourClients meets clients that introduce themselves, one that has changed since, and
// a device.
func (w *world) tourClients(b *tab, look func(page string), app *callbackApp) {
	about := members{"client_name": "Totally Your Bank", "redirect_uris": []string{app.RedirectURI}}
	made := w.register(about, "")
	wantStatus(w.t, made, http.StatusCreated)
	introduced := &actor.App{Issuer: w.Auth.URL, Client: actor.Credential{ID: made.Text("client_id")}, RedirectURI: app.RedirectURI}
	b.visit(introduced.AuthorizeURL(actor.NewPKCE(), "read", "s", nil))
	look("consent-introduced")
	b.press("button[name=decision][value=allow]")
	b.arrive("/callback")

	about["client_name"], about["client_id"] = "Really Your Bank", made.Text("client_id")
	about["redirect_uris"] = []string{app.RedirectURI, "https://elsewhere.example/callback"}
	raw, err := json.Marshal(about)
	if err != nil {
		w.t.Fatal(err)
	}
	header := bearer(made.Text("registration_access_token"))
	header.Set("Content-Type", "application/json")
	wantStatus(w.t, w.send(http.MethodPut, made.Text("registration_client_uri"), header, string(raw)), http.StatusOK)
	b.visit(introduced.AuthorizeURL(actor.NewPKCE(), "read", "s", nil))
	look("consent-changed")

	waits := w.beginDevice(w.device(), nil)
	b.visit(w.Auth.URL + "/device")
	look("device")
	b.typeIn("input[name=user_code]", "BCDF-GHJK")
	b.press("main form button[type=submit]")
	b.until(`document.querySelector("[role=alert]") !== null`)
	look("device-refused")
	b.visit(waits.Text("verification_uri_complete"))
	look("device-filled-in")
	b.press("main form button[type=submit]")
	b.until(`document.querySelector("button[name=decision]") !== null`)
	look("device-consent")
	if shown, err := ask[string](b, "document.body.innerText"); err != nil || !strings.Contains(shown, waits.Text("user_code")) {
		w.t.Errorf("the page of the decision does not show the code: %s %v", shown, err)
	}
	b.press("button[name=decision][value=allow]")
	b.arrive("/")
	look("device-allowed")
}
