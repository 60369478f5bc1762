package e2e

import (
	"net/http"
	"strings"
	"testing"
)

// TestBrowsersMayAskFirst sends what a script in a browser sends before it reads
// a document or asks for a token: a preflight with a header of its own (Fetch
// standard, section 4.8), also where there is nothing.
func TestBrowsersMayAskFirst(t *testing.T) {
	eachWorld(t, func(w *world) {
		const origin = "https://inspector.example"
		for _, c := range []struct {
			method, address string
			status          int // of the request itself
		}{
			{http.MethodGet, w.Auth.URL + "/.well-known/oauth-authorization-server", 200},
			{http.MethodGet, w.Auth.URL + "/.well-known/oauth-authorization-server/api", 404},
			{http.MethodGet, w.Auth.URL + "/.well-known/nothing", 404},
			{http.MethodPost, w.Auth.URL + "/oauth/token", 400},
			{http.MethodPost, w.Auth.URL + "/oauth/revoke", 400},
			{http.MethodPost, w.Auth.URL + "/oauth/nothing", 404},
			{http.MethodGet, w.Auth.URL + "/api/v1/devices", 401},
			{http.MethodGet, w.Auth.URL + "/api/v1/nothing", 404},
			{http.MethodGet, w.API().URL + "/.well-known/oauth-protected-resource", 200},
			{http.MethodGet, w.API().URL + "/.well-known/nothing", 404},
			{http.MethodPost, w.API().URL + "/api/v1/transactions", 401},
			{http.MethodGet, w.API().URL + "/api/v1/nothing", 404},
			{http.MethodGet, w.API().URL + "/openapi.json", 200},
		} {
			asked, err := sendTo(w.t.Context(), http.MethodOptions, c.address, http.Header{
				"Origin": {origin}, "Access-Control-Request-Method": {c.method}, "Access-Control-Request-Headers": {"authorization,mcp-protocol-version"},
			}, "")
			if err != nil {
				w.t.Fatal(err)
			}
			if asked.Status != http.StatusNoContent || asked.Header.Get("Access-Control-Allow-Origin") != "*" ||
				!strings.Contains(asked.Header.Get("Access-Control-Allow-Methods"), c.method) ||
				!strings.Contains(asked.Header.Get("Access-Control-Allow-Headers"), "mcp-protocol-version") {
				w.t.Errorf("preflight of %s %s: %d %v", c.method, c.address, asked.Status, asked.Header)
			}
			answer, err := sendTo(w.t.Context(), c.method, c.address, http.Header{"Origin": {origin}, "Mcp-Protocol-Version": {"2025-06-18"}}, "")
			if err != nil {
				w.t.Fatal(err)
			}
			if answer.Header.Get("Access-Control-Allow-Origin") != "*" || answer.Header.Get("Access-Control-Allow-Credentials") != "" {
				w.t.Errorf("%s %s: %v", c.method, c.address, answer.Header)
			}
			if answer.Status != c.status {
				w.t.Errorf("%s %s: %d, want %d", c.method, c.address, answer.Status, c.status)
			}
		}
		for _, address := range []string{w.Auth.URL + "/signin", w.Auth.URL + "/oauth/authorize", w.Auth.URL + "/oauth/introspect", w.API().URL + "/internal/families/x"} {
			closed, err := sendTo(w.t.Context(), http.MethodOptions, address, http.Header{"Origin": {origin}, "Access-Control-Request-Method": {"POST"}}, "")
			if err != nil {
				w.t.Fatal(err)
			}
			if closed.Header.Get("Access-Control-Allow-Origin") != "" {
				w.t.Errorf("%s is open to other origins: %v", address, closed.Header)
			}
		}
	})
}
