package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"latchkey/pkg/testenv/actor"
)

// wantErrorPage checks that the browser stayed here and was told why on a page.
func wantErrorPage(t *testing.T, page *actor.Page, what string) {
	t.Helper()
	if page.Left != nil || page.Header.Get("Location") != "" {
		t.Errorf("%s: redirected to %s", what, page.Header.Get("Location"))
		return
	}
	if page.Status < 400 || page.Status > 499 || !strings.HasPrefix(page.Header.Get("Content-Type"), "text/html") {
		t.Errorf("%s: got %d %s, want a page with a 4xx", what, page.Status, page.Header.Get("Content-Type"))
	}
}

// wantErrorRedirect checks that the application was told code, with the state
// and the issuer (RFC 9207).
func wantErrorRedirect(t *testing.T, w *world, page *actor.Page, code, what string) {
	t.Helper()
	if page.Left == nil {
		t.Errorf("%s: got %d %.200s, want a redirect to the application", what, page.Status, page.Text())
		return
	}
	q := page.Left.Query()
	if q.Get("error") != code || q.Get("state") != "the-state" || q.Get("iss") != w.Auth.URL || q.Has("code") {
		t.Errorf("%s: got %s, want error=%s with state and iss", what, page.Left, code)
	}
}

func TestS01_T22_RedirectURIIsComparedExactly(t *testing.T) {
	eachWorld(t, func(w *world) {
		app := w.client(webCallback, "--public")
		for _, uri := range []string{
			webCallback + "/", webCallback + "?x=1", webCallback + "#x", webCallback + "/sub", "HTTPS://app.example.com/callback",
			"https://APP.example.com/callback", "https://app.example.com/%63allback", "https://app.example.com:443/callback",
			"https://user@app.example.com/callback", "https://app.example.com.evil.example/callback", "http://app.example.com/callback",
			"https://app.example.com/callback/../callback", "//app.example.com/callback", "/callback", "javascript:alert(1)", " " + webCallback, "",
		} {
			page := w.browse(app.AuthorizeURL(actor.NewPKCE(), "read", "the-state", url.Values{"redirect_uri": {uri}}))
			wantErrorPage(w.t, page, "redirect_uri="+uri)
		}
	})
}

func TestS02_LoopbackDiffersInPortOnly(t *testing.T) {
	eachWorld(t, func(w *world) {
		for registered, table := range map[string]map[string]bool{
			"http://127.0.0.1/cb": {
				"http://127.0.0.1:4444/cb": true, "http://127.0.0.1/cb": true, "http://127.0.0.1:4444/other": false,
				"https://127.0.0.1:4444/cb": false, "http://user@127.0.0.1:4444/cb": false, "http://localhost:4444/cb": false,
				"http://127.0.0.1:4444/cb?x=1": false, "http://127.0.0.2:4444/cb": false, "http://[::1]:4444/cb": false,
			},
			"https://127.0.0.1/cb": {"https://127.0.0.1/cb": true, "http://127.0.0.1:4444/cb": false},
			"http://[::1]/cb":      {"http://[::1]:4444/cb": true, "http://127.0.0.1:4444/cb": false},
		} {
			app := w.client(registered, "--public")
			for uri, accepted := range table {
				// Without a challenge an accepted URI is where the error goes.
				more := url.Values{"redirect_uri": {uri}, "code_challenge": {""}}
				page := w.browse(app.AuthorizeURL(actor.NewPKCE(), "read", "the-state", more))
				if accepted {
					wantErrorRedirect(w.t, w, page, "invalid_request", registered+" → "+uri)
					if page.Left != nil && !strings.HasPrefix(page.Left.String(), uri) {
						w.t.Errorf("%s: redirected to %s", uri, page.Left)
					}
					continue
				}
				wantErrorPage(w.t, page, registered+" → "+uri)
			}
		}
	})
}

func TestS03_DangerousRedirectsCannotBeRegistered(t *testing.T) {
	eachWorld(t, func(w *world) {
		for _, uri := range []string{
			"javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "vbscript:x", "blob:https://a.example/x", "about:blank", "http://app.example.com/cb",
			"https://app.example.com/cb#fragment", "https://*.example.com/cb", "https://user:pass@app.example.com/cb", "https:///cb",
			"ftp://app.example.com/cb", "myapp://cb", "ws://app.example.com/cb", "app.example.com/cb", "/cb", "", "https://app.example.com/ cb",
		} {
			if c, err := w.NewClient(w.t.Context(), "--name", "Bad", "--public", "--redirect-uri", uri, "--scope", "read"); err == nil {
				w.t.Errorf("%q was registered: %s", uri, c.ID)
			}
		}
		for _, uri := range []string{"https://app.example.com/cb?tenant=1", "com.example.app:/callback", "com.example.app://oauth/cb", "http://127.0.0.1:8765/cb"} {
			if _, err := w.NewClient(w.t.Context(), "--name", "Good", "--public", "--redirect-uri", uri, "--scope", "read"); err != nil {
				w.t.Errorf("%q was refused: %v", uri, err)
			}
		}
	})
}

