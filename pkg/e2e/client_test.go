package e2e

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

// RFC 6749 section 3.2: a parameter without a value is as if it were left out.
// Some libraries send an empty secret for a client that has none, in the body or
// by HTTP Basic.
func TestS21_AnEmptySecretIsNone(t *testing.T) {
	eachWorld(t, func(w *world) {
		public, confidential := w.public(), w.confidential()
		refresh := func(basic *url.Userinfo, more url.Values) *actor.Answer {
			form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}}
			for name, values := range more {
				form[name] = values
			}
			header := formHeader()
			if basic != nil {
				header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(basic.String())))
			}
			return w.send(http.MethodPost, w.Auth.URL+"/oauth/token", header, form.Encode())
		}
		empty := url.Values{"client_secret": {""}}
		named := func(id string) url.Values { return url.Values{"client_id": {id}, "client_secret": {""}} }
		known := map[string]*actor.Answer{
			"public, in the body":                    refresh(nil, named(public.Client.ID)),
			"public, by Basic":                       refresh(url.UserPassword(public.Client.ID, ""), nil),
			"public, by Basic and in the body":       refresh(url.UserPassword(public.Client.ID, ""), named(public.Client.ID)),
			"confidential, Basic and an empty field": refresh(url.UserPassword(confidential.Client.ID, confidential.Client.Secret), empty),
		}
		for what, answer := range known {
			if answer.Status != http.StatusBadRequest || answer.Text("error") != "invalid_grant" {
				w.t.Errorf("%s: %s", what, answer)
			}
		}
		unknown := map[string]*actor.Answer{
			"confidential, in the body": refresh(nil, named(confidential.Client.ID)),
			"confidential, by Basic":    refresh(url.UserPassword(confidential.Client.ID, ""), nil),
			"nobody":                    refresh(url.UserPassword("", ""), nil),
		}
		for what, answer := range unknown {
			if answer.Status != http.StatusUnauthorized || answer.Text("error") != "invalid_client" {
				w.t.Errorf("%s: %s", what, answer)
			}
		}
	})
}

// rememberingClients is a stack whose servers remember clients for longer than a
// test takes, so that what is remembered wrongly is seen.
var rememberingClients = stack.Setup{AuthEnv: process.Env{"AUTH_CLIENT_CACHE": "1m"}}

func TestARotatedSecretWorksAtOnce(t *testing.T) {
	ownWorld(t, rememberingClients, func(w *world) {
		app := w.confidential()
		pair := w.tokens(app, "read")
		out, err := w.CLI(w.t.Context(), "client", "rotate-secret", app.Client.ID, "--overlap", "1h", "--json")
		if err != nil {
			w.t.Fatal(err)
		}
		rotated := *app
		if err := json.Unmarshal(out, &rotated.Client); err != nil || rotated.Client.Secret == app.Client.Secret {
			w.t.Fatalf("%v: %s", err, out)
		}
		pair = w.refreshed(&rotated, pair.Refresh)
		pair = w.refreshed(app, pair.Refresh) // inside the overlap

		if out, err = w.CLI(w.t.Context(), "client", "rotate-secret", app.Client.ID, "--json"); err != nil {
			w.t.Fatal(err)
		}
		last := *app
		if err := json.Unmarshal(out, &last.Client); err != nil {
			w.t.Fatal(err)
		}
		w.refreshed(&last, pair.Refresh)
		for _, old := range []*actor.App{app, &rotated} {
			wantError(w.t, w.refresh(old, "x"), http.StatusUnauthorized, "invalid_client")
		}
	})
}

// A client that is deleted while its consent page is open is an unknown client
// when the person decides: a page, no redirect.
func TestS04_AClientDeletedMeanwhileIsUnknown(t *testing.T) {
	ownWorld(t, rememberingClients, func(w *world) {
		app, p := w.public(), w.person()
		consent, err := p.Open(w.t.Context(), app.AuthorizeURL(actor.NewPKCE(), "read", "the-state", nil))
		if err != nil {
			w.t.Fatal(err)
		}
		form, err := consent.Form("decision")
		if err != nil {
			w.t.Fatal(err)
		}
		if _, err := w.CLI(w.t.Context(), "client", "delete", app.Client.ID); err != nil {
			w.t.Fatal(err)
		}
		page, err := p.Browser.Submit(w.t.Context(), consent, form, "decision", actor.Allow)
		if err != nil {
			w.t.Fatal(err)
		}
		wantErrorPage(w.t, page, "after the client was deleted")
	})
}

// Parameters that mean nothing here are ignored (RFC 6749 section 3.1), whatever
// they mean elsewhere.
func TestUnknownParametersAreIgnored(t *testing.T) {
	eachWorld(t, func(w *world) {
		app, p := w.public(), w.person()
		extra := url.Values{
			"audience": {"https://api.example.com"}, "registration": {"{}"}, "nonce": {"n"}, "display": {"popup"}, "claims": {"{}"},
			"max_age": {"0"}, "ui_locales": {"de"}, "id_token_hint": {"x"}, "login_hint": {"a@b.example"}, "acr_values": {"1"}, "x": {""},
		}
		pkce := actor.NewPKCE()
		callback, err := p.Decide(w.t.Context(), app.AuthorizeURL(pkce, "read", "s", extra), actor.Allow)
		if err != nil {
			w.t.Fatal(err)
		}
		form := url.Values{
			"grant_type": {"authorization_code"}, "code": {callback.Query().Get("code")}, "redirect_uri": {app.RedirectURI},
			"code_verifier": {pkce.Verifier}, "audience": {"https://api.example.com"}, "scope": {"whatever"}, "x": {"y"},
		}
		if _, err := pairOf(w.token(app, form)); err != nil {
			w.t.Errorf("%s: %v", callback, err)
		}
	})
}

