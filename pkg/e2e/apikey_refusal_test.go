package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/pkg/secret"
)

func TestK8_KeysTravelInTheirHeaderOnly(t *testing.T) {
	eachWorld(t, func(w *world) {
		k := w.keeper()
		key := k.newKey("k", "read_write", "web", nil).Key
		services := map[string]string{"GET " + w.API().URL + accounts: http.MethodGet, "PATCH " + w.Auth.URL + "/api/v1/auth/enable_ai": http.MethodPatch}
		for target, method := range services {
			url := strings.TrimPrefix(target, method+" ")
			for what, header := range map[string]http.Header{
				"blank inside":       keyHeader(key[:20] + " " + key[20:]),
				"tab inside":         keyHeader(key[:20] + "\t" + key[20:]),
				"twice":              {"X-Api-Key": {key, key}},
				"twice in one":       keyHeader(key + ", " + key),
				"in Authorization":   {"Authorization": {"Bearer " + key}},
				"without a scheme":   {"Authorization": {key}},
				"another scheme":     {"Authorization": {"ApiKey " + key}},
				"beside a token":     {"Authorization": {"Bearer " + k.token}, "X-Api-Key": {key}},
				"one letter off":     keyHeader(key[:20] + other(key[20]) + key[21:]),
				"cut short":          keyHeader(key[:52]),
				"too long":           keyHeader(key + "A"),
				"unknown":            keyHeader(secret.New(secret.APIKey).Reveal()),
				"an access token":    keyHeader(k.token),
				"a cookie":           {"Cookie": {"X-Api-Key=" + key}},
				"nothing":            {},
				"blank":              keyHeader(" "),
				"another kind's":     keyHeader(secret.New(secret.ClientSecret).Reveal()),
				"beyond all lengths": keyHeader(strings.Repeat(key, 50)),
			} {
				answer := w.send(method, url, header, "")
				wantError(w.t, answer, http.StatusUnauthorized, "unauthorized")
				if challenge := answer.Header.Get("WWW-Authenticate"); !strings.HasPrefix(challenge, "Bearer ") {
					w.t.Errorf("%s: challenge %q", what, challenge)
				}
				if strings.Contains(string(answer.Body), key) {
					w.t.Errorf("%s: the answer repeats the key", what)
				}
			}
			for _, name := range []string{"api_key", "key", "x-api-key", "access_token"} {
				wantError(w.t, w.send(method, url+"?"+name+"="+key, nil, ""), http.StatusUnauthorized, "unauthorized")
				wantError(w.t, w.send(method, url+"?"+name+"="+key, keyHeader(key), ""), http.StatusUnauthorized, "unauthorized")
			}
		}
		// Blanks around a header's value are not part of it (RFC 9110 section 5.5).
		wantStatus(w.t, w.send(http.MethodGet, w.API().URL+accounts, keyHeader("  "+key+"\t"), ""), http.StatusOK)
		wantMessage(w.t, w.send(http.MethodGet, w.API().URL+accounts, http.Header{"Authorization": {"Token " + key}}, ""),
			http.StatusUnauthorized, "Send API keys in the X-Api-Key header, not in Authorization")
		for what, message := range map[string]string{key[:9] + " " + key[9:]: "blank", key + "," + key: ""} {
			answer := w.send(http.MethodGet, w.API().URL+accounts, keyHeader(what), "")
			if !strings.Contains(answer.Text("message"), message) {
				w.t.Errorf("the refusal is not clear: %s", answer)
			}
		}
		if strings.Contains(w.Logs(), key) {
			w.t.Error("the key is in a log")
		}
	})
}

func other(c byte) string {
	if c == 'a' {
		return "b"
	}
	return "a"
}

