package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

func TestS09_S10_T04_VerifierMustMatchAndAWrongOneBurnsNothing(t *testing.T) {
	eachWorld(t, func(w *world) {
		app := w.public()
		code, pkce := w.code(w.person(), app, "read")
		other := actor.NewPKCE()
		for what, verifier := range map[string]string{
			"another": other.Verifier, "short": pkce.Verifier[:42], "long": pkce.Verifier + strings.Repeat("a", 100),
			"the challenge": pkce.Challenge, "bad characters": pkce.Verifier[:42] + "!", "upper case": strings.ToUpper(pkce.Verifier),
		} {
			answer := w.exchange(app, code, verifier)
			if answer.Status != http.StatusBadRequest || answer.Text("error") != "invalid_grant" {
				w.t.Errorf("%s verifier: %s", what, answer)
			}
		}
		without := w.token(app, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {app.RedirectURI}})
		if without.Status != http.StatusBadRequest {
			w.t.Errorf("no verifier after wrong ones: %s", without)
		}
		wantStatus(w.t, w.exchange(app, code, pkce.Verifier), http.StatusOK)
	})
}

func TestS12_CodeIsSingleUseAndAReplayEndsTheGrant(t *testing.T) {
	eachWorld(t, func(w *world) {
		app := w.public()
		code, pkce := w.code(w.person(), app, "read")
		pair, err := pairOf(w.exchange(app, code, pkce.Verifier))
		if err != nil {
			w.t.Fatal(err)
		}
		wantError(w.t, w.exchange(app, code, pkce.Verifier), http.StatusBadRequest, "invalid_grant")
		w.wantActive(pair.Access, false, "access token after its code was replayed")
		wantError(w.t, w.refresh(app, pair.Refresh), http.StatusBadRequest, "invalid_grant")
	})
}

func TestS12_T03_AReplayedCodeEndsTheRefreshedGrantToo(t *testing.T) {
	eachWorld(t, func(w *world) {
		app := w.public()
		code, pkce := w.code(w.person(), app, "read")
		pair, err := pairOf(w.exchange(app, code, pkce.Verifier))
		if err != nil {
			w.t.Fatal(err)
		}
		next := w.refreshed(app, pair.Refresh)
		wantError(w.t, w.exchange(app, code, pkce.Verifier), http.StatusBadRequest, "invalid_grant")
		w.wantActive(next.Access, false, "access token of the second generation")
	})
}

func TestS15_T03_CodeIsBoundToClientAndRedirectURI(t *testing.T) {
	eachWorld(t, func(w *world) {
		app, stranger := w.public(), w.public()
		code, pkce := w.code(w.person(), app, "read")
		wantError(w.t, w.exchange(stranger, code, pkce.Verifier), http.StatusBadRequest, "invalid_grant")
		for _, uri := range []string{"http://127.0.0.1:4712/callback", app.RedirectURI + "/", "", "https://evil.example"} {
			form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {uri}, "code_verifier": {pkce.Verifier}}
			if uri == "" {
				form.Del("redirect_uri")
			}
			if answer := w.token(app, form); answer.Status != http.StatusBadRequest {
				w.t.Errorf("redirect_uri=%q: %s", uri, answer)
			}
		}
		pair, err := pairOf(w.exchange(app, code, pkce.Verifier))
		if err != nil {
			w.t.Fatalf("the owner of the code, after others tried it: %v", err)
		}
		// A stranger who replays the spent code ends nothing.
		wantError(w.t, w.exchange(stranger, code, pkce.Verifier), http.StatusBadRequest, "invalid_grant")
		w.wantActive(pair.Access, true, "access token after a stranger replayed its code")
	})
}

