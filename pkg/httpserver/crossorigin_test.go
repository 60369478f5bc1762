package httpserver_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"latchkey/pkg/httpserver"
)

func says(status int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
}

func ask(t *testing.T, h http.Handler, method string, headers ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "/", nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func TestMethodsOfAPath(t *testing.T) {
	page := httpserver.Methods{"GET": says(200), "POST": says(201)}.Handler(says(405))
	api := httpserver.CrossOrigin(httpserver.Methods{"GET": says(200), "DELETE": says(204)}, says(405))
	document := httpserver.CrossOriginDocument(says(200), says(405))
	for _, c := range []struct {
		name    string
		handler http.Handler
		method  string
		status  int
		allow   string
	}{
		{"page", page, "GET", 200, ""},
		{"page", page, "HEAD", 200, ""},
		{"page", page, "POST", 201, ""},
		{"page", page, "OPTIONS", 405, "GET, HEAD, POST"},
		{"page", page, "PUT", 405, "GET, HEAD, POST"},
		{"api", api, "DELETE", 204, ""},
		{"api", api, "OPTIONS", 204, "DELETE, GET, HEAD, OPTIONS"},
		{"api", api, "POST", 405, "DELETE, GET, HEAD, OPTIONS"},
		{"document", document, "HEAD", 200, ""},
		{"document", document, "POST", 405, "GET, HEAD, OPTIONS"},
	} {
		got := ask(t, c.handler, c.method)
		if got.StatusCode != c.status || got.Header.Get("Allow") != c.allow {
			t.Errorf("%s %s: %d, Allow %q", c.method, c.name, got.StatusCode, got.Header.Get("Allow"))
		}
	}
}

func TestScriptsOfOtherOrigins(t *testing.T) {
	const origin = "https://app.example"
	api := httpserver.CrossOrigin(httpserver.Methods{"POST": says(401)}, says(405))
	document := httpserver.CrossOriginDocument(says(200), says(405))
	missing := httpserver.CrossOriginNotFound(says(404))

	for name, c := range map[string]struct {
		handler http.Handler
		methods string
	}{"api": {api, "OPTIONS, POST"}, "document": {document, "GET, HEAD, OPTIONS"}, "missing": {missing, "GET"}} {
		got := ask(t, c.handler, "OPTIONS", "Origin", origin,
			"Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "authorization,mcp-protocol-version")
		allowed := got.Header.Get("Access-Control-Allow-Headers")
		if got.StatusCode != 204 || got.Header.Get("Access-Control-Allow-Origin") != "*" || got.Header.Get("Access-Control-Allow-Methods") != c.methods ||
			!strings.Contains(allowed, "mcp-protocol-version") || !strings.Contains(allowed, "Authorization") {
			t.Errorf("preflight of %s: %d %v", name, got.StatusCode, got.Header)
		}
	}
	for name, c := range map[string]struct {
		handler http.Handler
		method  string
		status  int
	}{"api": {api, "POST", 401}, "another method": {api, "PUT", 405}, "document": {document, "GET", 200}, "missing": {missing, "GET", 404}} {
		got := ask(t, c.handler, c.method, "Origin", origin)
		if got.StatusCode != c.status || got.Header.Get("Access-Control-Allow-Origin") != "*" ||
			!strings.Contains(got.Header.Get("Access-Control-Expose-Headers"), "WWW-Authenticate") || got.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: %d %v", name, got.StatusCode, got.Header)
		}
	}
	if got := ask(t, api, "POST").Header.Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("not asked for: %q", got)
	}
	if got := ask(t, document, "GET").Header.Get("Access-Control-Allow-Origin"); got != "*" {
		t.Errorf("a cached document says %q", got)
	}
}
