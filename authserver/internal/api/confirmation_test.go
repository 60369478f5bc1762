package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/mux"

	"latchkey/pkg/keyuse"
	"latchkey/pkg/testenv"
)

const needsConfirmation = "a sign-in of the last ten minutes"

// confirmations is every request of the JSON API that changes something, with
// what confirms it or with why nothing has to.
var confirmations = map[string]string{
	"POST /api/v1/api_keys":                needsConfirmation,
	"DELETE /api/v1/api_keys/{id}":         needsConfirmation,
	"POST /api/v1/api_keys/{id}/rotate":    needsConfirmation,
	"POST /api/v1/auth/signup":             "makes an account",
	"POST /api/v1/auth/login":              "is the proof",
	"POST /api/v1/auth/refresh":            "goes on with what there is",
	"DELETE /api/v1/auth/logout":           "takes access away",
	"PATCH /api/v1/auth/enable_ai":         "nobody signs in with it",
	"DELETE /api/v1/users/me":              "the contract has it so; it can be taken back (A7)",
	"DELETE /api/v1/devices/{id}":          "takes access away",
	"POST /api/v1/auth/sso_exchange":       "is the proof",
	"POST /api/v1/auth/sso_link":           "asks for password and second factor itself",
	"POST /api/v1/auth/sso_create_account": "makes an account",
}

func TestA1_EveryJSONRouteIsConfirmedOrSaysWhyNot(t *testing.T) {
	seen := map[string]bool{}
	err := everything(t).Walk(func(route *mux.Route, _ *mux.Router, _ []*mux.Route) error {
		path, err := route.GetPathTemplate()
		if err != nil || !strings.HasPrefix(path, "/api/v1/") || path == keyuse.Path {
			return err
		}
		for _, method := range allowed(t, route.GetHandler()) {
			if method = strings.ToUpper(method); method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions {
				continue
			}
			seen[method+" "+path] = true
			if confirmations[method+" "+path] == "" {
				t.Errorf("%s %s: say in confirmations what confirms it", method, path)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for request := range confirmations {
		if !seen[request] {
			t.Errorf("%s is not served", request)
		}
	}
}

// A stolen token of the product's own app makes no keys once the sign-in is old,
// however often it is refreshed.
func TestA1_KeysNeedARecentSignin(t *testing.T) {
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		ada := s.member(t, "ada@example.com")
		made := s.makeKey(t, ada.text("access_token"), "Fresh", "web")
		if made.Status != http.StatusCreated {
			t.Fatalf("fresh: %d %s", made.Status, made.Raw)
		}
		s.clock.advance(11 * time.Minute)
		refreshed := s.post(t, "/api/v1/auth/refresh", object{"refresh_token": ada.text("refresh_token"), "device": device("d1")})
		token := refreshed.text("access_token")
		for request, want := range confirmations {
			if want != needsConfirmation {
				continue
			}
			method, path, _ := strings.Cut(request, " ")
			body := []byte(`{}`)
			if path == "/api/v1/api_keys" {
				body = encode(t, object{"api_key": object{"name": "Late", "scopes": []string{"read"}, "source": "mobile"}})
			}
			a := s.send(t, method, strings.ReplaceAll(path, "{id}", made.text("id")), "application/json", body, "Authorization", "Bearer "+token)
			if a.Status != http.StatusForbidden || a.text("error") != "confirmation_required" || a.text("message") == "" {
				t.Errorf("%s: %d %s", request, a.Status, a.Raw)
			}
		}
		if a := s.as(t, token, http.MethodGet, "/api/v1/api_keys/"+made.text("id")); a.Status != http.StatusOK || a.Body["rotated_at"] != nil {
			t.Errorf("the key afterwards: %d %s", a.Status, a.Raw)
		}
		again := s.login(t, "ada@example.com", "d1")
		if a := s.as(t, again.text("access_token"), http.MethodDelete, "/api/v1/api_keys/"+made.text("id")); a.Status != http.StatusNoContent {
			t.Errorf("after signing in again: %d %s", a.Status, a.Raw)
		}
		s.clock.advance(11 * time.Minute)
		if a := s.as(t, again.text("access_token"), http.MethodDelete, "/api/v1/users/me"); a.Status != http.StatusOK {
			t.Errorf("deletion: %d %s", a.Status, a.Raw)
		}
	})
}
