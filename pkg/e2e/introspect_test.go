package e2e

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/pkg/secret"
	"latchkey/pkg/testenv/actor"
)

func TestS31_T01_OnlyAResourceServerIntrospects(t *testing.T) {
	eachWorld(t, func(w *world) {
		app, confidential := w.public(), w.confidential()
		pair := w.tokens(app, "read")
		target := w.Auth.URL + "/oauth/introspect"
		token := url.Values{"token": {pair.Access}}
		attempts := map[string]*actor.Answer{
			"nobody":                    w.send(http.MethodPost, target, formHeader(), token.Encode()),
			"a public client":           w.form(app, "/oauth/introspect", token),
			"a confidential client":     w.form(confidential, "/oauth/introspect", token),
			"the token itself as proof": w.send(http.MethodPost, target, bearer(pair.Access), token.Encode()),
			"the token in a field":      w.send(http.MethodPost, target, formHeader(), url.Values{"token": {pair.Access}, "access_token": {pair.Access}}.Encode()),
		}
		for who, answer := range attempts {
			if answer.Status != http.StatusUnauthorized && answer.Status != http.StatusForbidden {
				w.t.Errorf("%s: %s", who, answer)
			}
			if strings.Contains(string(answer.Body), "active") {
				w.t.Errorf("%s learned something: %s", who, answer)
			}
		}
	})
}

func TestT02_ActiveAnswerHasEveryMember(t *testing.T) {
	eachWorld(t, func(w *world) {
		app := w.public()
		pair := w.tokens(app, "read_write")
		answer := w.form(w.resourceServer(), "/oauth/introspect", url.Values{"token": {pair.Access}, "token_type_hint": {"access_token"}})
		wantStatus(w.t, answer, http.StatusOK)
		for _, member := range []string{"scope", "client_id", "token_type", "sub", "iss", "family_id", "user_id", "credential_id", "credential_kind"} {
			if answer.Text(member) == "" {
				w.t.Errorf("%s is missing: %s", member, answer)
			}
		}
		exp, _ := answer.JSON("exp").(float64)
		year := time.Now().Add(365 * 24 * time.Hour).Unix()
		if int64(exp) < year-3600 || int64(exp) > year+3600*25 {
			w.t.Errorf("exp is %d, a year from now is %d", int64(exp), year)
		}
		if answer.Text("scope") != "read_write" || answer.Text("client_id") != app.Client.ID || answer.Text("iss") != w.Auth.URL ||
			answer.Text("sub") != answer.Text("user_id") || answer.Text("credential_kind") != "access_token" || answer.JSON("active") != true {
			w.t.Errorf("%s", answer)
		}
	})
}

func TestS32_S33_T02_InactiveSaysNothingElse(t *testing.T) {
	eachWorld(t, func(w *world) {
		app := w.public()
		revoked, rotated, alive := w.tokens(app, "read"), w.tokens(app, "read"), w.tokens(app, "read")
		wantStatus(w.t, w.form(app, "/oauth/revoke", url.Values{"token": {revoked.Access}}), http.StatusOK)
		w.refreshed(app, rotated.Refresh)
		code, _ := w.code(w.person(), app, "read")

		var bodies []string
		for what, token := range map[string]string{
			"revoked": revoked.Access, "rotated": rotated.Access, "refresh token": alive.Refresh, "revoked refresh token": revoked.Refresh,
			"code": code, "unknown": secret.New(secret.AccessToken).Reveal(), "unknown key": secret.New(secret.APIKey).Reveal(),
			"malformed": flipped(alive.Access), "short": "x", "long": strings.Repeat("x", 3000),
			"client secret": w.ResourceServer.Secret, "upper case": strings.ToUpper(alive.Access), "padded": " " + alive.Access + " ",
		} {
			for _, hint := range []string{"", "refresh_token", "access_token", "x"} {
				answer := w.form(w.resourceServer(), "/oauth/introspect", url.Values{"token": {token}, "token_type_hint": {hint}})
				if answer.Status != http.StatusOK {
					w.t.Errorf("%s: %s", what, answer)
				}
				bodies = append(bodies, string(answer.Body))
			}
		}
		slices.Sort(bodies)
		if distinct := slices.Compact(bodies); len(distinct) != 1 || strings.TrimSpace(distinct[0]) != `{"active":false}` {
			w.t.Errorf("inactive answers differ: %q", distinct)
		}
		for _, none := range []url.Values{{}, {"token": {""}}, {"token": {"\x00\x01"}}} {
			wantError(w.t, w.form(w.resourceServer(), "/oauth/introspect", none), http.StatusBadRequest, "invalid_request")
		}
		wantStatus(w.t, w.call(http.MethodGet, "/api/v1/accounts", alive.Refresh, nil), http.StatusUnauthorized)
	})
}

func bearer(token string) http.Header {
	h := formHeader()
	h.Set("Authorization", "Bearer "+token)
	return h
}