func TestK9_ExpiredAndFarAwayKeysAreRefused(t *testing.T) {
	eachWorld(t, func(w *world) {
		k := w.keeper()
		soon := k.newKey("soon", "read", "web", members{"expires_at": time.Now().Add(3 * time.Second).Format(time.RFC3339Nano)})
		wantStatus(w.t, w.useAPI(http.MethodGet, accounts, soon.Key, nil), http.StatusOK)
		w.wantEnd(soon.Key, *soon.ExpiresAt, time.Second, 8*time.Second)
		wantMessage(w.t, w.useAPI(http.MethodGet, accounts, soon.Key, nil), http.StatusUnauthorized, keyRefused)
		wantStatus(w.t, k.manage(http.MethodPost, apiKeys+"/"+soon.ID+"/rotate", nil), http.StatusNotFound)
		k.newKey("soon", "read", "web", nil) // its source and name are free again

		far := k.newKey("far", "read_write", "mobile", members{"allowed_cidrs": []string{"203.0.113.0/24", "2001:db8::/32"}})
		wantMessage(w.t, w.useAPI(http.MethodGet, accounts, far.Key, nil), http.StatusUnauthorized, keyRefused)
		wantMessage(w.t, w.use(http.MethodPatch, w.Auth.URL+"/api/v1/auth/enable_ai", far.Key, nil), http.StatusUnauthorized, keyRefused)
		near := k.newKey("near", "read", "monitoring", members{"allowed_cidrs": []string{"203.0.113.7", "127.0.0.1", "::ffff:127.0.0.1/128"}})
		wantStatus(w.t, w.useAPI(http.MethodGet, accounts, near.Key, nil), http.StatusOK)
		spoofed := keyHeader(far.Key)
		spoofed.Set("X-Forwarded-For", "203.0.113.9")
		wantStatus(w.t, w.send(http.MethodGet, w.API().URL+accounts, spoofed, ""), http.StatusUnauthorized)
	})
}

func TestK10_AKeyManagesNoKeysAndNobodyElses(t *testing.T) {
	eachWorld(t, func(w *world) {
		k, stranger := w.keeper(), w.keeper()
		made, read := k.newKey("k", "read_write", "web", nil), k.newKey("r", "read", "mobile", nil)
		routes := []struct{ method, path string }{
			{http.MethodGet, apiKeys},
			{http.MethodPost, apiKeys},
			{http.MethodGet, apiKeys + "/" + made.ID},
			{http.MethodPost, apiKeys + "/" + made.ID + "/rotate"},
			{http.MethodDelete, apiKeys + "/" + made.ID},
		}
		for _, r := range routes {
			wantError(w.t, w.use(r.method, w.Auth.URL+r.path, made.Key, nil), http.StatusForbidden, "forbidden")
			wantError(w.t, w.use(r.method, w.Auth.URL+r.path, read.Key, nil), http.StatusForbidden, "forbidden")
			wantError(w.t, w.send(r.method, w.Auth.URL+r.path, nil, ""), http.StatusUnauthorized, "unauthorized")
		}
		for _, r := range routes[2:] {
			wantError(w.t, stranger.manage(r.method, r.path, nil), http.StatusNotFound, "not_found")
			absent := strings.ReplaceAll(r.path, made.ID, "00000000-0000-4000-8000-000000000000")
			if got := stranger.manage(r.method, absent, nil); string(got.Body) != string(stranger.manage(r.method, r.path, nil).Body) {
				w.t.Errorf("another's key and none look different: %s", got)
			}
			for _, id := range []string{"x", "1", "%00", "'", strings.Repeat("a", 300), made.ID + "x", "urn:uuid:" + made.ID} {
				answer := k.manage(r.method, strings.ReplaceAll(r.path, made.ID, id), nil)
				if answer.Status != http.StatusNotFound && answer.Status != http.StatusBadRequest {
					w.t.Errorf("id %q: %s", id, answer)
				}
			}
		}
		for _, scope := range []string{"read", "read_write"} { // an application that the person allowed
			token := w.tokensOf(k.person, w.public(), scope).Access
			for _, r := range routes {
				answer := w.send(r.method, w.Auth.URL+r.path, bearer(token), "")
				wantError(w.t, answer, http.StatusForbidden, "insufficient_scope")
				if challenge := answer.Header.Get("WWW-Authenticate"); !strings.Contains(challenge, `error="insufficient_scope"`) || strings.Contains(challenge, "scope=") {
					w.t.Errorf("no scope would do, and the challenge is %q", challenge)
				}
			}
		}
		for _, r := range []struct{ method, path string }{{http.MethodPut, apiKeys}, {http.MethodPatch, apiKeys + "/" + made.ID}, {http.MethodGet, apiKeys + "/" + made.ID + "/rotate"}} {
			wantStatus(w.t, k.manage(r.method, r.path, nil), http.StatusMethodNotAllowed)
		}
		wantStatus(w.t, w.useAPI(http.MethodGet, accounts, made.Key, nil), http.StatusOK)
		wantStatus(w.t, k.manage(http.MethodGet, apiKeys+"/"+strings.ToUpper(made.ID), nil), http.StatusOK) // letters of an id do not matter
		wantStatus(w.t, k.manage(http.MethodDelete, apiKeys+"/"+strings.ToUpper(made.ID), nil), http.StatusNoContent)
	})
}