func TestS11_T05_ARefusedAuthorizationLeavesNoCode(t *testing.T) {
	t.Parallel()
	testenv.Production.Need(t)
	w := startWorld(t, testenv.Production, stack.Setup{})
	app, p := w.public(), w.person()
	before := countRows(t, w.AuthDB, "grants")
	for _, more := range []url.Values{{"code_challenge": {""}}, {"code_challenge_method": {"plain"}}, {"scope": {"admin"}}, {"response_type": {"token"}}} {
		if _, err := p.Browser.Get(t.Context(), app.AuthorizeURL(actor.NewPKCE(), "read", "s", more)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.Decide(t.Context(), app.AuthorizeURL(actor.NewPKCE(), "read", "s", nil), actor.Deny); err != nil {
		t.Fatal(err)
	}
	if after := countRows(t, w.AuthDB, "grants"); after != before {
		t.Errorf("%d codes before, %d after refused authorizations", before, after)
	}
}

func TestS19_ClientsHaveOnlyTheirGrants(t *testing.T) {
	eachWorld(t, func(w *world) {
		for _, app := range []*actor.App{w.public(), w.confidential()} {
			answer := w.token(app, url.Values{"grant_type": {"client_credentials"}, "scope": {"read"}})
			if answer.Status != http.StatusBadRequest || answer.Text("error") != "unauthorized_client" && answer.Text("error") != "unsupported_grant_type" {
				w.t.Errorf("client_credentials: %s", answer)
			}
		}
		rs := w.resourceServer()
		if answer := w.exchange(rs, "x", actor.NewPKCE().Verifier); answer.Status != http.StatusBadRequest {
			w.t.Errorf("a resource server at the token endpoint: %s", answer)
		}
	})
}

func TestS21_OneClientAuthentication(t *testing.T) {
	eachWorld(t, func(w *world) {
		app := w.confidential()
		both := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}, "client_id": {app.Client.ID}, "client_secret": {app.Client.Secret}}
		wantError(w.t, w.token(app, both), http.StatusBadRequest, "invalid_request")

		query := url.Values{"client_id": {app.Client.ID}, "client_secret": {app.Client.Secret}}.Encode()
		answer := w.send(http.MethodPost, w.Auth.URL+"/oauth/token?"+query, formHeader(), "grant_type=refresh_token&refresh_token=x")
		if answer.Status != http.StatusBadRequest && answer.Status != http.StatusUnauthorized {
			w.t.Errorf("secret in the query: %s", answer)
		}
		if strings.Contains(w.Logs(), app.Client.Secret) {
			w.t.Error("a secret from the query is in the log")
		}
	})
}

func TestT28_AClientAuthenticatesAsRegistered(t *testing.T) {
	eachWorld(t, func(w *world) {
		basic := w.confidential()
		inBody := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}, "client_id": {basic.Client.ID}, "client_secret": {basic.Client.Secret}}
		wantError(w.t, w.token(&actor.App{Issuer: w.Auth.URL}, inBody), http.StatusUnauthorized, "invalid_client")

		post := w.client(webCallback, "--confidential", "--auth-method", "client_secret_post")
		inBody.Set("client_id", post.Client.ID)
		inBody.Set("client_secret", post.Client.Secret)
		wantError(w.t, w.token(&actor.App{Issuer: w.Auth.URL}, inBody), http.StatusBadRequest, "invalid_grant")
		wantError(w.t, w.refresh(post, "x"), http.StatusUnauthorized, "invalid_client")

		// A confidential client cannot pass as a public one by leaving the secret out.
		inBody.Del("client_secret")
		wantError(w.t, w.token(&actor.App{Issuer: w.Auth.URL}, inBody), http.StatusUnauthorized, "invalid_client")
		// Nor a public one by bringing any.
		public := w.public()
		with := &actor.App{Issuer: w.Auth.URL, Client: actor.Credential{ID: public.Client.ID, Secret: "x"}}
		wantError(w.t, w.refresh(with, "x"), http.StatusUnauthorized, "invalid_client")
	})
}

func TestS22_T18_WrongSecretAndUnknownClientLookAlike(t *testing.T) {
	eachWorld(t, func(w *world) {
		app := w.confidential()
		wrong := &actor.App{Issuer: w.Auth.URL, Client: actor.Credential{ID: app.Client.ID, Secret: flipped(app.Client.Secret)}}
		unknown := &actor.App{Issuer: w.Auth.URL, Client: actor.Credential{ID: "nobody", Secret: app.Client.Secret}}
		for _, path := range []string{"/oauth/token", "/oauth/revoke", "/oauth/introspect"} {
			form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}, "token": {"x"}}
			a, b := w.form(wrong, path, form), w.form(unknown, path, form)
			for _, answer := range []*actor.Answer{a, b} {
				wantError(w.t, answer, http.StatusUnauthorized, "invalid_client")
				if !strings.HasPrefix(answer.Header.Get("WWW-Authenticate"), "Basic") {
					w.t.Errorf("%s: WWW-Authenticate is %q", path, answer.Header.Get("WWW-Authenticate"))
				}
			}
			if string(a.Body) != string(b.Body) {
				w.t.Errorf("%s: a wrong secret answers %s, an unknown client %s", path, a, b)
			}
		}
	})
}

