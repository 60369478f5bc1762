package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/secret"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

const accounts = "/api/v1/accounts"

func TestS38_RevocationIsSeenByEveryReplicaWithinASecond(t *testing.T) {
	ownWorld(t, stack.Setup{Replicas: 2}, func(w *world) {
		app := w.public()
		for range 3 {
			pair := w.tokens(app, "read")
			for _, api := range w.APIs { // every cache is warm
				for range 3 {
					wantStatus(w.t, w.send(http.MethodGet, api.URL+accounts, bearer(pair.Access), ""), http.StatusOK)
				}
			}
			wantStatus(w.t, w.form(app, "/oauth/revoke", url.Values{"token": {pair.Refresh}}), http.StatusOK)
			revoked := time.Now()
			var group sync.WaitGroup
			for _, api := range w.APIs {
				group.Go(func() { w.watchRefusal(api, pair.Access, revoked) })
			}
			group.Wait()
		}
	})
}

// watchRefusal polls a replica until it refuses token, wants that to happen
// within the bound, and then wants it never to change its mind.
func (w *world) watchRefusal(api *process.Process, token string, since time.Time) {
	refused := false
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for ; time.Since(since) < 2*revocationBound; <-tick.C {
		asked := time.Now()
		answer, err := sendTo(w.t.Context(), http.MethodGet, api.URL+accounts, bearer(token), "")
		if err != nil {
			w.t.Error(err)
			return
		}
		switch {
		case answer.Status == http.StatusUnauthorized:
			refused = true
		case refused:
			w.t.Errorf("%s accepted the token after it had refused it: %s", api.URL, answer)
			return
		case asked.Sub(since) > revocationBound:
			w.t.Errorf("%s still accepted the token %s after its revocation: %s", api.URL, asked.Sub(since), answer)
			return
		}
	}
}

func TestS38_T11_RotationIsSeenWithinASecond(t *testing.T) {
	eachWorld(t, func(w *world) {
		app := w.public()
		pair := w.tokens(app, "read")
		wantStatus(w.t, w.call(http.MethodGet, accounts, pair.Access, nil), http.StatusOK)
		next := w.refreshed(app, pair.Refresh)
		w.watchRefusal(w.API(), pair.Access, time.Now())
		wantStatus(w.t, w.call(http.MethodGet, accounts, next.Access, nil), http.StatusOK)
	})
}

func TestS39_TokensTravelInTheHeaderOnly(t *testing.T) {
	eachWorld(t, func(w *world) {
		pair := w.tokens(w.public(), "read_write")
		for _, name := range []string{"access_token", "api_key", "token", "bearer_token"} {
			in := url.Values{name: {pair.Access}}.Encode()
			wantStatus(w.t, w.send(http.MethodGet, w.API().URL+accounts+"?"+in, nil, ""), http.StatusUnauthorized)
			wantStatus(w.t, w.send(http.MethodPost, w.API().URL+"/api/v1/transactions", formHeader(), in), http.StatusUnauthorized)
		}
		cookie := http.Header{"Cookie": {"access_token=" + pair.Access}}
		wantStatus(w.t, w.send(http.MethodGet, w.API().URL+accounts, cookie, ""), http.StatusUnauthorized)
		if strings.Contains(w.Logs(), pair.Access) {
			w.t.Error("the token is in a log")
		}
	})
}

