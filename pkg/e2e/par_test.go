package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"latchkey/pkg/testenv/actor"
)

func pushedForm(app *actor.App, pkce actor.PKCE, more url.Values) url.Values {
	form := url.Values{
		"response_type": {"code"}, "redirect_uri": {app.RedirectURI}, "code_challenge": {pkce.Challenge}, "code_challenge_method": {"S256"},
		"scope": {"read"}, "state": {"the-state"},
	}
	for name, values := range more {
		form[name] = values
	}
	return form
}

func byReference(app *actor.App, reference string) string {
	return app.Issuer + "/oauth/authorize?" + url.Values{"client_id": {app.Client.ID}, "request_uri": {reference}}.Encode()
}

// TestAPushedRequestIsUsedOnce by its own client (RFC 9126), through a sign-in on the
// way; a public client pushes as a confidential one does.
func TestAPushedRequestIsUsedOnce(t *testing.T) {
	eachWorld(t, func(w *world) {
		for _, app := range []*actor.App{w.public(), w.confidential()} {
			pkce, p := actor.NewPKCE(), w.person()
			made := w.form(app, "/oauth/par", pushedForm(app, pkce, nil))
			wantStatus(w.t, made, http.StatusCreated)
			reference := made.Text("request_uri")
			if !strings.HasPrefix(reference, "urn:ietf:params:oauth:request_uri:") || made.JSON("expires_in") != 90.0 {
				w.t.Fatalf("%s", made)
			}
			stranger := w.public()
			if page := w.browse(byReference(stranger, reference)); page.Status != http.StatusBadRequest || page.Left != nil {
				w.t.Errorf("another client's: %d, left to %v", page.Status, page.Left)
			}
			if answer := w.send(http.MethodHead, byReference(app, reference), nil, ""); answer.Status >= 500 {
				w.t.Errorf("HEAD: %d", answer.Status)
			}
			there := p.ElsewhereAs(w.Auth.URL) // who has to sign in first
			callback, err := there.Decide(w.t.Context(), byReference(app, reference), actor.Allow)
			if err != nil {
				w.t.Fatal(err)
			}
			if callback.Query().Get("state") != "the-state" || callback.Query().Get("iss") != w.Auth.URL {
				w.t.Errorf("%s", callback)
			}
			if _, err := pairOf(w.exchange(app, callback.Query().Get("code"), pkce.Verifier)); err != nil {
				w.t.Error(err)
			}
			page, err := p.Open(w.t.Context(), byReference(app, reference))
			if err != nil || page.Status != http.StatusBadRequest || page.Left != nil {
				w.t.Errorf("used again: %d, left to %v, %v", page.Status, page.Left, err)
			}
		}
	})
}

// TestPushedRequestsAreChecked as at the authorization endpoint, without a browser.
func TestPushedRequestsAreChecked(t *testing.T) {
	eachWorld(t, func(w *world) {
		app, pkce := w.confidential(), actor.NewPKCE()
		for what, c := range map[string]struct {
			more   url.Values
			status int
			code   string
		}{
			"redirect URI":      {url.Values{"redirect_uri": {"https://evil.example/"}}, 400, "invalid_request"},
			"no redirect URI":   {url.Values{"redirect_uri": {""}}, 400, "invalid_request"},
			"no PKCE":           {url.Values{"code_challenge": {""}}, 400, "invalid_request"},
			"plain":             {url.Values{"code_challenge_method": {"plain"}}, 400, "invalid_request"},
			"scope":             {url.Values{"scope": {"admin"}}, 400, "invalid_scope"},
			"resource":          {url.Values{"resource": {"https://other.example"}}, 400, "invalid_target"},
			"response type":     {url.Values{"response_type": {"token"}}, 400, "unsupported_response_type"},
			"another reference": {url.Values{"request_uri": {"urn:x"}}, 400, "invalid_request"},
			"twice":             {url.Values{"state": {"a", "b"}}, 400, "invalid_request"},
			"too large":         {url.Values{"state": {strings.Repeat("s", 17_000)}}, 413, "invalid_request"},
		} {
			wantError(w.t, w.form(app, "/oauth/par", pushedForm(app, pkce, c.more)), c.status, c.code)
			_ = what
		}
		wrong := *app
		wrong.Client.Secret = flipped(app.Client.Secret)
		wantError(w.t, w.form(&wrong, "/oauth/par", pushedForm(app, pkce, nil)), http.StatusUnauthorized, "invalid_client")
		wantStatus(w.t, w.send(http.MethodGet, w.Auth.URL+"/oauth/par", nil, ""), http.StatusMethodNotAllowed)
		for _, reference := range []string{"urn:ietf:params:oauth:request_uri:p-x", "urn:ietf:params:oauth:request_uri:c-x", "urn:ietf:params:oauth:request_uri:"} {
			wantErrorPage(w.t, w.browse(byReference(app, reference)), reference)
		}
	})
}

// TestAClientThatMustPushIsRefusedElse: what it has not pushed is not accepted.
func TestAClientThatMustPushIsRefusedElse(t *testing.T) {
	eachWorld(t, func(w *world) {
		app, p := w.client(loopbackCallback, "--public", "--pushed-only"), w.person()
		page, err := p.Open(w.t.Context(), app.AuthorizeURL(actor.NewPKCE(), "read", "the-state", nil))
		if err != nil {
			w.t.Fatal(err)
		}
		wantErrorRedirect(w.t, w, page, "invalid_request", "not pushed")
		made := w.form(app, "/oauth/par", pushedForm(app, actor.NewPKCE(), nil))
		callback, err := p.Decide(w.t.Context(), byReference(app, made.Text("request_uri")), actor.Allow)
		if err != nil || callback.Query().Get("code") == "" {
			w.t.Errorf("pushed: %v %v", callback, err)
		}
		// A long request that was not pushed does not become one on its way.
		page, err = p.Open(w.t.Context(), app.AuthorizeURL(actor.NewPKCE(), "read", strings.Repeat("s", 3000), nil))
		if err != nil || page.Left == nil || page.Left.Query().Get("error") != "invalid_request" {
			w.t.Errorf("long: %v %v", page.Left, err)
		}
	})
}

// TestALongRequestIsCarriedByReference: the sign-in page's address stays short, and
// needs no cookie to lead back.
func TestALongRequestIsCarriedByReference(t *testing.T) {
	eachWorld(t, func(w *world) {
		app, state := w.public(), strings.Repeat("+/=&", 1200)
		page := w.browse(app.AuthorizeURL(actor.NewPKCE(), "read", state, nil))
		if got := len(page.URL.String()); page.URL.Path != "/signin" || got > 1000 {
			w.t.Errorf("at %s with %d characters", page.URL.Path, got)
		}
		p := w.person()
		callback, err := p.Decide(w.t.Context(), page.URL.Query().Get("return_to"), actor.Allow) // another browser
		if err != nil || callback.Query().Get("state") != state {
			w.t.Errorf("%v: the state came back as %d characters", err, len(callback.Query().Get("state")))
		}
	})
}
