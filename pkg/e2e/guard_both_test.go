package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"latchkey/pkg/secret"
	"latchkey/pkg/testenv/actor"
)

// both sends one request that needs read_write to each service.
func (w *world) both(header http.Header, query string) map[string]*actor.Answer {
	w.t.Helper()
	return map[string]*actor.Answer{
		"resourceapi": w.send(http.MethodPost, w.API().URL+"/api/v1/transactions"+query, header, ""),
		"authserver":  w.send(http.MethodPatch, w.Auth.URL+"/api/v1/auth/enable_ai"+query, header, ""),
	}
}

// surroundings are what a service's challenges say of itself.
func (w *world) surroundings(service, params string) string {
	params = strings.TrimPrefix(params+`, scope="read_write"`, ", ")
	if service == "authserver" {
		return `Bearer realm="Latchkey", ` + params
	}
	return "Bearer " + params + `, resource_metadata="` + w.API().URL + `/.well-known/oauth-protected-resource"`
}

// TestBothServicesRefuseAlike sends the same faults to both services and wants
// the same bytes.
func TestBothServicesRefuseAlike(t *testing.T) {
	const (
		noToken = "Access token is invalid or expired"
		noKey   = "Access token or API key is invalid, expired, or missing"
	)
	eachWorld(t, func(w *world) {
		k, gone := w.keeper(), w.keeper()
		pair := w.tokensOf(k.person, w.public(), "read")
		reader := k.newKey("reader", "read", "web", nil).Key
		far := k.newKey("far", "read_write", "mobile", members{"allowed_cidrs": []string{"203.0.113.0/24"}}).Key
		goneKey := gone.newKey("k", "read_write", "web", nil).Key
		if _, err := w.CLI(w.t.Context(), "user", "deactivate", gone.person.Email); err != nil {
			w.t.Fatal(err)
		}
		ended := w.tokensOf(k.person, w.public(), "read_write")
		app := w.public()
		revoked := w.tokensOf(k.person, app, "read_write")
		wantStatus(w.t, w.form(app, "/oauth/revoke", url.Values{"token": {revoked.Access}}), http.StatusOK)

		token := func(text string) http.Header { return bearer(text) }
		raw := func(value string) http.Header { return http.Header{"Authorization": {value}} }
		for what, c := range map[string]struct {
			header  http.Header
			query   string
			message string // of a 401 with error="invalid_token"
		}{
			"malformed":          {token("x"), "", noToken},
			"unknown":            {token(secret.New(secret.AccessToken).Reveal()), "", noToken},
			"unknown key":        {keyHeader(secret.New(secret.APIKey).Reveal()), "", noKey},
			"malformed key":      {keyHeader("key_x"), "", noKey},
			"a refresh token":    {token(ended.Refresh), "", noToken},
			"revoked":            {token(revoked.Access), "", noToken},
			"two of a kind":      {http.Header{"Authorization": {"Bearer " + pair.Access, "Bearer " + pair.Access}}, "", "Send one Authorization header, not several"},
			"two keys":           {http.Header{"X-Api-Key": {reader, reader}}, "", "Send one X-Api-Key header, not several"},
			"one of each":        {http.Header{"Authorization": {"Bearer " + pair.Access}, "X-Api-Key": {reader}}, "", "Send either an Authorization header or an X-Api-Key header, not both"},
			"Basic":              {raw("Basic dTpw"), "", "The Authorization header must use the Bearer scheme"},
			"no scheme":          {raw(pair.Access), "", "Write the word Bearer and a blank before the access token"},
			"no token":           {raw("Bearer"), "", "The Authorization header has no access token after the word Bearer"},
			"two tokens":         {token(pair.Access + " " + pair.Access), "", "The Authorization header must hold exactly one access token, with no blanks in it"},
			"a key as a token":   {token(reader), "", "Send API keys in the X-Api-Key header, not in Authorization"},
			"a token as a key":   {keyHeader(pair.Access), "", "Send access tokens in the Authorization header: Authorization: Bearer <token>"},
			"a blank in the key": {keyHeader(reader[:20] + " " + reader[20:]), "", "The API key has a blank or a line break in it: copy it again, whole and in one piece"},
			"in the URL":         {token(pair.Access), "?access_token=x", "Send the credential in the Authorization or X-Api-Key header, never in the URL; replace the one that was sent there"},
			"from elsewhere":     {keyHeader(far), "", noKey},
			"deactivated":        {token(gone.token), "", "Account has been deactivated"},
			"deactivated, key":   {keyHeader(goneKey), "", "Account has been deactivated"},
		} {
			for service, answer := range w.both(c.header, c.query) {
				want := w.surroundings(service, `error="invalid_token", error_description="`+c.message+`"`)
				if answer.Status != http.StatusUnauthorized || strings.TrimSpace(string(answer.Body)) != `{"error":"unauthorized","message":`+quoted(c.message)+`}` ||
					answer.Header.Get("WWW-Authenticate") != want || answer.Header.Get("Cache-Control") != "no-store" {
					w.t.Errorf("%s, %s: %s %v", what, service, answer, answer.Header)
				}
			}
		}
		for what, header := range map[string]http.Header{"nothing": nil, "blank": raw(" "), "blank key": keyHeader("")} {
			for service, answer := range w.both(header, "") {
				if answer.Status != http.StatusUnauthorized || strings.TrimSpace(string(answer.Body)) != `{"error":"unauthorized","message":"`+noKey+`"}` ||
					answer.Header.Get("WWW-Authenticate") != w.surroundings(service, "") {
					w.t.Errorf("%s, %s: %s %v", what, service, answer, answer.Header)
				}
			}
		}
		for what, header := range map[string]http.Header{"read": token(pair.Access), "read, key": keyHeader(reader)} {
			for service, answer := range w.both(header, "") {
				if answer.Status != http.StatusForbidden ||
					strings.TrimSpace(string(answer.Body)) != `{"error":"insufficient_scope","message":"This action requires the 'read_write' scope"}` ||
					answer.Header.Get("WWW-Authenticate") != w.surroundings(service, `error="insufficient_scope"`) ||
					answer.Header.Get("X-RateLimit-Limit") == "" {
					w.t.Errorf("%s, %s: %s %v", what, service, answer, answer.Header)
				}
			}
		}
	})
}

