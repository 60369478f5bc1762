package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"latchkey/pkg/testenv/actor"
)

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

func (w *world) device(args ...string) *actor.App {
	return w.client(loopbackCallback, append([]string{"--public", "--device"}, args...)...)
}

func (w *world) beginDevice(app *actor.App, form url.Values) *actor.Answer {
	w.t.Helper()
	made := w.form(app, "/oauth/device_authorization", form)
	wantStatus(w.t, made, http.StatusOK)
	return made
}

func (w *world) poll(app *actor.App, code string) *actor.Answer {
	w.t.Helper()
	return w.token(app, url.Values{"grant_type": {deviceGrant}, "device_code": {code}})
}

// typeCode types a code at /device and returns what the page answers.
func (w *world) typeCode(p *actor.Person, code string) *actor.Page {
	w.t.Helper()
	page, err := p.Open(w.t.Context(), "/device")
	if err != nil {
		w.t.Fatal(err)
	}
	form, err := page.Form("user_code")
	if err != nil {
		w.t.Fatal(err)
	}
	form.Values.Set("user_code", code)
	page, err = p.Browser.Submit(w.t.Context(), page, form, "", "")
	if err != nil {
		w.t.Fatal(err)
	}
	return page
}

// followCode opens the address of verification_uri_complete and goes on by hand.
func (w *world) followCode(p *actor.Person, address string) *actor.Page {
	w.t.Helper()
	page, err := p.Open(w.t.Context(), address)
	if err != nil {
		w.t.Fatal(err)
	}
	form, err := page.Form("user_code")
	if err != nil {
		w.t.Fatal(err)
	}
	if page, err = p.Browser.Submit(w.t.Context(), page, form, "", ""); err != nil {
		w.t.Fatal(err)
	}
	return page
}

func (w *world) decideDevice(p *actor.Person, page *actor.Page, decision string) *actor.Page {
	w.t.Helper()
	form, err := page.Form("decision")
	if err != nil {
		w.t.Fatalf("%v: %s", err, page.Text())
	}
	page, err = p.Browser.Submit(w.t.Context(), page, form, "decision", decision)
	if err != nil {
		w.t.Fatal(err)
	}
	return page
}

// TestADeviceIsAllowed: it waits, the person sees who asks, from where and for what,
// and only then it gets tokens, once.
func TestADeviceIsAllowed(t *testing.T) {
	eachWorld(t, func(w *world) {
		app, p := w.device(), w.person()
		made := w.beginDevice(app, url.Values{"scope": {"read"}, "resource": {w.API().URL + "/mcp"}})
		code, user := made.Text("device_code"), made.Text("user_code")
		if made.Text("verification_uri") != w.Auth.URL+"/device" || made.Text("verification_uri_complete") != w.Auth.URL+"/device?user_code="+user ||
			made.JSON("interval") != 5.0 || made.JSON("expires_in") != 600.0 {
			w.t.Errorf("%s", made)
		}
		wantError(w.t, w.poll(app, code), http.StatusBadRequest, "authorization_pending")
		wantError(w.t, w.poll(app, code), http.StatusBadRequest, "slow_down")
		stranger := w.device()
		wantError(w.t, w.poll(stranger, code), http.StatusBadRequest, "expired_token")

		page := w.typeCode(p, strings.ToLower(strings.Replace(user, "-", " ", 1)))
		for _, words := range []string{"Test app", "127.0.0.1", "Same address as yours", "Lovelace family", "Did someone send you this code?", "It can't add, change or delete anything", "Expires in 9 min."} {
			if !strings.Contains(page.Text(), words) {
				w.t.Errorf("the page does not say %q: %s", words, page.Text())
			}
		}
		if done := w.decideDevice(p, page, "allow"); !strings.Contains(done.Text(), "The device is connected") {
			w.t.Errorf("%s", done.Text())
		}
		tokens := w.poll(app, code)
		pair, err := pairOf(tokens)
		if err != nil {
			w.t.Fatal(err)
		}
		wantStatus(w.t, w.call(http.MethodGet, accounts, pair.Access, nil), http.StatusOK)
		pair = w.refreshed(app, pair.Refresh)
		if said := w.form(w.resourceServer(), "/oauth/introspect", url.Values{"token": {pair.Access}}); said.Text("aud") != w.API().URL {
			w.t.Errorf("%s", said)
		}
		if again := w.typeCode(p, user); !strings.Contains(again.Text(), "No device is waiting") {
			w.t.Errorf("the code again: %s", again.Text())
		}
		wantError(w.t, w.poll(app, code), http.StatusBadRequest, "invalid_grant")
	})
}