func TestS04_UnknownClientNeverRedirects(t *testing.T) {
	eachWorld(t, func(w *world) {
		app := w.public()
		for _, id := range []string{"nobody", "", strings.Repeat("x", 5000), "a\x00b", "' OR 1=1 --", "\xff\xfe"} {
			page := w.browse(app.AuthorizeURL(actor.NewPKCE(), "read", "the-state", url.Values{"client_id": {id}}))
			wantErrorPage(w.t, page, "client_id="+id)
		}
	})
}

func TestS05_SignInDoesNotLeaveTheOrigin(t *testing.T) {
	eachWorld(t, func(w *world) {
		p := w.person()
		for _, target := range []string{
			"https://evil.example", "//evil.example", `/\evil.example`, `\\evil.example`, "/\t/evil.example", "https:evil.example",
			"javascript:alert(1)", "http://127.0.0.1@evil.example/", "///evil.example", "/%2f/evil.example/..//evil.example",
		} {
			there := p.ElsewhereAs(w.Auth.URL)
			page, err := there.Open(w.t.Context(), "/signin?"+url.Values{"return_to": {target}}.Encode())
			if err != nil {
				w.t.Errorf("return_to=%s: %v", target, err)
				continue
			}
			if page.Left != nil {
				w.t.Errorf("return_to=%s led to %s", target, page.Left)
			}
		}
	})
}

func TestS06_S07_S08_T06_PKCEWithS256IsRequired(t *testing.T) {
	eachWorld(t, func(w *world) {
		good := actor.NewPKCE()
		for _, app := range []*actor.App{w.public(), w.confidential()} {
			for what, more := range map[string]url.Values{
				"no challenge":       {"code_challenge": {""}, "code_challenge_method": {""}},
				"challenge empty":    {"code_challenge": {""}},
				"plain":              {"code_challenge_method": {"plain"}},
				"no method":          {"code_challenge_method": {""}},
				"lower-case method":  {"code_challenge_method": {"s256"}},
				"one character":      {"code_challenge": {"x"}},
				"42 characters":      {"code_challenge": {good.Challenge[:42]}},
				"44 characters":      {"code_challenge": {good.Challenge + "A"}},
				"padded":             {"code_challenge": {good.Challenge[:42] + "="}},
				"not base64url":      {"code_challenge": {good.Challenge[:42] + "+"}},
				"not ASCII":          {"code_challenge": {good.Challenge[:41] + "é"}},
				"something enormous": {"code_challenge": {strings.Repeat("A", 4000)}},
			} {
				page := w.browse(app.AuthorizeURL(good, "read", "the-state", more))
				wantErrorRedirect(w.t, w, page, "invalid_request", what)
			}
		}
	})
}

func TestS16_S17_T20_AnswersOfTheConsentPage(t *testing.T) {
	eachWorld(t, func(w *world) {
		app, p := w.public(), w.person()
		for _, c := range []struct{ state, decision, param, value string }{
			{"the-state", actor.Deny, "error", "access_denied"},
			{"", actor.Deny, "error", "access_denied"},
			{"the-state", actor.Allow, "code", ""},
			{"", actor.Allow, "code", ""},
			{"a state with spaces & signs = ü", actor.Allow, "code", ""},
		} {
			page, err := p.Open(w.t.Context(), app.AuthorizeURL(actor.NewPKCE(), "read", c.state, nil))
			if err != nil {
				w.t.Fatal(err)
			}
			posted := page.Left == nil
			if posted { // after the first time consent is remembered
				form, err := page.Form("decision")
				if err != nil {
					w.t.Fatal(err)
				}
				if page, err = p.Browser.Submit(w.t.Context(), page, form, "decision", c.decision); err != nil {
					w.t.Fatal(err)
				}
			}
			if page.Left == nil {
				w.t.Errorf("%+v: %d %.200s", c, page.Status, page.Text())
				continue
			}
			q := page.Left.Query()
			if posted && page.Status != http.StatusSeeOther || page.Status == http.StatusTemporaryRedirect || q.Get("iss") != w.Auth.URL || q.Get("state") != c.state || q.Has("state") != (c.state != "") {
				w.t.Errorf("%+v: %d %s", c, page.Status, page.Left)
			}
			if got := q.Get(c.param); got == "" || c.value != "" && got != c.value {
				w.t.Errorf("%+v: %s", c, page.Left)
			}
			if page.Left.Fragment != "" {
				w.t.Errorf("%+v: the answer hides in the fragment: %s", c, page.Left)
			}
			if cc := page.Header.Get("Cache-Control"); !strings.Contains(cc, "no-store") {
				w.t.Errorf("%+v: Cache-Control %q", c, cc)
			}
		}
	})
}