// RFC 6749 sections 4.1.2.1 and 5.2 say which characters a description may have;
// ours quote the request.
func TestErrorDescriptionsAreOfAllowedCharacters(t *testing.T) {
	eachWorld(t, func(w *world) {
		app := w.public()
		odd := `x"é\` + strings.Repeat("a", 3000)
		page := w.browse(app.AuthorizeURL(actor.NewPKCE(), odd, "the-state", nil))
		wantErrorRedirect(w.t, w, page, "invalid_scope", "an odd scope")
		if page.Left != nil {
			wantDescription(w.t, page.Left.Query().Get("error_description"))
		}
		name := url.QueryEscape(odd)
		page = w.browse(app.AuthorizeURL(actor.NewPKCE(), "read", "the-state", nil) + "&" + name + "=1&" + name + "=2")
		wantErrorRedirect(w.t, w, page, "invalid_request", "an odd name")
		if page.Left != nil {
			wantDescription(w.t, page.Left.Query().Get("error_description"))
		}
		answer := w.send(http.MethodPost, w.Auth.URL+"/oauth/token", formHeader(), name+"=1&"+name+"=2")
		wantError(w.t, answer, http.StatusBadRequest, "invalid_request")
		wantDescription(w.t, answer.Text("error_description"))
	})
}

func wantDescription(t *testing.T, text string) {
	t.Helper()
	bad := func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }
	if text == "" || len(text) > 300 || strings.ContainsFunc(text, bad) {
		t.Errorf("error_description: %q", text)
	}
}

// A resource may be named when asking for the code, or only when redeeming it
// (RFC 8707 section 2.2); another one than the code is for is refused and spends
// nothing.
func TestS34_ResourceOfARedemption(t *testing.T) {
	eachWorld(t, func(w *world) {
		app, p, api := w.public(), w.person(), w.API().URL
		redeem := func(authorized, asked string) (*actor.Answer, url.Values) {
			pkce := actor.NewPKCE()
			callback, err := p.Decide(w.t.Context(), app.AuthorizeURL(pkce, "read", "s", url.Values{"resource": {authorized}}), actor.Allow)
			if err != nil {
				w.t.Fatal(err)
			}
			form := url.Values{
				"grant_type": {"authorization_code"}, "code": {callback.Query().Get("code")}, "redirect_uri": {app.RedirectURI},
				"code_verifier": {pkce.Verifier}, "resource": {asked},
			}
			return w.token(app, form), form
		}
		for asked, status := range map[string]int{api: http.StatusOK, "": http.StatusOK} {
			answer, _ := redeem("", asked)
			pair, err := pairOf(answer)
			if err != nil {
				w.t.Errorf("resource=%s at the token endpoint only: %v", asked, err)
				continue
			}
			wantStatus(w.t, w.call(http.MethodGet, accounts, pair.Access, nil), status)
		}
		refused, form := redeem(api, "https://other.example")
		wantError(w.t, refused, http.StatusBadRequest, "invalid_target")
		form["resource"] = []string{api, api}
		wantError(w.t, w.token(app, form), http.StatusBadRequest, "invalid_target")
		form.Set("resource", api)
		if _, err := pairOf(w.token(app, form)); err != nil {
			w.t.Errorf("the right resource after a wrong one: %v", err)
		}
	})
}

// A long state comes back whole, also to somebody who has to sign in on the way;
// one that is too long is refused before that, not lost after it.
func TestT20_ALongStateSurvivesTheSignIn(t *testing.T) {
	eachWorld(t, func(w *world) {
		app, p := w.public(), w.person()
		for _, state := range []string{strings.Repeat("s", 9000), strings.Repeat("+/=&", 1200)} {
			there := p.ElsewhereAs(w.Auth.URL)
			callback, err := there.Decide(w.t.Context(), app.AuthorizeURL(actor.NewPKCE(), "read", state, nil), actor.Allow)
			if err != nil {
				w.t.Fatal(err)
			}
			if got := callback.Query().Get("state"); got != state {
				w.t.Errorf("%d characters came back as %d", len(state), len(got))
			}
		}
		long := app.AuthorizeURL(actor.NewPKCE(), "read", strings.Repeat("s", 17000), nil)
		wantErrorPage(w.t, w.browse(long), "a state of 17000 characters")
		_, query, _ := strings.Cut(long, "?")
		if answer := w.send(http.MethodPost, w.Auth.URL+"/oauth/authorize", formHeader(), query); answer.Status != http.StatusBadRequest {
			w.t.Errorf("posted: %d", answer.Status)
		}
	})
}
