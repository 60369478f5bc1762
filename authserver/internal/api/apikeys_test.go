package api_test

import (
	"net/http"
	"strings"
	"testing"

	"latchkey/pkg/scope"
	"latchkey/pkg/testenv"
)

// What a person allowed an application ends when they take it back; a key that
// the application had made would not. So it makes none, and sees none.
func TestA4ThirdPartyCannotManageKeys(t *testing.T) {
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		own := s.member(t, "ada@example.com").text("access_token")
		issue := s.thirdParty(t, "ada@example.com")
		made := s.makeKey(t, own, "Importer", "web")
		if made.Status != http.StatusCreated {
			t.Fatalf("the product's own app: %d %s", made.Status, made.Raw)
		}
		key, id := made.text("key"), made.text("id")
		routes := []struct{ method, path, body string }{
			{http.MethodGet, "/api/v1/api_keys", ""},
			{http.MethodPost, "/api/v1/api_keys", `{"api_key":{"name":"Theirs","scopes":["read"],"source":"mobile"}}`},
			{http.MethodGet, "/api/v1/api_keys/" + id, ""},
			{http.MethodPost, "/api/v1/api_keys/" + id + "/rotate", `{"overlap":"1h"}`},
			{http.MethodDelete, "/api/v1/api_keys/" + id, ""},
			{http.MethodGet, "/api/v1/api_keys/00000000-0000-4000-8000-000000000000", ""},
		}
		const refusal = `{"error":"insufficient_scope","message":"API keys are managed by the product's own apps and pages only"}`
		for _, scopes := range []scope.Set{scope.Read, scope.ReadWrite, scope.All} {
			for _, r := range routes {
				a := s.send(t, r.method, r.path, "application/json", []byte(r.body), "Authorization", "Bearer "+issue(scopes))
				if a.Status != http.StatusForbidden || a.Raw != refusal || a.Header.Get("WWW-Authenticate") != `Bearer realm="Latchkey", error="insufficient_scope"` {
					t.Errorf("%s, %s %s: %d %s %q", scopes, r.method, r.path, a.Status, a.Raw, a.Header.Get("WWW-Authenticate"))
				}
			}
		}
		for _, r := range routes {
			a := s.send(t, r.method, r.path, "application/json", []byte(r.body), "X-Api-Key", key)
			if a.Status != http.StatusForbidden || a.text("error") != "forbidden" || !strings.HasPrefix(a.text("message"), "An API key cannot manage API keys.") {
				t.Errorf("a key, %s %s: %d %s", r.method, r.path, a.Status, a.Raw)
			}
		}
		if keys, _ := s.as(t, own, http.MethodGet, "/api/v1/api_keys").Body["api_keys"].([]any); len(keys) != 1 {
			t.Errorf("keys afterwards: %v", keys)
		}
		if a := s.as(t, own, http.MethodGet, "/api/v1/api_keys/"+id); a.Status != http.StatusOK || a.Body["rotated_at"] != nil {
			t.Errorf("%d %s", a.Status, a.Raw)
		}
		next := s.as(t, own, http.MethodPost, "/api/v1/api_keys/"+id+"/rotate")
		if next.Status != http.StatusCreated {
			t.Errorf("rotate: %d %s", next.Status, next.Raw)
		}
		if a := s.as(t, own, http.MethodDelete, "/api/v1/api_keys/"+next.text("id")); a.Status != http.StatusNoContent {
			t.Errorf("revoke: %d %s", a.Status, a.Raw)
		}
	})
}

// makeKey makes an API key that may write.
func (s *site) makeKey(t *testing.T, token, name, source string) *answer {
	t.Helper()
	body := encode(t, object{"api_key": object{"name": name, "scopes": []string{"read_write"}, "source": source}})
	return s.send(t, http.MethodPost, "/api/v1/api_keys", "application/json", body, "Authorization", "Bearer "+token)
}
