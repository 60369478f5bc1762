package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/pkg/secret"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

// lineOf returns the log line of the request that p answered with answer.
func (w *world) lineOf(p *process.Process, answer *actor.Answer) map[string]any {
	w.t.Helper()
	return w.logged(p, map[string]any{"request_id": answer.Header.Get("X-Request-Id"), "msg": "request"})
}

// logged waits for a log line of p that has these members, and returns the newest.
func (w *world) logged(p *process.Process, members map[string]any) (found map[string]any) {
	w.t.Helper()
	testenv.Eventually(w.t, 30*time.Second, fmt.Sprint(p.Name, " logs a line with ", members), func() bool {
		for text := range strings.Lines(p.Log()) {
			var line map[string]any
			if json.Unmarshal([]byte(text), &line) == nil && has(line, members) {
				found = line
			}
		}
		return found != nil
	})
	return found
}

func has(line, members map[string]any) bool {
	for name, want := range members {
		if line[name] != want {
			return false
		}
	}
	return true
}

// refusal is a request and what the log must say of it.
type refusal struct {
	answer *actor.Answer
	want   map[string]string
}

func (w *world) wantRefusals(p *process.Process, cases map[string]refusal) {
	w.t.Helper()
	for name, c := range cases {
		line := w.lineOf(p, c.answer)
		for member, want := range c.want {
			if got, _ := line[member].(string); got != want {
				w.t.Errorf("%s: %s is %q, want %q in %v", name, member, got, want, line)
			}
		}
	}
}

func (w *world) wantNoSecret(texts ...string) {
	w.t.Helper()
	for _, text := range texts {
		if strings.Contains(w.Logs(), text) {
			w.t.Errorf("a log has %s…", text[:8])
		}
	}
}

