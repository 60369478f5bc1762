package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

// TestC1_AURLBelowTheAPIIsTheAPI: clients name the address that they will call.
// Its tokens are for the API, and say so; for another resource there are none.
func TestC1_AURLBelowTheAPIIsTheAPI(t *testing.T) {
	eachWorld(t, func(w *world) {
		app, p, api := w.public(), w.person(), w.API().URL
		for _, below := range []string{api, api + "/", api + "/api/v1", api + "/mcp", api + "/api/v1/accounts?page=1"} {
			pkce := actor.NewPKCE()
			callback, err := p.Decide(w.t.Context(), app.AuthorizeURL(pkce, "read", "s", url.Values{"resource": {below}}), actor.Allow)
			if err != nil {
				w.t.Fatal(err)
			}
			form := url.Values{
				"grant_type": {"authorization_code"}, "code": {callback.Query().Get("code")}, "redirect_uri": {app.RedirectURI},
				"code_verifier": {pkce.Verifier}, "resource": {below},
			}
			pair, err := pairOf(w.token(app, form))
			if err != nil {
				w.t.Errorf("resource=%s: %v", below, err)
				continue
			}
			wantStatus(w.t, w.call(http.MethodGet, accounts, pair.Access, nil), http.StatusOK)
			said := w.form(w.resourceServer(), "/oauth/introspect", url.Values{"token": {pair.Access}})
			if said.Text("aud") != api {
				w.t.Errorf("resource=%s: aud is %q, want %q", below, said.Text("aud"), api)
			}
			refresh := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {pair.Refresh}, "resource": {"https://other.example"}}
			wantError(w.t, w.token(app, refresh), http.StatusBadRequest, "invalid_target")
			refresh.Set("resource", below)
			next, err := pairOf(w.token(app, refresh))
			if err != nil {
				w.t.Errorf("refresh for resource=%s: %v", below, err)
				continue
			}
			wantStatus(w.t, w.call(http.MethodGet, accounts, next.Access, nil), http.StatusOK)
		}
		for _, other := range []string{
			"https://other.example", api + ".evil.example", strings.Replace(api, "http://", "http://user@", 1), api + "/a/../b", api + "/%2e%2e/b", w.Auth.URL,
		} {
			page, err := p.Open(w.t.Context(), app.AuthorizeURL(actor.NewPKCE(), "read", "the-state", url.Values{"resource": {other}}))
			if err != nil {
				w.t.Fatal(err)
			}
			wantErrorRedirect(w.t, w, page, "invalid_target", "resource="+other)
			code, pkce := w.code(p, app, "read")
			form := url.Values{
				"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {app.RedirectURI},
				"code_verifier": {pkce.Verifier}, "resource": {other},
			}
			wantError(w.t, w.token(app, form), http.StatusBadRequest, "invalid_target")
		}
	})
}

// TestC1_StartSaysWhereSettingsDisagree: the API compares its address with what
// the authorization server issues tokens for.
func TestC1_StartSaysWhereSettingsDisagree(t *testing.T) {
	t.Parallel()
	w := startWorld(t, testenv.Embedded, stack.Setup{AuthEnv: process.Env{"AUTH_API_URL": "https://api.elsewhere.example"}})
	waitFor(t, func() bool {
		return strings.Contains(w.API().Log(), "settings disagree") && strings.Contains(w.API().Log(), "api.elsewhere.example")
	})
}

func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(30 * time.Second); !done(); <-tick.C {
		if time.Now().After(end) {
			t.Fatal("waited for 30 s")
		}
	}
}

// TestC2_ACallbackMayLeadAnywhere: browsers apply form-action to every redirect
// that follows a form, those of the application's callback included.
func TestC2_ACallbackMayLeadAnywhere(t *testing.T) {
	eachWorld(t, func(w *world) {
		app, p := w.confidential(), w.person()
		target := app.AuthorizeURL(actor.NewPKCE(), "read", "s", nil)
		consent, err := p.Open(w.t.Context(), target)
		if err != nil {
			w.t.Fatal(err)
		}
		signin := w.browse(target) // with consent remembered, the redirect follows its form
		for what, page := range map[string]*actor.Page{"consent": consent, "sign-in": signin} {
			csp := page.Header.Get("Content-Security-Policy")
			if page.Status != http.StatusOK || strings.Contains(csp, "form-action") || !strings.Contains(csp, "default-src 'none'") {
				w.t.Errorf("%s: %d, %s", what, page.Status, csp)
			}
		}
		if csp := w.browse("/signin").Header.Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self';") {
			w.t.Errorf("a sign-in that leads to no application: %s", csp)
		}
	})
}

