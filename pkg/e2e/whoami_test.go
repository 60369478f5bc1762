package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

// TestUserinfoSaysWhoItIs: an address that answers who a token acts for, for
// clients that know no other way; nothing of OpenID Connect beside it.
func TestUserinfoSaysWhoItIs(t *testing.T) {
	eachWorld(t, func(w *world) {
		p, app, at := w.person(), w.public(), w.Auth.URL+"/oauth/userinfo"
		pkce := actor.NewPKCE()
		callback, err := p.Decide(w.t.Context(), app.AuthorizeURL(pkce, "read", "s", url.Values{"resource": {w.API().URL}}), actor.Allow)
		if err != nil {
			w.t.Fatal(err)
		}
		pair, err := pairOf(w.exchange(app, callback.Query().Get("code"), pkce.Verifier))
		if err != nil {
			w.t.Fatal(err)
		}
		said := w.form(w.resourceServer(), "/oauth/introspect", url.Values{"token": {pair.Access}})
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			got := w.send(method, at, bearer(pair.Access), "")
			wantStatus(w.t, got, http.StatusOK)
			for member, want := range map[string]string{
				"sub": said.Text("sub"), "family_id": said.Text("family_id"), "email": p.Email, "name": "Ada Lovelace",
			} {
				if got.Text(member) != want {
					w.t.Errorf("%s: %s is %q, want %q", method, member, got.Text(member), want)
				}
			}
			if members := slices.Sorted(maps.Keys(membersOf(w.t, got))); fmt.Sprint(members) != "[email email_verified family_id name sub]" {
				w.t.Errorf("%s: members %v", method, members)
			}
			if !strings.Contains(got.Header.Get("Cache-Control"), "no-store") {
				w.t.Errorf("%s: Cache-Control %q", method, got.Header.Get("Cache-Control"))
			}
		}
		for what, header := range map[string]http.Header{"nothing": nil, "a refresh token": bearer(pair.Refresh), "malformed": bearer("x")} {
			refused := w.send(http.MethodGet, at, header, "")
			if got := refused.Header.Get("WWW-Authenticate"); refused.Status != http.StatusUnauthorized || !strings.Contains(got, `scope="read"`) {
				w.t.Errorf("%s: %s, challenge %q", what, refused, got)
			}
		}
		wantStatus(w.t, w.send(http.MethodGet, at+"?access_token="+pair.Access, nil, ""), http.StatusUnauthorized)
		wantStatus(w.t, w.send(http.MethodPut, at, bearer(pair.Access), ""), http.StatusMethodNotAllowed)
		for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/jwks.json", "/oauth/jwks"} {
			wantStatus(w.t, w.send(http.MethodGet, w.Auth.URL+path, nil, ""), http.StatusNotFound)
		}
	})
}

// TestTokenInfo is the contract's: what a script's own token is.
func TestTokenInfo(t *testing.T) {
	eachWorld(t, func(w *world) {
		app := w.public()
		pair := w.tokens(app, "read_write")
		said := w.form(w.resourceServer(), "/oauth/introspect", url.Values{"token": {pair.Access}})
		got := w.send(http.MethodGet, w.Auth.URL+"/oauth/token/info", bearer(pair.Access), "")
		wantStatus(w.t, got, http.StatusOK)
		left, _ := got.JSON("expires_in").(float64)
		if got.Text("resource_owner_id") != said.Text("sub") || fmt.Sprint(got.JSON("scope")) != "[read_write]" || left <= 0 ||
			fmt.Sprint(got.JSON("application")) != "map[uid:"+app.Client.ID+"]" || got.JSON("created_at") != said.JSON("iat") {
			w.t.Errorf("%s", got)
		}
		k := w.keeper()
		key := k.newKey("k", "read", "web", nil).Key
		wantStatus(w.t, w.send(http.MethodGet, w.Auth.URL+"/oauth/token/info", keyHeader(key), ""), http.StatusForbidden)
		wantStatus(w.t, w.send(http.MethodGet, w.Auth.URL+"/oauth/token/info", nil, ""), http.StatusUnauthorized)
		wantStatus(w.t, w.send(http.MethodPost, w.Auth.URL+"/oauth/token/info", bearer(pair.Access), ""), http.StatusMethodNotAllowed)
	})
}

// TestTokenAnswersSayWhenTheyEnd: the refresh token's end and, where there is
// one, that of the authorization.
func TestTokenAnswersSayWhenTheyEnd(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env     process.Env
		refresh float64
		whole   any
	}{
		"bounded":   {process.Env{"AUTH_REFRESH_TOKEN_LIFETIME": "2h", "AUTH_CHAIN_LIFETIME": "90m"}, 5400, 5400.0},
		"unbounded": {process.Env{"AUTH_REFRESH_TOKEN_LIFETIME": "2h", "AUTH_CHAIN_LIFETIME": "0s"}, 7200, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := startWorld(t, testenv.Embedded, stack.Setup{AuthEnv: c.env})
			app := w.public()
			code, pkce := w.code(w.person(), app, "read")
			first := w.exchange(app, code, pkce.Verifier)
			next := w.refresh(app, first.Text("refresh_token"))
			again := w.refresh(app, first.Text("refresh_token"))
			for what, answer := range map[string]*actor.Answer{"code": first, "refresh": next, "retry": again} {
				refresh, _ := answer.JSON("refresh_token_expires_in").(float64)
				if answer.Status != http.StatusOK || refresh > c.refresh || refresh < c.refresh-60 {
					t.Errorf("%s: %s", what, answer)
				}
				whole, ends := answer.JSON("authorization_expires_in").(float64)
				if ends != (c.whole != nil) || ends && (whole > 5400 || whole < 5340) {
					t.Errorf("%s: %s", what, answer)
				}
			}
		})
	}
}