// TestD11_RefusedTokenRequestsSayWhyInTheLog, with the client that asked.
func TestD11_RefusedTokenRequestsSayWhyInTheLog(t *testing.T) {
	eachWorld(t, func(w *world) {
		app, shut := w.public(), w.confidential()
		p := w.person()
		code, pkce := w.code(p, app, "read")
		redeem := func(change url.Values) *actor.Answer {
			form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {app.RedirectURI}, "code_verifier": {pkce.Verifier}}
			for name, values := range change {
				form[name] = values
			}
			return w.token(app, form)
		}
		as := func(id, password string) *actor.App {
			return &actor.App{Issuer: app.Issuer, Client: actor.Credential{ID: id, Secret: password}}
		}
		wrong := secret.New(secret.ClientSecret).Reveal()
		bad := "oat_" + wrong[4:40]
		cases := map[string]refusal{
			"no grant type":   {w.token(app, url.Values{}), map[string]string{"oauth_error": "invalid_request", "reason": "The parameter grant_type is missing."}},
			"no verifier":     {redeem(url.Values{"code_verifier": {}}), map[string]string{"oauth_error": "invalid_request", "reason": "The parameter code_verifier is missing.", "client_id": app.Client.ID}},
			"wrong verifier":  {redeem(url.Values{"code_verifier": {actor.NewPKCE().Verifier}}), map[string]string{"oauth_error": "invalid_grant", "reason": "verifier", "client_id": app.Client.ID}},
			"wrong redirect":  {redeem(url.Values{"redirect_uri": {"https://u:pw@elsewhere.example/cb?code=" + code}}), map[string]string{"reason": "redirect_uri", "redirect_uri": "…@elsewhere.example/cb"}},
			"unknown code":    {redeem(url.Values{"code": {secret.New(secret.Code).Reveal()}}), map[string]string{"oauth_error": "invalid_grant", "reason": "unknown"}},
			"malformed code":  {redeem(url.Values{"code": {"x"}}), map[string]string{"reason": "malformed"}},
			"unknown client":  {w.refresh(as("nobody", ""), "x"), map[string]string{"oauth_error": "invalid_client", "reason": "unknown client", "client_id": "unknown, 6 bytes"}},
			"wrong secret":    {w.refresh(as(shut.Client.ID, wrong), "x"), map[string]string{"oauth_error": "invalid_client", "reason": "wrong client secret", "client_id": shut.Client.ID}},
			"without secret":  {w.refresh(as(shut.Client.ID, ""), "x"), map[string]string{"reason": "not the registered method of client authentication", "client_id": shut.Client.ID}},
			"secret as id":    {w.refresh(as(bad, ""), "x"), map[string]string{"reason": "unknown client", "client_id": fmt.Sprintf("unknown, %d bytes", len(bad))}},
			"strange client":  {w.refresh(as("a\u202eb"+strings.Repeat("c", 300), ""), "x"), map[string]string{"client_id": "unknown, 305 bytes"}},
			"no client":       {w.send(http.MethodPost, app.Issuer+"/oauth/token", formHeader(), "grant_type=refresh_token"), map[string]string{"reason": "no client authentication"}},
			"secret as name":  {w.send(http.MethodPost, app.Issuer+"/oauth/token", formHeader(), wrong+"=1&"+wrong+"=2"), map[string]string{"reason": `The parameter "ocs_…" was sent more than once.`}},
			"foreign caller":  {w.form(shut, "/oauth/introspect", url.Values{"token": {code}}), map[string]string{"oauth_error": "access_denied", "client_id": shut.Client.ID, "reason": "Only a resource server may introspect."}},
			"wider scope":     {w.token(app, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {w.tokens(app, "read").Refresh}, "scope": {"read_write"}}), map[string]string{"oauth_error": "invalid_scope", "reason": "A refresh may narrow the scope, never widen it."}},
			"strange pushed":  {w.form(app, "/oauth/par", url.Values{"redirect_uri": {"https://elsewhere.example/cb"}}), map[string]string{"client_id": app.Client.ID, "redirect_uri": "https://elsewhere.example/cb", "reason": "The redirect_uri is missing, or is not registered."}},
			"no device grant": {w.form(app, "/oauth/device_authorization", url.Values{}), map[string]string{"client_id": app.Client.ID, "oauth_error": "unauthorized_client"}},
		}
		pair, err := pairOf(redeem(nil))
		if err != nil {
			w.t.Fatal(err)
		}
		wantStatus(w.t, w.form(w.resourceServer(), "/oauth/introspect", url.Values{"token": {pair.Access}}), http.StatusOK) // closes the seal
		next := w.refreshed(app, pair.Refresh)
		cases["replaced"] = refusal{w.form(w.resourceServer(), "/oauth/introspect", url.Values{"token": {pair.Access}}), map[string]string{
			"inactive": "replaced", "credential": "oat_…" + pair.Access[len(pair.Access)-4:], "client_id": w.ResourceServer.ID,
		}}
		wantStatus(w.t, w.form(w.resourceServer(), "/oauth/introspect", url.Values{"token": {next.Access}}), http.StatusOK)
		cases["code used"] = refusal{redeem(nil), map[string]string{"oauth_error": "invalid_grant", "reason": "replayed"}}
		cases["ended"] = refusal{w.refresh(app, next.Refresh), map[string]string{"oauth_error": "invalid_grant", "reason": "ended"}}
		other := w.tokens(app, "read")
		fresh := w.refreshed(app, other.Refresh)
		wantStatus(w.t, w.form(w.resourceServer(), "/oauth/introspect", url.Values{"token": {fresh.Access}}), http.StatusOK)
		cases["refresh replayed"] = refusal{w.refresh(app, other.Refresh), map[string]string{"oauth_error": "invalid_grant", "reason": "reused", "client_id": app.Client.ID}}
		w.wantRefusals(w.Auth, cases)
		w.wantNoSecret(code, pkce.Verifier, wrong[4:20], pair.Access, pair.Refresh, next.Refresh, shut.Client.Secret, "pw@")
	})
}