// TestC6_AnAPIWithAPath describes itself where RFC 9728 section 3.1 puts it, and
// its challenges say so.
func TestC6_AnAPIWithAPath(t *testing.T) {
	t.Parallel()
	addr, err := process.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	api := "http://" + addr + "/base"
	w := startWorld(t, testenv.Embedded, stack.Setup{
		AuthEnv: process.Env{"AUTH_API_URL": api + "/"}, APIEnv: process.Env{"API_ADDR": addr, "API_URL": api},
	})
	origin := "http://" + addr
	described := w.send(http.MethodGet, origin+"/.well-known/oauth-protected-resource/base", nil, "")
	if described.Status != http.StatusOK || described.Text("resource") != api {
		t.Errorf("metadata: %s", described)
	}
	want := `resource_metadata="` + origin + `/.well-known/oauth-protected-resource/base"`
	pair := w.tokens(w.public(), "read")
	for _, path := range []string{"/api/v1/accounts", "/base/api/v1/accounts"} {
		refused := w.send(http.MethodGet, origin+path, nil, "")
		if got := refused.Header.Get("WWW-Authenticate"); refused.Status != http.StatusUnauthorized || !strings.Contains(got, want) {
			t.Errorf("%s: %s, challenge %s", path, refused, got)
		}
		wantStatus(t, w.send(http.MethodGet, origin+path, http.Header{"Authorization": {"Bearer " + pair.Access}}, ""), http.StatusOK)
	}
	wantStatus(t, w.send(http.MethodGet, origin+"/based/api/v1/accounts", nil, ""), http.StatusNotFound)
}

// TestD11_AWrongRedirectURIIsShown: host and path of what was asked for, as text. What is
// registered is nobody's business but the owner's.
func TestD11_AWrongRedirectURIIsShown(t *testing.T) {
	eachWorld(t, func(w *world) {
		app := w.confidential()
		for asked, shown := range map[string]string{
			webCallback + "/": webCallback + "/",
			"https://user:hush@app.example.com/callback?token=hush#x":      "https://app.example.com/callback",
			"https://evil.example/<script>alert(1)</script>?x=<b>hush</b>": "evil.example/",
			"javascript:alert(1)": "javascript:alert(1)", "%zz?hush": "%zz",
		} {
			page := w.browse(app.AuthorizeURL(actor.NewPKCE(), "read", "s", url.Values{"redirect_uri": {asked}}))
			if page.Status != http.StatusBadRequest || page.Header.Get("Location") != "" {
				w.t.Errorf("%s: %d, Location %q", asked, page.Status, page.Header.Get("Location"))
			}
			if text := page.Text(); !strings.Contains(text, shown) || strings.Contains(strings.ReplaceAll(text, shown, ""), "app.example.com") || strings.Contains(text, "hush") {
				w.t.Errorf("%s: the page says %s", asked, text)
			}
			if strings.Contains(string(page.Body), "<script>alert") || strings.Contains(string(page.Body), "<b>hush") {
				w.t.Errorf("%s: not escaped", asked)
			}
		}
	})
}

// TestD11_TheOwnerSeesWhatIsRegistered beside what came, with the way around the settings;
// another person, signed in or not, sees what came alone.
func TestD11_TheOwnerSeesWhatIsRegistered(t *testing.T) {
	eachWorld(t, func(w *world) {
		owner, other := w.person(), w.person()
		app := w.developed(owner)
		wrong := strings.TrimPrefix(app.AuthorizeURL(actor.NewPKCE(), "read", "s", url.Values{"redirect_uri": {"https://elsewhere.example/cb"}}), w.Auth.URL)
		for _, c := range []struct {
			who  *actor.Person
			owns bool
		}{{owner, true}, {other, false}} {
			page := w.page(c.who, wrong)
			text := page.Text()
			if page.Status != http.StatusBadRequest || !strings.Contains(text, "Redirect URI received") || !strings.Contains(text, "https://elsewhere.example/cb") ||
				!strings.Contains(text, "Sign out") {
				w.t.Errorf("owner %v: %d %s", c.owns, page.Status, text)
			}
			if sees := strings.Contains(text, "Redirect URI registered") && strings.Contains(text, webCallback) && strings.Contains(text, racedApp); sees != c.owns {
				w.t.Errorf("owner %v: %s", c.owns, text)
			}
			if !c.owns && (strings.Contains(text, webCallback) || strings.Contains(text, racedApp)) {
				w.t.Errorf("somebody else sees %s", text)
			}
		}
	})
}

// TestD11_AnUntrustedRequestSaysWhatCame in words, and not by the names of parameters alone.
func TestD11_AnUntrustedRequestSaysWhatCame(t *testing.T) {
	eachWorld(t, func(w *world) {
		app := w.public()
		for query, want := range map[string][]string{
			"client_id=" + app.Client.ID: {"doesn't say where to send you back", "Client ID received " + app.Client.ID, "Redirect URI received None"},
			"client_id=" + app.Client.ID + "&redirect_uri=https://a.example&redirect_uri=https://b.example": {"more than one address to send you back to", "Redirect URI received More than one"},
			"redirect_uri=https://a.example/cb": {"doesn't say which application", "Client ID received None", "https://a.example/cb"},
			"client_id=a&client_id=b":           {"more than one application", "Client ID received More than one"},
			"client_id=" + url.QueryEscape("<b>nobody</b>") + "&redirect_uri=https://a.example/cb?x=hush": {"is not known to this server", "Client ID received %3Cb%3Enobody%3C/b%3E"},
			"client_id=%ff": {"damaged"},
		} {
			page := w.browse(w.Auth.URL + "/oauth/authorize?" + query)
			text := page.Text()
			if page.Status != http.StatusBadRequest || strings.Contains(text, "hush") || strings.Contains(string(page.Body), "<b>nobody") {
				w.t.Errorf("%s: %d %s", query, page.Status, text)
			}
			for _, words := range want {
				if !strings.Contains(text, words) {
					w.t.Errorf("%s: not %q: %s", query, words, text)
				}
			}
		}
	})
}