func TestS23_AnswersAreNotCached(t *testing.T) {
	eachWorld(t, func(w *world) {
		app := w.public()
		code, pkce := w.code(w.person(), app, "read")
		good := w.exchange(app, code, pkce.Verifier)
		pair, err := pairOf(good)
		if err != nil {
			w.t.Fatal(err)
		}
		answers := map[string]*actor.Answer{
			"token": good, "token error": w.exchange(app, "x", pkce.Verifier),
			"introspect": w.form(w.resourceServer(), "/oauth/introspect", url.Values{"token": {pair.Access}}),
		}
		for what, answer := range answers {
			if cc := answer.Header.Get("Cache-Control"); !strings.Contains(cc, "no-store") {
				w.t.Errorf("%s: Cache-Control %q", what, cc)
			}
		}
		if good.Text("token_type") != "Bearer" && good.Text("token_type") != "bearer" || !strings.HasPrefix(pair.Access, "oat_") || !strings.HasPrefix(pair.Refresh, "ort_") {
			w.t.Errorf("token answer: %s", good)
		}
	})
}

// HEAD is safe (RFC 9110 section 9.2.1): it asks for no code where GET would.
func TestHEADAsksForNoCode(t *testing.T) {
	eachWorld(t, func(w *world) {
		app, p := w.public(), w.person()
		w.code(p, app, "read")
		var cookies []string
		for _, c := range p.Browser.Cookies() {
			cookies = append(cookies, c.Name+"="+c.Value)
		}
		header := http.Header{"Cookie": {strings.Join(cookies, "; ")}}
		target := app.AuthorizeURL(actor.NewPKCE(), "read", "s", nil)
		if got := w.send(http.MethodHead, target, header, ""); got.Status != http.StatusOK || got.Header.Get("Location") != "" {
			w.t.Errorf("HEAD: %s, Location %q", got, got.Header.Get("Location"))
		}
		if got := w.send(http.MethodGet, target, header, ""); got.Status != http.StatusSeeOther || !strings.Contains(got.Header.Get("Location"), "code=") {
			w.t.Errorf("GET: %s, Location %q", got, got.Header.Get("Location"))
		}
	})
}

// An authorization request may be posted (RFC 6749 section 3.1); what shows whose
// browser a form is from does not become part of an address.
func TestAPostedRequestKeepsTheFormTokenToItself(t *testing.T) {
	eachWorld(t, func(w *world) {
		form := url.Values{"client_id": {w.public().Client.ID}, "csrf_token": {"x"}}
		got := w.send(http.MethodPost, w.Auth.URL+"/oauth/authorize", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, form.Encode())
		if to := got.Header.Get("Location"); got.Status != http.StatusSeeOther || !strings.Contains(to, "client_id=") || strings.Contains(to, "csrf_token") {
			w.t.Errorf("%s, Location %q", got, to)
		}
	})
}

func TestT31_OnlyFormsAndOnlyPOST(t *testing.T) {
	eachWorld(t, func(w *world) {
		for _, path := range []string{"/oauth/token", "/oauth/introspect", "/oauth/revoke"} {
			target := w.Auth.URL + path
			for kind, body := range map[string]string{
				"application/json":                  `{"grant_type":"refresh_token"}`,
				"multipart/form-data; boundary=x":   "--x\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\nx\r\n--x--\r\n",
				"text/plain":                        "token=x",
				"":                                  "token=x",
				"application/x-www-form-urlencoded": strings.Repeat("a", 4<<20),
			} {
				answer := w.send(http.MethodPost, target, http.Header{"Content-Type": {kind}}, body)
				if answer.Status < 400 || answer.Status > 499 {
					w.t.Errorf("%s with %q: %d", path, kind, answer.Status)
				}
			}
			for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete, http.MethodPatch} {
				if answer := w.send(method, target+"?token=x", nil, ""); answer.Status != http.StatusMethodNotAllowed {
					w.t.Errorf("%s %s: %d", method, path, answer.Status)
				}
			}
			for _, body := range []string{"%", "token=%zz", "grant_type=%00", "a;b=c", "token=\xff\xfe", "token=x&token=%ff"} {
				answer := w.send(http.MethodPost, target, formHeader(), body)
				if answer.Status < 400 || answer.Status > 499 {
					w.t.Errorf("%s with body %q: %s", path, body, answer)
				}
			}
		}
		app := w.public()
		for charset, want := range map[string]int{"UTF-8": http.StatusOK, "utf-16": http.StatusBadRequest, "iso-8859-1": http.StatusBadRequest} {
			header := http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=" + charset}}
			if got := w.send(http.MethodPost, w.Auth.URL+"/oauth/revoke", header, "token=x&client_id="+app.Client.ID); got.Status != want {
				w.t.Errorf("in %s: %s", charset, got)
			}
		}
	})
}

func formHeader() http.Header {
	return http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
}

// flipped changes the last character.
func flipped(s string) string {
	last := byte('a')
	if s[len(s)-1] == last {
		last = 'b'
	}
	return s[:len(s)-1] + string(last)
}
