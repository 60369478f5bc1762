package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"latchkey/pkg/testenv/actor"
)

// TestARegistrationThatIsDeletedMeanwhile is changed, or its token is no good any
// more: whoever comes second is told so.
func TestARegistrationThatIsDeletedMeanwhile(t *testing.T) {
	registers(t, func(w *world) {
		for round := range 5 {
			made := w.register(members{"client_name": "Web app", "redirect_uris": []string{webCallback}}, "")
			at, header := made.Text("registration_client_uri"), bearer(made.Text("registration_access_token"))
			header.Set("Content-Type", "application/json")
			body := fmt.Sprintf(`{"client_id":%q,"redirect_uris":[%q]}`, made.Text("client_id"), webCallback)
			var running sync.WaitGroup
			for i := range 12 {
				method, want := http.MethodPut, http.StatusOK
				if i == 6 {
					method, want = http.MethodDelete, http.StatusNoContent
				}
				running.Go(func() {
					if answer := w.send(method, at, header, body); answer.Status != want && answer.Status != http.StatusUnauthorized {
						w.t.Errorf("round %d, %s: %s", round, method, answer)
					}
				})
			}
			running.Wait()
			wantError(w.t, w.send(http.MethodPut, at, header, body), http.StatusUnauthorized, "invalid_token")
		}
	})
}

// TestAHostInCapitalsIsShownAsItIs: in capitals, an i passes for an l.
func TestAHostInCapitalsIsShownAsItIs(t *testing.T) {
	registers(t, func(w *world) {
		const uri = "https://paypaI.example/cb"
		made := w.register(native(members{"client_name": "", "redirect_uris": []string{uri}}), "")
		app := &actor.App{Issuer: w.Auth.URL, Client: actor.Credential{ID: made.Text("client_id")}, RedirectURI: uri}
		page, err := w.person().Open(w.t.Context(), app.AuthorizeURL(actor.NewPKCE(), "read", "s", nil))
		if err != nil {
			w.t.Fatal(err)
		}
		if text := page.Text(); !strings.Contains(text, "Allow paypai.example to see") || strings.Contains(text, "paypaI") {
			w.t.Errorf("the page says %s", text)
		}
	})
}

// TestADeletedRegistrationAsksForNothingMore: not even where it was known a moment ago.
func TestADeletedRegistrationAsksForNothingMore(t *testing.T) {
	registers(t, func(w *world) {
		made := w.register(members{"client_name": "Web app", "redirect_uris": []string{webCallback}}, "")
		app := &actor.App{
			Issuer: w.Auth.URL, RedirectURI: webCallback, HTTP: w.described(),
			Client: actor.Credential{ID: made.Text("client_id"), Secret: made.Text("client_secret")},
		}
		pushed := w.form(app, "/oauth/par", pushedForm(app, actor.NewPKCE(), nil))
		wantStatus(w.t, pushed, http.StatusCreated)
		wantStatus(w.t, w.send(http.MethodDelete, made.Text("registration_client_uri"), bearer(made.Text("registration_access_token")), ""), http.StatusNoContent)
		wantError(w.t, w.form(app, "/oauth/par", pushedForm(app, actor.NewPKCE(), nil)), http.StatusUnauthorized, "invalid_client")
		wantErrorPage(w.t, w.browse(byReference(app, pushed.Text("request_uri"))), "pushed before")
	})
}