func TestK11_MalformedKeysAreNotMade(t *testing.T) {
	eachWorld(t, func(w *world) {
		k := w.keeper()
		good := func(change func(m members)) members {
			m := members{"name": "n", "scopes": []string{"read"}, "source": "web"}
			change(m)
			return members{"api_key": m}
		}
		set := func(name string, value any) members { return good(func(m members) { m[name] = value }) }
		cases := []struct {
			body    any
			status  int
			message string
		}{
			{nil, 400, ""},
			{"x", 400, ""},
			{[]int{}, 400, ""},
			{members{}, 400, ""},
			{members{"api_key": nil}, 400, ""},
			{members{"api_key": "x"}, 400, ""},
			{members{"name": "n"}, 400, ""},
			{set("name", 5), 400, ""},
			{set("scopes", 5), 400, ""},
			{set("scopes", []any{1}), 400, ""},
			{set("tier", "unlimited"), 400, ""},
			{set("user_id", "x"), 400, ""},
			{set("name", "a\x00b"), 400, ""},
			{set("expires_at", 5), 400, ""},
			{set("allowed_cidrs", members{}), 400, ""},
			{set("name", ""), 422, "Name can't be blank"},
			{set("name", "  "), 422, "Name can't be blank"},
			{set("name", nil), 422, "Name can't be blank"},
			{set("name", strings.Repeat("é", 101)), 422, "Name is too long (maximum is 100 characters)"},
			{set("name", "a\u202eb"), 422, "Name is invalid"},
			{set("scopes", []string{}), 422, "Scopes must include at least one permission"},
			{set("scopes", nil), 422, "Scopes must include at least one permission"},
			{set("scopes", []string{"read", "read_write"}), 422, "Scopes can only have one permission level"},
			{set("scopes", []string{"write"}), 422, "Scopes must be either 'read' or 'read_write'"},
			{set("scopes", []string{"read read_write"}), 422, "Scopes must be either 'read' or 'read_write'"},
			{set("scopes", []string{"READ"}), 422, "Scopes must be either 'read' or 'read_write'"},
			{set("source", "desktop"), 422, "Source must be web, mobile or monitoring"},
			{set("source", "Web"), 422, "Source must be web, mobile or monitoring"},
			{set("expires_at", "tomorrow"), 422, ""},
			{set("expires_at", "2020-01-01T00:00:00Z"), 422, "Expiry must be in the future"},
			{set("expires_at", "2030-02-31"), 422, ""},
			{set("expires_at", "2030-01-01T00:00:00"), 422, ""},
			{set("expires_at", "9999-12-31T23:59:59-23:59"), 422, "Expiry is too far away"},
			{set("allowed_cidrs", []string{"10.0.0.0/33"}), 422, ""},
			{set("allowed_cidrs", []string{"localhost"}), 422, ""},
			{set("allowed_cidrs", []string{"fe80::1%eth0"}), 422, ""},
			{set("allowed_cidrs", strings.Split(strings.Repeat("x", 60), "")), 422, ""},
			{set("allowed_cidrs", manyNetworks()), 422, "Allowed networks can be at most 50"},
		}
		for _, c := range cases {
			answer := k.manage(http.MethodPost, apiKeys, c.body)
			code := map[int]string{400: "bad_request", 422: "validation_failed"}[c.status]
			if answer.Status != c.status || answer.Text("error") != code || c.message != "" && answer.Text("message") != c.message {
				w.t.Errorf("%.120v: got %s, want %d %q", c.body, answer, c.status, c.message)
			}
		}
		for what, h := range map[string]string{"no type": "", "text": "text/plain", "multipart": "multipart/form-data; boundary=x", "xml": "application/xml"} {
			header := bearer(k.token)
			if h != "" {
				header.Set("Content-Type", h)
			}
			answer := w.send(http.MethodPost, w.Auth.URL+apiKeys, header, `{"api_key":{"name":"n","scopes":["read"]}}`)
			if answer.Status != http.StatusBadRequest && answer.Status != http.StatusUnsupportedMediaType {
				w.t.Errorf("%s: %s", what, answer)
			}
		}
		header := bearer(k.token)
		header.Set("Content-Type", "application/json")
		for _, text := range []string{"", "{", "{}{}", `{"api_key":{"name":"n"}} x`, "\xff", "[]", `"x"`, "null", strings.Repeat("[", 5000)} {
			wantError(w.t, w.send(http.MethodPost, w.Auth.URL+apiKeys, header, text), http.StatusBadRequest, "bad_request")
		}
		wantStatus(w.t, w.send(http.MethodPost, w.Auth.URL+apiKeys, header, `{"api_key":{"name":"`+strings.Repeat("x", 200_000)+`"}}`), http.StatusRequestEntityTooLarge)
		if got := len(k.list()); got != 0 {
			w.t.Errorf("%d keys were made", got)
		}
		form := bearer(k.token)
		form.Set("Content-Type", "application/x-www-form-urlencoded")
		wantStatus(w.t, w.send(http.MethodPost, w.Auth.URL+apiKeys, form, "api_key[name]=n&api_key[scopes]=read_write"), http.StatusCreated)
		wantMessage(w.t, w.send(http.MethodPost, w.Auth.URL+apiKeys, form, "api_key[name]=o&api_key[source]=mobile&api_key[scopes][]=read&api_key[scopes][]=read_write"),
			http.StatusUnprocessableEntity, "Scopes can only have one permission level")
		listed := k.read(w.send(http.MethodPost, w.Auth.URL+apiKeys, form, "api_key[name]=o&api_key[source]=mobile&api_key[scopes][]=read"), http.StatusCreated)
		if len(listed.Scopes) != 1 || listed.Scopes[0] != "read" {
			w.t.Errorf("scopes by form: %v", listed.Scopes)
		}
	})
}