func TestS18_T30_OnlyTheCodeFlow(t *testing.T) {
	eachWorld(t, func(w *world) {
		app := w.public()
		for kind, code := range map[string]string{
			"token": "unsupported_response_type", "id_token": "unsupported_response_type", "code token": "unsupported_response_type",
			"none": "unsupported_response_type", "CODE": "unsupported_response_type", "": "invalid_request",
		} {
			page := w.browse(app.AuthorizeURL(actor.NewPKCE(), "read", "the-state", url.Values{"response_type": {kind}}))
			wantErrorRedirect(w.t, w, page, code, "response_type="+kind)
		}
		for grant, code := range map[string]string{
			"password": "unsupported_grant_type", "implicit": "unsupported_grant_type", "x": "unsupported_grant_type",
			"urn:ietf:params:oauth:grant-type:jwt-bearer": "unsupported_grant_type", "": "invalid_request",
		} {
			form := url.Values{"grant_type": {grant}, "username": {"a"}, "password": {"b"}}
			wantError(w.t, w.token(app, form), http.StatusBadRequest, code)
		}
	})
}

func TestS20_T28_ParametersAreGivenOnce(t *testing.T) {
	eachWorld(t, func(w *world) {
		app := w.public()
		for _, name := range []string{"client_id", "redirect_uri"} {
			u := app.AuthorizeURL(actor.NewPKCE(), "read", "the-state", nil)
			q, _ := url.Parse(u)
			wantErrorPage(w.t, w.browse(u+"&"+url.Values{name: {q.Query().Get(name)}}.Encode()), "two "+name)
		}
		for _, name := range []string{"response_type", "scope", "code_challenge", "code_challenge_method"} {
			page := w.browse(app.AuthorizeURL(actor.NewPKCE(), "read", "the-state", nil) + "&" + name + "=x")
			wantErrorRedirect(w.t, w, page, "invalid_request", "two "+name)
		}
		page := w.browse(app.AuthorizeURL(actor.NewPKCE(), "read", "the-state", nil) + "&state=another")
		if page.Left == nil || page.Left.Query().Get("error") != "invalid_request" {
			w.t.Errorf("two states: got %d %v", page.Status, page.Left)
		}
		for _, name := range []string{"grant_type", "code", "redirect_uri", "code_verifier", "client_id"} {
			form := url.Values{
				"grant_type": {"authorization_code"}, "code": {"x"}, "redirect_uri": {app.RedirectURI},
				"code_verifier": {actor.NewPKCE().Verifier}, "client_id": {app.Client.ID},
			}
			form[name] = append(form[name], form.Get(name))
			wantError(w.t, w.token(app, form), http.StatusBadRequest, "invalid_request")
		}
	})
}

func TestT14_T15_T13_ScopeDefaultsToReadAndIsKnown(t *testing.T) {
	eachWorld(t, func(w *world) {
		app := w.public()
		if pair := w.tokens(app, ""); pair.Scope != "read" {
			w.t.Errorf("without a scope: %q", pair.Scope)
		}
		pair := w.tokens(app, "read_write")
		if pair.Scope != "read_write" || pair.Refresh == "" {
			w.t.Errorf("read_write: %+v", pair)
		}
		wantStatus(w.t, w.call(http.MethodGet, "/api/v1/accounts", pair.Access, nil), http.StatusOK)
		for _, scope := range []string{"admin", "read write", "read.write", "READ", "read,read_write", "offline_access"} {
			page := w.browse(app.AuthorizeURL(actor.NewPKCE(), scope, "the-state", nil))
			wantErrorRedirect(w.t, w, page, "invalid_scope", "scope="+scope)
		}
		reader := w.client(loopbackCallback, "--public", "--scope", "read")
		page := w.browse(reader.AuthorizeURL(actor.NewPKCE(), "read_write", "the-state", nil))
		wantErrorRedirect(w.t, w, page, "invalid_scope", "more than the client may have")
	})
}

func TestT21_ResponseModes(t *testing.T) {
	eachWorld(t, func(w *world) {
		app := w.public()
		more := url.Values{"response_mode": {"query"}, "code_challenge": {""}}
		wantErrorRedirect(w.t, w, w.browse(app.AuthorizeURL(actor.NewPKCE(), "read", "the-state", more)), "invalid_request", "query")
		for _, mode := range []string{"fragment", "jwt", "x"} {
			page := w.browse(app.AuthorizeURL(actor.NewPKCE(), "read", "the-state", url.Values{"response_mode": {mode}}))
			if page.Left == nil || page.Left.Query().Get("error") == "" || page.Left.Query().Has("code") {
				w.t.Errorf("response_mode=%s: %d %v", mode, page.Status, page.Left)
			}
		}
	})
}

func TestT27_PushedAndReferencedRequestsAreRefused(t *testing.T) {
	eachWorld(t, func(w *world) {
		app := w.public()
		for _, name := range []string{"request", "request_uri"} {
			page := w.browse(app.AuthorizeURL(actor.NewPKCE(), "read", "the-state", url.Values{name: {"https://evil.example/x"}}))
			if page.Left != nil && page.Left.Query().Get("error") == "" || page.Left == nil && page.Status < 400 {
				w.t.Errorf("%s: %d %v", name, page.Status, page.Left)
			}
		}
	})
}