// quoted is message as JSON has it here: < and > are escaped.
func quoted(message string) string {
	return `"` + strings.NewReplacer("<", `\u003c`, ">", `\u003e`).Replace(message) + `"`
}

// TestAnAllowListThatCannotBeReadAllowsNothing: whatever put it there, half of a
// list is not a list.
func TestAnAllowListThatCannotBeReadAllowsNothing(t *testing.T) {
	eachWorld(t, func(w *world) {
		k := w.keeper()
		db := openDB(w.t, w.AuthDB)
		for source, list := range map[string]string{"web": "everywhere\n127.0.0.0/8", "mobile": "127.0.0.0/8\n?", "monitoring": " "} {
			made := k.newKey(source, "read_write", source, members{"allowed_cidrs": []string{"127.0.0.0/8"}})
			if _, err := db.Exec(w.t.Context(), "UPDATE api_keys SET allowed_cidrs = $1 WHERE id = $2", list, made.ID); err != nil {
				w.t.Fatal(err)
			}
			for service, answer := range w.both(keyHeader(made.Key), "") {
				if answer.Status != http.StatusUnauthorized || answer.Text("message") != keyRefused {
					w.t.Errorf("%q, %s: %s", list, service, answer)
				}
			}
		}
	})
}

// TestBothServicesLimitAlike counts a key at each service up to its limit.
func TestBothServicesLimitAlike(t *testing.T) {
	eachWorld(t, func(w *world) {
		for _, service := range []string{"resourceapi", "authserver"} {
			key := w.keeper().newKey("k", "read", "web", nil).Key
			url, method := w.API().URL+accounts, http.MethodGet
			if service == "authserver" {
				url, method = w.Auth.URL+"/api/v1/auth/enable_ai", http.MethodPatch
			}
			for n := range 100 {
				if answer := w.send(method, url, keyHeader(key), ""); answer.Status == http.StatusTooManyRequests || answer.Status == http.StatusUnauthorized {
					w.t.Fatalf("%s, request %d: %s", service, n+1, answer)
				}
			}
			wantLimitExceeded(w.t, w.send(method, url, keyHeader(key), ""))
		}
	})
}
