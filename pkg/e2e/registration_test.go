package e2e

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/secret"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

// registers is a world in which clients may register themselves.
func registers(t *testing.T, fn func(w *world)) {
	ownWorld(t, stack.Setup{AuthEnv: process.Env{
		"AUTH_REGISTRATION": "open", "AUTH_THROTTLE_REGISTRATION": "off", "AUTH_PRIVATE_SCHEMES": "cursor",
	}}, fn)
}

func (w *world) register(metadata any, token string) *actor.Answer {
	w.t.Helper()
	raw, ok := metadata.(string)
	if !ok {
		encoded, err := json.Marshal(metadata)
		if err != nil {
			w.t.Fatal(err)
		}
		raw = string(encoded)
	}
	header := http.Header{"Content-Type": {"application/json"}}
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	return w.send(http.MethodPost, w.Auth.URL+"/oauth/register", header, raw)
}

func native(more members) members {
	all := members{"client_name": "An assistant", "redirect_uris": []string{loopbackCallback}, "token_endpoint_auth_method": "none"}
	for name, value := range more {
		all[name] = value
	}
	return all
}

// TestRegistrationIsClosedUnlessTheOperatorOpensIt: neither offered nor done.
func TestRegistrationIsClosedUnlessTheOperatorOpensIt(t *testing.T) {
	ownWorld(t, stack.Setup{}, func(w *world) {
		wantError(w.t, w.register(native(nil), ""), http.StatusForbidden, "access_denied")
		metadata := w.send(http.MethodGet, w.Auth.URL+"/.well-known/oauth-authorization-server", nil, "")
		if metadata.JSON("registration_endpoint") != nil {
			w.t.Errorf("%s", metadata)
		}
	})
}

// TestAClientRegistersItselfAndIsUsed goes from registration to a call, and to a
// registration on every connection, which leaves one client.
func TestAClientRegistersItselfAndIsUsed(t *testing.T) {
	registers(t, func(w *world) {
		metadata := w.send(http.MethodGet, w.Auth.URL+"/.well-known/oauth-authorization-server", nil, "")
		if metadata.Text("registration_endpoint") != w.Auth.URL+"/oauth/register" {
			w.t.Errorf("%s", metadata)
		}
		asked := native(members{
			"grant_types": []string{"authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:jwt-bearer"}, "response_types": []string{"code"},
			"scope": "openid read read_write offline_access", "client_uri": nil, "logo_uri": "https://example.com/logo.png", "software_id": "x",
		})
		made := w.register(asked, "")
		wantStatus(w.t, made, http.StatusCreated)
		for member, value := range membersOf(w.t, made) {
			if value == nil || value == "" {
				w.t.Errorf("%s is %v", member, value)
			}
		}
		if fmt.Sprint(made.JSON("grant_types")) != "[authorization_code refresh_token]" || made.Text("scope") != "read read_write" ||
			made.JSON("client_secret") != nil || made.JSON("client_secret_expires_at") != nil || made.JSON("registration_access_token") != nil ||
			!strings.Contains(made.Header.Get("Cache-Control"), "no-store") {
			w.t.Errorf("%s", made)
		}
		again := w.register(asked, "")
		other := w.register(native(members{"client_name": "Another"}), "")
		if again.Text("client_id") != made.Text("client_id") || other.Text("client_id") == made.Text("client_id") {
			w.t.Errorf("%s, again %s, another %s", made, again, other)
		}
		app := &actor.App{Issuer: w.Auth.URL, Client: actor.Credential{ID: made.Text("client_id")}, RedirectURI: "http://127.0.0.1:5123/callback", HTTP: w.described()}
		p := w.person()
		page, err := p.Open(w.t.Context(), app.AuthorizeURL(actor.NewPKCE(), "read", "s", nil))
		if err != nil {
			w.t.Fatal(err)
		}
		if page.Heading() != "Allow a program on this device to see your household's finances?" ||
			!strings.Contains(page.Text(), "Not verified by this server") || !strings.Contains(page.Text(), "A program on this device Not verified Calls itself An assistant") {
			w.t.Errorf("the page says %s", page.Text())
		}
		pair := w.tokensOf(p, app, "read")
		wantStatus(w.t, w.call(http.MethodGet, accounts, pair.Access, nil), http.StatusOK)
	})
}