// TestADeviceCodeInALinkApprovesNothing: whoever follows one has to go on by hand and
// sees what it is about; nobody is asked who is not signed in.
func TestADeviceCodeInALinkApprovesNothing(t *testing.T) {
	eachWorld(t, func(w *world) {
		app, p := w.device(), w.person()
		made := w.beginDevice(app, nil)
		if page := w.browse(made.Text("verification_uri_complete")); page.URL.Path != "/signin" {
			w.t.Errorf("nobody is signed in, and it is at %s", page.URL)
		}
		page, err := p.Open(w.t.Context(), made.Text("verification_uri_complete"))
		if err != nil || page.Status != http.StatusOK {
			w.t.Fatalf("%v %v", page, err)
		}
		if _, err := page.Form("decision"); err == nil {
			w.t.Error("the link leads to the decision")
		}
		wantError(w.t, w.poll(app, made.Text("device_code")), http.StatusBadRequest, "authorization_pending")
		shown := w.typeCode(p, made.Text("user_code"))
		w.decideDevice(p, shown, "deny")
		wantError(w.t, w.poll(app, made.Text("device_code")), http.StatusBadRequest, "access_denied")
	})
}

// TestADeviceIsRefused where the client may not ask in this way, or for that.
func TestADeviceIsRefused(t *testing.T) {
	eachWorld(t, func(w *world) {
		wantError(w.t, w.form(w.public(), "/oauth/device_authorization", nil), http.StatusBadRequest, "unauthorized_client")
		app := w.device()
		wantError(w.t, w.form(app, "/oauth/device_authorization", url.Values{"scope": {"admin"}}), http.StatusBadRequest, "invalid_scope")
		wantError(w.t, w.form(app, "/oauth/device_authorization", url.Values{"resource": {"https://other.example"}}), http.StatusBadRequest, "invalid_target")
		wantError(w.t, w.form(&actor.App{Issuer: w.Auth.URL, Client: actor.Credential{ID: "nobody"}}, "/oauth/device_authorization", nil), http.StatusUnauthorized, "invalid_client")
		wantError(w.t, w.poll(app, ""), http.StatusBadRequest, "invalid_request")
		wantError(w.t, w.poll(app, "x"), http.StatusBadRequest, "expired_token")
		// A device code is no authorization code.
		made := w.beginDevice(app, nil)
		wantError(w.t, w.exchange(app, made.Text("device_code"), actor.NewPKCE().Verifier), http.StatusBadRequest, "invalid_grant")
	})
}

// TestAnApprovalEndsWithTheAccess of the person who gave it, also before the device
// has asked for its tokens.
func TestAnApprovalEndsWithTheAccess(t *testing.T) {
	eachWorld(t, func(w *world) {
		app, p := w.device(), w.person()
		made := w.beginDevice(app, nil)
		w.decideDevice(p, w.typeCode(p, made.Text("user_code")), "allow")
		if _, err := w.CLI(w.t.Context(), "user", "deactivate", p.Email); err != nil {
			w.t.Fatal(err)
		}
		wantError(w.t, w.poll(app, made.Text("device_code")), http.StatusBadRequest, "invalid_grant")
	})
}

// TestAWaitingDeviceEndsWithItsClient, also where the person sees the question already.
func TestAWaitingDeviceEndsWithItsClient(t *testing.T) {
	eachWorld(t, func(w *world) {
		app, p := w.device(), w.person()
		made := w.beginDevice(app, nil)
		asked := w.typeCode(p, made.Text("user_code"))
		if _, err := w.CLI(w.t.Context(), "client", "delete", app.Client.ID); err != nil {
			w.t.Fatal(err)
		}
		if done := w.decideDevice(p, asked, "allow"); done.Status < http.StatusBadRequest || done.Status >= http.StatusInternalServerError || strings.Contains(done.Text(), "connected") {
			w.t.Errorf("the decision: %d %s", done.Status, done.Text())
		}
		if answer := w.poll(app, made.Text("device_code")); answer.Status != http.StatusBadRequest && answer.Status != http.StatusUnauthorized {
			w.t.Errorf("the device: %s", answer)
		}
		wantError(w.t, w.poll(w.device(), made.Text("device_code")), http.StatusBadRequest, "expired_token")
		if text := w.page(p, "/settings/applications").Text(); strings.Contains(text, "Test app") {
			w.t.Errorf("it was allowed: %s", text)
		}
	})
}

// TestAWaitingDeviceNeedsTheSigninThatSawIt: whoever was signed out elsewhere allows
// nothing with the page that is open.
func TestAWaitingDeviceNeedsTheSigninThatSawIt(t *testing.T) {
	eachWorld(t, func(w *world) {
		app, p := w.device(), w.person()
		elsewhere := p.ElsewhereAs(w.Auth.URL)
		w.signingIn(elsewhere)
		made := w.beginDevice(app, nil)
		asked := w.typeCode(elsewhere, made.Text("user_code"))
		if err := w.prepared(p, "/settings/signins/others", map[string]string{"action": "end-others"})(); err != nil {
			w.t.Fatal(err)
		}
		w.decideDevice(elsewhere, asked, "allow")
		wantError(w.t, w.poll(app, made.Text("device_code")), http.StatusBadRequest, "authorization_pending")
	})
}