func manyNetworks() []string {
	var list []string
	for i := range 51 {
		list = append(list, fmt.Sprintf("10.0.%d.0/24", i))
	}
	return list
}

func TestK12_ADeactivatedUsersKeySaysSo(t *testing.T) {
	eachWorld(t, func(w *world) {
		k := w.keeper()
		made := k.newKey("k", "read", "web", nil)
		wantStatus(w.t, w.useAPI(http.MethodGet, accounts, made.Key, nil), http.StatusOK)
		if _, err := w.CLI(w.t.Context(), "user", "deactivate", k.person.Email); err != nil {
			w.t.Fatal(err)
		}
		err := within(w.t.Context(), func() error {
			return want(w.useAPI(http.MethodGet, accounts, made.Key, nil), http.StatusUnauthorized, nil)
		})
		if err != nil {
			w.t.Error(err)
		}
		wantMessage(w.t, w.useAPI(http.MethodGet, accounts, made.Key, nil), http.StatusUnauthorized, "Account has been deactivated")
		wantMessage(w.t, w.use(http.MethodPatch, w.Auth.URL+"/api/v1/auth/enable_ai", made.Key, nil), http.StatusUnauthorized, "Account has been deactivated")
		// Reactivation does not bring the key back.
		if _, err := w.CLI(w.t.Context(), "user", "reactivate", k.person.Email); err != nil {
			w.t.Fatal(err)
		}
		wantStatus(w.t, w.useAPI(http.MethodGet, accounts, made.Key, nil), http.StatusUnauthorized)
	})
}