// TestB3_ARegisteredClientIsNoOpenRedirector: errors go to its address only once
// somebody is signed in.
func TestB3_ARegisteredClientIsNoOpenRedirector(t *testing.T) {
	registers(t, func(w *world) {
		made := w.register(native(members{"redirect_uris": []string{"https://evil.example/"}}), "")
		app := &actor.App{Issuer: w.Auth.URL, Client: actor.Credential{ID: made.Text("client_id")}, RedirectURI: "https://evil.example/"}
		page := w.browse(app.AuthorizeURL(actor.NewPKCE(), "bogus", "s", nil))
		if page.Left != nil || page.Status != http.StatusBadRequest {
			w.t.Errorf("%d, left to %v", page.Status, page.Left)
		}
	})
}

// TestRegistrationRefusesBadMetadata: what must not be registered is not, and says
// why in the words of RFC 7591.
func TestRegistrationRefusesBadMetadata(t *testing.T) {
	registers(t, func(w *world) {
		many := make([]string, 21)
		for i := range many {
			many[i] = fmt.Sprintf("https://app.example/%d", i)
		}
		for what, c := range map[string]struct {
			metadata any
			code     string
		}{
			"no JSON":                  {"{", "invalid_client_metadata"},
			"a list":                   {"[]", "invalid_client_metadata"},
			"null":                     {"null", "invalid_client_metadata"},
			"no UTF-8":                 {"{\"client_name\":\"\xff\"}", "invalid_client_metadata"},
			"no redirect URI":          {members{"client_name": "x"}, "invalid_redirect_uri"},
			"null redirect URIs":       {native(members{"redirect_uris": nil}), "invalid_redirect_uri"},
			"too many":                 {native(members{"redirect_uris": many}), "invalid_redirect_uri"},
			"javascript":               {native(members{"redirect_uris": []string{"javascript:alert(1)"}}), "invalid_redirect_uri"},
			"data":                     {native(members{"redirect_uris": []string{"data:text/html,x"}}), "invalid_redirect_uri"},
			"plain http":               {native(members{"redirect_uris": []string{"http://app.example/cb"}}), "invalid_redirect_uri"},
			"a fragment":               {native(members{"redirect_uris": []string{"https://app.example/cb#x"}}), "invalid_redirect_uri"},
			"a wildcard":               {native(members{"redirect_uris": []string{"https://*.example/cb"}}), "invalid_redirect_uri"},
			"a user":                   {native(members{"redirect_uris": []string{"https://u@app.example/cb"}}), "invalid_redirect_uri"},
			"a scheme without a dot":   {native(members{"redirect_uris": []string{"myapp://cb"}}), "invalid_redirect_uri"},
			"one bad of two":           {native(members{"redirect_uris": []string{loopbackCallback, "ftp://x/cb"}}), "invalid_redirect_uri"},
			"redirect_uris as text":    {native(members{"redirect_uris": loopbackCallback}), "invalid_client_metadata"},
			"a number as name":         {native(members{"client_name": 7}), "invalid_client_metadata"},
			"a long name":              {native(members{"client_name": strings.Repeat("x", 101)}), "invalid_client_metadata"},
			"a name with controls":     {native(members{"client_name": "x\u202ey"}), "invalid_client_metadata"},
			"no grant of ours":         {native(members{"grant_types": []string{"client_credentials"}}), "invalid_client_metadata"},
			"no response type of ours": {native(members{"response_types": []string{"token"}}), "invalid_client_metadata"},
		} {
			if answer := w.register(c.metadata, ""); answer.Status != http.StatusBadRequest || answer.Text("error") != c.code || answer.Text("error_description") == "" {
				w.t.Errorf("%s: %s", what, answer)
			}
		}
		wantStatus(w.t, w.register(native(members{"redirect_uris": []string{"cursor://anysphere/cb", "com.example.app:/cb"}}), ""), http.StatusCreated)
		wantStatus(w.t, w.register(`{"x":"`+strings.Repeat("x", 70_000)+`"}`, ""), http.StatusRequestEntityTooLarge)
		form := w.send(http.MethodPost, w.Auth.URL+"/oauth/register", formHeader(), "client_name=x")
		wantError(w.t, form, http.StatusBadRequest, "invalid_client_metadata")
		wantStatus(w.t, w.send(http.MethodGet, w.Auth.URL+"/oauth/register", nil, ""), http.StatusMethodNotAllowed)
	})
}