// TestStepUp: the challenge names the scope, the next request asks only for what
// is new, the consent grows and is not asked for again, and a token holds no more
// than its own request asked for.
func TestStepUp(t *testing.T) {
	eachWorld(t, func(w *world) {
		p, app := w.person(), w.public()
		none := w.send(http.MethodPost, w.API().URL+accounts, nil, "")
		if got := none.Header.Get("WWW-Authenticate"); !strings.Contains(got, `scope="read_write"`) {
			w.t.Errorf("without a token: challenge %q", got)
		}
		small := w.tokensOf(p, app, "read")
		refused := w.call(http.MethodPost, accounts, small.Access, map[string]any{})
		if got := refused.Header.Get("WWW-Authenticate"); refused.Status != http.StatusForbidden || !strings.Contains(got, `scope="read_write"`) {
			w.t.Errorf("%s, challenge %q", refused, got)
		}
		page, err := p.Open(w.t.Context(), app.AuthorizeURL(actor.NewPKCE(), "read_write", "s", nil))
		if err != nil {
			w.t.Fatal(err)
		}
		if text := page.Text(); !strings.Contains(text, "to change your household's finances too?") || !strings.Contains(text, "You have already allowed") {
			w.t.Errorf("the page says %s", text)
		}
		large := w.tokensOf(p, app, "read_write")
		if answer := w.call(http.MethodPost, accounts, large.Access, map[string]any{}); answer.Status == http.StatusForbidden {
			w.t.Errorf("with the larger token: %s", answer)
		}
		again, err := p.Open(w.t.Context(), app.AuthorizeURL(actor.NewPKCE(), "read", "s", nil))
		if err != nil || again.Left == nil || again.Left.Query().Get("code") == "" {
			w.t.Fatalf("asked again for what was allowed: %v %v", again, err)
		}
		narrow := w.tokensOf(p, app, "read")
		wantStatus(w.t, w.call(http.MethodPost, accounts, narrow.Access, map[string]any{}), http.StatusForbidden)
	})
}

// TestWellKnownPaths is what browsers and password managers look for.
func TestWellKnownPaths(t *testing.T) {
	eachWorld(t, func(w *world) {
		change := w.send(http.MethodGet, w.Auth.URL+"/.well-known/change-password", nil, "")
		if change.Status != http.StatusFound || change.Header.Get("Location") != "/settings/password" {
			w.t.Errorf("%d %q", change.Status, change.Header.Get("Location"))
		}
		wantStatus(w.t, w.send(http.MethodGet, w.Auth.URL+"/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200", nil, ""), http.StatusNotFound)
		p := w.person()
		form, err := w.page(p, "/.well-known/change-password").Form("password", "new_password")
		if err != nil || form.Action != "/settings/password" {
			w.t.Errorf("where a password manager sends somebody: %+v %v", form, err)
		}
		signedOut := w.browse(w.Auth.URL + "/.well-known/change-password")
		if signedOut.URL.Path != "/signin" || signedOut.URL.Query().Get("return_to") != "/settings/password" {
			w.t.Errorf("without a sign-in: %s", signedOut.URL)
		}
		metadata := w.send(http.MethodGet, w.Auth.URL+"/.well-known/oauth-authorization-server", nil, "")
		if metadata.Text("userinfo_endpoint") != w.Auth.URL+"/oauth/userinfo" || fmt.Sprint(metadata.JSON("protected_resources")) != "["+w.API().URL+"]" {
			w.t.Errorf("%s", metadata)
		}
	})
}

func membersOf(t *testing.T, answer *actor.Answer) map[string]any {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal(answer.Body, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// TestWellKnownPasskeyEndpoints: where there are passkeys, the document names pages that
// make and list them, to scripts of any origin; elsewhere there is none.
func TestWellKnownPasskeyEndpoints(t *testing.T) {
	const path = "/.well-known/passkey-endpoints"
	eachWorld(t, func(w *world) {
		wantStatus(w.t, w.send(http.MethodGet, w.Auth.URL+path, nil, ""), http.StatusNotFound) // the issuer is no name
	})
	addr, err := process.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	issuer := "http://" + strings.Replace(addr, "127.0.0.1", "localhost", 1)
	w := startWorld(t, testenv.Embedded, stack.Setup{AuthEnv: process.Env{"AUTH_ADDR": addr, "AUTH_ISSUER": issuer}})
	document := w.send(http.MethodGet, issuer+path, http.Header{"Origin": {"https://manager.example"}}, "")
	if document.Status != http.StatusOK || document.Header.Get("Content-Type") != "application/json" || document.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Fatalf("%s %v", document, document.Header)
	}
	p := actor.NewPerson(issuer)
	if _, err := p.SignUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"enroll", "manage"} {
		page, err := p.Browser.Get(t.Context(), document.Text(name))
		if err != nil || page.Status != http.StatusOK || page.Heading() != "Passkeys" {
			t.Errorf("%s leads to %v %v", name, page, err)
		}
	}
	wantStatus(t, w.send(http.MethodPost, issuer+path, nil, ""), http.StatusMethodNotAllowed)
}
