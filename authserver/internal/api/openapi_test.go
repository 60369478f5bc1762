package api_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/mux"

	"latchkey/authserver/internal/api"
	"latchkey/authserver/internal/apikey"
	"latchkey/authserver/internal/credential"
	"latchkey/authserver/internal/oauth"
	"latchkey/authserver/internal/sso"
	"latchkey/pkg/apidoc"
	"latchkey/pkg/guard"
	"latchkey/pkg/keyuse"
)

// everything is a router with every endpoint that is described, and none of what
// they need.
func everything(t *testing.T) *mux.Router {
	t.Helper()
	router := mux.NewRouter()
	oauth.New(oauth.Dependencies{}).Mount(router)
	admission, err := guard.New(guard.Options{Introspector: &credential.Introspector{}, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	api.New(api.Dependencies{Keys: &apikey.Service{}, SSO: &sso.Service{}, Guard: admission}).Mount(router)
	if err := api.MountDescription(router, apidoc.Options{Issuer: "http://auth.example", APIURL: "http://api.example"}); err != nil {
		t.Fatal(err)
	}
	return router
}

func TestEveryRouteIsDescribed(t *testing.T) {
	operations := description.Operations(t)
	served := map[string]bool{}
	err := everything(t).Walk(func(route *mux.Route, _ *mux.Router, _ []*mux.Route) error {
		path, err := route.GetPathTemplate()
		if err != nil {
			return err
		}
		served[path] = true
		methods := operations[path]
		if methods == nil && path != keyuse.Path && path != "/openapi.json" && !strings.HasPrefix(path, "/docs") {
			t.Errorf("%s is served and not described", path)
		}
		if strings.HasPrefix(path, "/api/v1/") {
			if got := allowed(t, route.GetHandler()); !slices.Equal(got, slices.Sorted(slices.Values(methods))) {
				t.Errorf("%s serves %v, described are %v", path, got, methods)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for path := range operations {
		if !served[path] {
			t.Errorf("%s is described and not served", path)
		}
	}
}

// allowed are the methods a path says it answers, but for those that come with
// every path.
func allowed(t *testing.T, h http.Handler) []string {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodOptions, "/", nil))
	methods := strings.Split(w.Header().Get("Allow"), ", ")
	return slices.DeleteFunc(methods, func(m string) bool { return m == http.MethodOptions || m == http.MethodHead })
}

func TestTheDescriptionIsServed(t *testing.T) {
	server := httptest.NewServer(everything(t))
	t.Cleanup(server.Close)
	get := func(path, kind string) (string, http.Header) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close() //nolint:errcheck // read to its end
		raw, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK || !strings.HasPrefix(res.Header.Get("Content-Type"), kind) {
			t.Fatalf("%s: %d %v %v", path, res.StatusCode, res.Header, err)
		}
		return string(raw), res.Header
	}
	raw, header := get("/openapi.json", "application/json")
	var document struct {
		OpenAPI string
		Servers []struct{ URL string }
		Paths   map[string]json.RawMessage
	}
	if err := json.Unmarshal([]byte(raw), &document); err != nil || document.OpenAPI != "3.1.0" || len(document.Servers) != 1 ||
		document.Servers[0].URL != "http://auth.example" || document.Paths["/oauth/token"] == nil || header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("%v %v %.200s", err, header, raw)
	}
	page, header := get("/docs", "text/html")
	for _, part := range []string{`href="auth/token"`, `href="auth/createAPIKey"`, "/oauth/token", "http://auth.example/.well-known/", `href="http://api.example/docs"`} {
		if !strings.Contains(page, part) {
			t.Errorf("the page has no %s", part)
		}
	}
	if policy := header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'; style-src 'self'") {
		t.Errorf("the page's policy: %q", policy)
	}
	get("/docs/auth/openapi.json", "application/json")
}