// TestMethodsOfAuthenticationAreNegotiated: of what a client offers we take what we
// have, and say so.
func TestMethodsOfAuthenticationAreNegotiated(t *testing.T) {
	registers(t, func(w *world) {
		for offer, want := range map[string]string{
			`"token_endpoint_auth_method":"none"`:               "none",
			`"token_endpoint_auth_method":"client_secret_post"`: "client_secret_post",
			`"token_endpoint_auth_method":null`:                 "client_secret_basic",
			`"token_endpoint_auth_method":"private_key_jwt"`:    "client_secret_basic",
			`"token_endpoint_auth_method":"private_key_jwt","token_endpoint_auth_methods_supported":["private_key_jwt","none"]`: "none",
		} {
			made := w.register(`{"redirect_uris":["https://app.example/cb"],`+offer+`}`, "")
			secretText, isConfidential := made.JSON("client_secret").(string)
			if made.Status != http.StatusCreated || made.Text("token_endpoint_auth_method") != want || isConfidential != (want != "none") ||
				isConfidential != strings.HasPrefix(secretText, "ocs_") || made.Text("client_name") != "app.example" {
				w.t.Errorf("%s: %s", offer, made)
			}
		}
	})
}

// TestAManagedClientIsItsOwn: a registration access token (RFC 7592) reads, changes
// and deletes its client, and no other.
func TestAManagedClientIsItsOwn(t *testing.T) {
	registers(t, func(w *world) {
		confidential := members{"client_name": "Web app", "redirect_uris": []string{webCallback}, "token_endpoint_auth_method": "client_secret_basic"}
		made, twin := w.register(confidential, ""), w.register(confidential, "")
		if made.Text("client_id") == twin.Text("client_id") {
			w.t.Fatalf("two managed clients share %s", made)
		}
		at, token := made.Text("registration_client_uri"), made.Text("registration_access_token")
		if at != w.Auth.URL+"/oauth/register/"+made.Text("client_id") || !strings.HasPrefix(token, "rat_") {
			w.t.Fatalf("%s", made)
		}
		header := bearer(token)
		header.Set("Content-Type", "application/json")
		shown := w.send(http.MethodGet, at, header, "")
		if shown.Status != http.StatusOK || shown.Text("client_id") != made.Text("client_id") || shown.Text("registration_access_token") != token || shown.JSON("client_secret") != nil {
			w.t.Errorf("%s", shown)
		}
		for what, h := range map[string]http.Header{
			"nothing": nil, "the twin's": bearer(twin.Text("registration_access_token")), "unknown": bearer(secret.New(secret.ManagementToken).Reveal()), "malformed": bearer("x"),
		} {
			for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
				wantStatus(w.t, w.send(method, at, h, "{}"), http.StatusUnauthorized)
			}
			wantStatus(w.t, w.send(http.MethodGet, w.Auth.URL+"/oauth/register/nobody", h, ""), http.StatusUnauthorized)
			_ = what
		}
		change := func(more members) *actor.Answer {
			body := members{"client_id": made.Text("client_id")}
			for _, all := range []members{confidential, more} {
				for name, value := range all {
					body[name] = value
				}
			}
			raw, err := json.Marshal(body)
			if err != nil {
				w.t.Fatal(err)
			}
			return w.send(http.MethodPut, at, header, string(raw))
		}
		for _, bad := range []members{
			{"client_id": twin.Text("client_id")},
			{"client_secret": flipped(made.Text("client_secret"))},
			{"registration_access_token": token},
			{"token_endpoint_auth_method": "none"},
			{"redirect_uris": []string{"javascript:alert(1)"}},
		} {
			if answer := change(bad); answer.Status != http.StatusBadRequest {
				w.t.Errorf("%v: %s", bad, answer)
			}
		}
		app := &actor.App{
			Issuer: w.Auth.URL, RedirectURI: webCallback, HTTP: w.described(),
			Client: actor.Credential{ID: made.Text("client_id"), Secret: made.Text("client_secret")},
		}
		p := w.person()
		pair := w.tokensOf(p, app, "read")
		// Its new address needs a consent of its own, which shows what it was.
		const moved = "https://elsewhere.example/cb"
		wantStatus(w.t, change(members{"redirect_uris": []string{moved}, "client_secret": made.Text("client_secret")}), http.StatusOK)
		app.RedirectURI = moved
		page, err := p.Open(w.t.Context(), app.AuthorizeURL(actor.NewPKCE(), "read", "s", nil))
		if err != nil {
			w.t.Fatal(err)
		}
		if page.Left != nil || !strings.Contains(page.Text(), "has changed since you allowed it") || !strings.Contains(page.Text(), webCallback) {
			w.t.Errorf("after the address changed: left to %v, %s", page.Left, page.Text())
		}
		next := w.tokensOf(p, app, "read")
		page, err = p.Open(w.t.Context(), app.AuthorizeURL(actor.NewPKCE(), "read", "s", nil))
		if err != nil || page.Left == nil {
			w.t.Errorf("allowed again, it is asked once more: %v", err)
		}
		wantStatus(w.t, w.send(http.MethodDelete, at, header, ""), http.StatusNoContent)
		wantStatus(w.t, w.send(http.MethodGet, at, header, ""), http.StatusUnauthorized)
		w.wantActive(pair.Access, false, "of a client that was deleted")
		w.wantActive(next.Access, false, "of a client that was deleted")
	})
}