func TestS40_ErrorsFollowRFC6750(t *testing.T) {
	eachWorld(t, func(w *world) {
		pair := w.tokens(w.public(), "read")
		metadata := `resource_metadata="` + w.API().URL + `/.well-known/oauth-protected-resource"`

		none := w.send(http.MethodGet, w.API().URL+accounts, nil, "")
		wantError(w.t, none, http.StatusUnauthorized, "unauthorized")
		challenge := none.Header.Get("WWW-Authenticate")
		if !strings.HasPrefix(challenge, "Bearer") || strings.Contains(challenge, "error=") || !strings.Contains(challenge, metadata) {
			w.t.Errorf("no credential: WWW-Authenticate is %q", challenge)
		}
		for what, header := range map[string]http.Header{
			"unknown":     bearer(secret.New(secret.AccessToken).Reveal()),
			"malformed":   bearer("x"),
			"empty":       {"Authorization": {"Bearer "}},
			"basic":       {"Authorization": {"Basic dTpw"}},
			"no scheme":   {"Authorization": {pair.Access}},
			"two tokens":  {"Authorization": {"Bearer " + pair.Access + " " + pair.Access}},
			"two headers": {"Authorization": {"Bearer " + pair.Access, "Bearer " + pair.Access}},
			"both kinds":  {"Authorization": {"Bearer " + pair.Access}, "X-Api-Key": {secret.New(secret.APIKey).Reveal()}},
			"as a key":    {"X-Api-Key": {pair.Access}},
			"unknown key": {"X-Api-Key": {secret.New(secret.APIKey).Reveal()}},
			"refresh":     bearer(pair.Refresh),
		} {
			answer := w.send(http.MethodGet, w.API().URL+accounts, header, "")
			wantError(w.t, answer, http.StatusUnauthorized, "unauthorized")
			challenge := answer.Header.Get("WWW-Authenticate")
			if !strings.HasPrefix(challenge, "Bearer") || !strings.Contains(challenge, metadata) {
				w.t.Errorf("%s: WWW-Authenticate is %q", what, challenge)
			}
		}
		if c := w.send(http.MethodGet, w.API().URL+accounts, bearer("x"), "").Header.Get("WWW-Authenticate"); !strings.Contains(c, `error="invalid_token"`) {
			w.t.Errorf("bad token: WWW-Authenticate is %q", c)
		}
		lower := http.Header{"Authorization": {"bearer " + pair.Access}}
		wantStatus(w.t, w.send(http.MethodGet, w.API().URL+accounts, lower, ""), http.StatusOK)

		write := w.call(http.MethodPost, "/api/v1/transactions", pair.Access, map[string]any{})
		wantError(w.t, write, http.StatusForbidden, "insufficient_scope")
		challenge = write.Header.Get("WWW-Authenticate")
		if !strings.Contains(challenge, `error="insufficient_scope"`) || !strings.Contains(challenge, `scope="read_write"`) {
			w.t.Errorf("scope: WWW-Authenticate is %q", challenge)
		}
	})
}

func TestS41_ReadCannotWrite(t *testing.T) {
	eachWorld(t, func(w *world) {
		p, app := w.person(), w.public()
		reader, writer := w.tokensOf(p, app, "read"), w.tokensOf(p, app, "read_write")
		id := w.newTransaction(writer.Access)
		for _, c := range []struct{ method, path string }{
			{http.MethodPost, "/api/v1/transactions"},
			{http.MethodPatch, "/api/v1/transactions/" + id},
			{http.MethodDelete, "/api/v1/transactions/" + id},
			{http.MethodPost, accounts},
		} {
			answer := w.send(c.method, w.API().URL+c.path, bearer(reader.Access), "not even JSON")
			wantError(w.t, answer, http.StatusForbidden, "insufficient_scope")
		}
		wantStatus(w.t, w.call(http.MethodGet, "/api/v1/transactions/"+id, reader.Access, nil), http.StatusOK)
		wantStatus(w.t, w.call(http.MethodGet, accounts, writer.Access, nil), http.StatusOK)
	})
}

// newTransaction records one on the household's first account and returns its id.
func (w *world) newTransaction(token string) string {
	w.t.Helper()
	body := map[string]any{"transaction": map[string]any{
		"account_id": w.firstAccount(token), "date": "2026-01-31", "amount": "12.50", "name": "Coffee beans",
	}}
	answer := w.call(http.MethodPost, "/api/v1/transactions", token, body)
	if answer.Status != http.StatusCreated {
		w.t.Fatalf("create a transaction: %s", answer)
	}
	return answer.Text("id")
}

func (w *world) firstAccount(token string) string {
	w.t.Helper()
	var list struct {
		Accounts []account `json:"accounts"`
	}
	if err := want(w.call(http.MethodGet, accounts, token, nil), http.StatusOK, &list); err != nil {
		w.t.Fatal(err)
	}
	if len(list.Accounts) == 0 {
		w.t.Fatal("a new household has no account")
	}
	return list.Accounts[0].ID
}