// TestD11_RefusedAuthorizationsSayWhyInTheLog: those that become a page, and those
// that go back to the client.
func TestD11_RefusedAuthorizationsSayWhyInTheLog(t *testing.T) {
	eachWorld(t, func(w *world) {
		app, reader := w.public(), w.client(webCallback, "--public", "--scope", "read")
		ask := func(app *actor.App, change url.Values) *actor.Answer {
			return w.send(http.MethodGet, app.AuthorizeURL(actor.NewPKCE(), "read", "s", change), nil, "")
		}
		w.wantRefusals(w.Auth, map[string]refusal{
			"redirect": {ask(app, url.Values{"redirect_uri": {"https://elsewhere.example/cb?x=1"}}), map[string]string{
				"client_id": app.Client.ID, "redirect_uri": "https://elsewhere.example/cb", "reason": "The redirect_uri is not registered.", "event": "client.refused",
			}},
			"no redirect": {ask(app, url.Values{"redirect_uri": {""}}), map[string]string{"client_id": app.Client.ID, "reason": "The link that brought you here must name redirect_uri exactly once."}},
			"client":      {ask(app, url.Values{"client_id": {"nobody"}}), map[string]string{"client_id": "unknown, 6 bytes", "reason": "The application that sent you here is not known to this server."}},
			"challenge":   {ask(app, url.Values{"code_challenge": {""}}), map[string]string{"client_id": app.Client.ID, "oauth_error": "invalid_request", "reason": "PKCE is required: the parameter code_challenge is missing."}},
			"scope":       {ask(app, url.Values{"scope": {"everything"}}), map[string]string{"client_id": app.Client.ID, "oauth_error": "invalid_scope"}},
			"wider scope": {ask(reader, url.Values{"scope": {"read_write"}}), map[string]string{"client_id": reader.Client.ID, "oauth_error": "invalid_scope"}},
			"nobody here": {ask(app, url.Values{"prompt": {"none"}}), map[string]string{"client_id": app.Client.ID, "oauth_error": "login_required", "reason": "Nobody is signed in."}},
		})
	})
}

// TestD11_RefusedCallsSayWhyInTheLog: the rule, kind and last four characters of the
// credential, and where the answer about it came from.
func TestD11_RefusedCallsSayWhyInTheLog(t *testing.T) {
	eachWorld(t, func(w *world) {
		pair := w.tokens(w.public(), "read")
		unknown, key := secret.New(secret.AccessToken), secret.New(secret.APIKey)
		get := func(header http.Header) *actor.Answer {
			return w.send(http.MethodGet, w.API().URL+accounts, header, "")
		}
		four := pair.Access[len(pair.Access)-4:]
		w.wantRefusals(w.API(), map[string]refusal{
			"none":      {get(nil), map[string]string{"refused_by": "no credential"}},
			"malformed": {get(bearer("oat_x")), map[string]string{"refused_by": "malformed credential"}},
			"in URL":    {w.send(http.MethodGet, w.API().URL+accounts+"?access_token="+pair.Access, nil, ""), map[string]string{"refused_by": "a credential in the URL"}},
			"misplaced": {get(bearer(key.Reveal())), map[string]string{"refused_by": "a credential in the wrong header"}},
			"two":       {get(http.Header{"Authorization": {"Bearer " + pair.Access}, "X-Api-Key": {key.Reveal()}}), map[string]string{"refused_by": "several credentials"}},
			"asked":     {get(bearer(unknown.Reveal())), map[string]string{"refused_by": "inactive", "credential": "oat_…" + unknown.LastFour(), "answer_from": "authserver"}},
			"key":       {get(http.Header{"X-Api-Key": {key.Reveal()}}), map[string]string{"refused_by": "inactive", "credential": "key_…" + key.LastFour(), "answer_from": "authserver"}},
			"scope":     {w.call(http.MethodPost, "/api/v1/categories", pair.Access, map[string]any{}), map[string]string{"refused_by": "the scope does not reach", "credential": "oat_…" + four, "answer_from": "authserver"}},
			"erasure": {w.send(http.MethodDelete, w.API().URL+"/internal/families/2f1e8b7a-0000-4000-8000-000000000001", bearer(unknown.Reveal()), ""), map[string]string{
				"refused_by": "not the shared secret",
			}},
		})
		wantStatus(w.t, get(bearer(unknown.Reveal())), http.StatusUnauthorized)
		w.wantRefusals(w.API(), map[string]refusal{
			"remembered": {get(bearer(unknown.Reveal())), map[string]string{"refused_by": "inactive", "answer_from": "process"}},
		})
		w.wantNoSecret(pair.Access, unknown.Reveal(), key.Reveal())
	})
}