// TestEachInstallationIsAGrantOfItsOwn: ending one on Applications leaves the others.
func TestEachInstallationIsAGrantOfItsOwn(t *testing.T) {
	registers(t, func(w *world) {
		made := w.register(native(nil), "")
		app := &actor.App{Issuer: w.Auth.URL, Client: actor.Credential{ID: made.Text("client_id")}, RedirectURI: loopbackCallback}
		p := w.person()
		laptop, phone := w.tokensOf(p, app, "read"), w.tokensOf(p, app, "read")
		page, err := p.Open(w.t.Context(), "/settings/applications/one?"+url.Values{"client_id": {app.Client.ID}}.Encode())
		if err != nil {
			w.t.Fatal(err)
		}
		end := regexp.MustCompile(`/settings/applications/one/end\?[^"]+`).FindString(page.Body)
		if page, err = p.Open(w.t.Context(), html.UnescapeString(end)); err != nil {
			w.t.Fatal(err)
		}
		form, err := page.Form("grant")
		if err != nil {
			w.t.Fatal(err)
		}
		if _, err := p.Browser.Submit(w.t.Context(), page, form, "", ""); err != nil {
			w.t.Fatal(err)
		}
		live := 0
		for _, pair := range []Pair{laptop, phone} {
			if w.active(pair.Access) {
				live++
			}
		}
		if live != 1 {
			w.t.Errorf("%d of two installations are live after one was ended", live)
		}
	})
}