func TestS42_FamiliesNeverMix(t *testing.T) {
	eachWorld(t, func(w *world) {
		app := w.public()
		mine, theirs := w.tokens(app, "read_write"), w.tokens(app, "read_write")
		account, transaction := w.firstAccount(theirs.Access), w.newTransaction(theirs.Access)
		missing := "00000000-0000-4000-8000-000000000000"
		for path, id := range map[string]string{accounts + "/%s": account, "/api/v1/transactions/%s": transaction} {
			for _, method := range []string{http.MethodGet, http.MethodPatch, http.MethodDelete} {
				if path == accounts+"/%s" && method != http.MethodGet {
					continue
				}
				body := map[string]any{"transaction": map[string]any{"name": "Mine now"}}
				foreign := w.call(method, fmt.Sprintf(path, id), mine.Access, body)
				absent := w.call(method, fmt.Sprintf(path, missing), mine.Access, body)
				if foreign.Status != http.StatusNotFound || string(foreign.Body) != string(absent.Body) || absent.Status != http.StatusNotFound {
					w.t.Errorf("%s %s: another family's id answers %s, a missing one %s", method, path, foreign, absent)
				}
			}
		}
		into := map[string]any{"transaction": map[string]any{"account_id": account, "date": "2026-01-31", "amount": "1", "name": "x"}}
		if answer := w.call(http.MethodPost, "/api/v1/transactions", mine.Access, into); answer.Status != http.StatusUnprocessableEntity && answer.Status != http.StatusNotFound {
			w.t.Errorf("a transaction on another family's account: %s", answer)
		}
		filtered := w.call(http.MethodGet, "/api/v1/transactions?account_id="+account, mine.Access, nil)
		wantStatus(w.t, filtered, http.StatusOK)
		if strings.Contains(string(filtered.Body), transaction) {
			w.t.Errorf("a filter reached another family: %s", filtered)
		}
		wantStatus(w.t, w.call(http.MethodGet, "/api/v1/transactions/"+transaction, theirs.Access, nil), http.StatusOK)
	})
}

func TestT29_Metadata(t *testing.T) {
	eachWorld(t, func(w *world) {
		as := w.send(http.MethodGet, w.Auth.URL+"/.well-known/oauth-authorization-server", nil, "")
		wantStatus(w.t, as, http.StatusOK)
		for member, want := range map[string]any{
			"issuer": w.Auth.URL, "authorization_endpoint": w.Auth.URL + "/oauth/authorize", "token_endpoint": w.Auth.URL + "/oauth/token",
			"revocation_endpoint": w.Auth.URL + "/oauth/revoke", "introspection_endpoint": w.Auth.URL + "/oauth/introspect",
			"authorization_response_iss_parameter_supported": true,
		} {
			if got := as.JSON(member); got != want {
				w.t.Errorf("%s is %v, want %v", member, got, want)
			}
		}
		for member, want := range map[string]string{
			"response_types_supported": "[code]", "grant_types_supported": "[authorization_code refresh_token urn:ietf:params:oauth:grant-type:device_code]",
			"code_challenge_methods_supported": "[S256]", "scopes_supported": "[read read_write]",
		} {
			if got := fmt.Sprint(as.JSON(member)); got != want {
				w.t.Errorf("%s is %s, want %s", member, got, want)
			}
		}
		rs := w.send(http.MethodGet, w.API().URL+"/.well-known/oauth-protected-resource", nil, "")
		wantStatus(w.t, rs, http.StatusOK)
		if rs.Text("resource") != w.API().URL || fmt.Sprint(rs.JSON("authorization_servers")) != "["+w.Auth.URL+"]" {
			w.t.Errorf("%s", rs)
		}
	})
}

func TestS34_T16_AudienceIsEnforced(t *testing.T) {
	eachWorld(t, func(w *world) {
		app, p := w.public(), w.person()
		get := func(resource string) *actor.Page {
			page, err := p.Open(w.t.Context(), app.AuthorizeURL(actor.NewPKCE(), "read", "the-state", url.Values{"resource": {resource}}))
			if err != nil {
				w.t.Fatal(err)
			}
			return page
		}
		for _, bad := range []string{"not a URL", "/relative", w.API().URL + "#fragment"} {
			wantErrorRedirect(w.t, w, get(bad), "invalid_target", "resource="+bad)
		}
		issue := func(resource string) Pair {
			pkce := actor.NewPKCE()
			callback, err := p.Decide(w.t.Context(), app.AuthorizeURL(pkce, "read", "s", url.Values{"resource": {resource}}), actor.Allow)
			if err != nil {
				w.t.Fatal(err)
			}
			if callback.Query().Get("error") == "invalid_target" {
				return Pair{} // refused where it was asked for: nothing to misuse
			}
			pair, err := pairOf(w.exchange(app, callback.Query().Get("code"), pkce.Verifier))
			if err != nil {
				w.t.Fatal(err)
			}
			return pair
		}
		wantStatus(w.t, w.call(http.MethodGet, accounts, issue(w.API().URL).Access, nil), http.StatusOK)
		for _, other := range []string{"https://other.example", w.API().URL + ".evil.example"} {
			if pair := issue(other); pair.Access != "" {
				wantError(w.t, w.call(http.MethodGet, accounts, pair.Access, nil), http.StatusUnauthorized, "unauthorized")
			}
		}
	})
}
