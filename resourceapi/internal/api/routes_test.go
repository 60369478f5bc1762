package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"latchkey/pkg/introspection"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/described"
)

func TestUnknownPathsAndMethods(t *testing.T) {
	s := start(t, testenv.Embedded)
	c := s.family()
	for _, path := range []string{
		"/", "/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v1/accounts/", "/api/v1//accounts", "/api/v1/../v1/accounts", "/api/v1/accounts/a%2Fb/x",
		"/internal", "/internal/families", "/.env", "/api/v1/auth/login",
	} {
		c.get(path).refuses(404, "not_found", "The requested resource was not found")
	}
	for _, path := range []string{"/api/v1/transactions/%00", "/api/v1/transactions/a%2Fb", "/api/v1/transactions/..%2f..", "/api/v1/transactions/" + strings.Repeat("9", 3000)} {
		c.get(path).refuses(404, "not_found", "Transaction not found")
	}
	for method, path := range map[string]string{
		"POST": "/api/v1/balance_sheet", "PUT": "/api/v1/accounts", "DELETE": "/api/v1/sync", "PATCH": "/api/v1/merchants", "TRACE": "/api/v1/tags",
	} {
		r := c.do(method, path, nil).refuses(405, "method_not_allowed", "")
		if r.header.Get("Allow") == "" {
			t.Errorf("%s %s: no Allow", method, path)
		}
	}
	options := c.do("OPTIONS", "/api/v1/transactions", nil).want(204)
	if got := options.header.Get("Allow"); got != "GET, HEAD, OPTIONS, POST" {
		t.Errorf("Allow: %s", got)
	}
	for _, path := range []string{"/api/v1/accounts", "/api/v1/nothing"} {
		h := c.get(path).header
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("X-Request-Id") == "" || !strings.HasPrefix(h.Get("Content-Type"), "application/json") {
			t.Errorf("%s: headers %v", path, h)
		}
	}
}

// TestOtherOriginsMayCall lets a page of any origin use a credential it was
// given (docs/contract.md, "Cross-origin requests"), and read what programs
// elsewhere read.
func TestOtherOriginsMayCall(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		nobody, c := &caller{s: s, header: http.Header{}}, s.family()
		asked := nobody.do("OPTIONS", "/api/v1/transactions", nil, "Origin", "https://app.example",
			"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,content-type").want(204)
		for name, want := range map[string]string{
			"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS, POST", "Access-Control-Max-Age": "86400",
		} {
			if got := asked.header.Get(name); got != want {
				t.Errorf("%s: %q", name, got)
			}
		}
		for _, name := range []string{"Authorization", "Content-Type", "X-Api-Key", "Idempotency-Key", "If-None-Match"} {
			if got := asked.header.Get("Access-Control-Allow-Headers"); !strings.Contains(got, name) {
				t.Errorf("%s may not be sent: %s", name, got)
			}
		}
		for _, r := range []result{
			c.do("GET", "/api/v1/accounts", nil, "Origin", "null").want(200),
			c.do("GET", "/api/v1/tags/x", nil, "Origin", "https://app.example").want(404),
			nobody.do("GET", "/api/v1/usage", nil, "Origin", "https://app.example").want(401),
			c.do("PUT", "/api/v1/sync", nil, "Origin", "https://app.example").want(405),
		} {
			reads := r.header.Get("Access-Control-Expose-Headers")
			if r.header.Get("Access-Control-Allow-Origin") != "*" || r.header.Get("Access-Control-Allow-Credentials") != "" ||
				!strings.Contains(reads, "X-RateLimit-Remaining") || !strings.Contains(reads, "WWW-Authenticate") {
				t.Errorf("%d: %v", r.status, r.header)
			}
		}
		if h := c.get("/api/v1/accounts").header; h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("not asked for: %v", h)
		}
		if h := c.do("DELETE", "/internal/families/x", nil, "Origin", "https://app.example").header; h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("internal: %v", h)
		}
	})
}

// TestE5_ScopesAreNamedAsTheyAreSpelt: there is no scope 'write' to ask for.
func TestE5_ScopesAreNamedAsTheyAreSpelt(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		reader := s.member(uuid.NewString(), "admin", "read")
		for _, path := range []string{"accounts", "transactions", "transactions/batch", "valuations", "merchants", "sync", "tags", "categories"} {
			r := reader.do("POST", "/api/v1/"+path, strings.Repeat("x", 1<<20))
			r.refuses(403, "insufficient_scope", "This action requires the 'read_write' scope")
			if challenge := r.header.Get("WWW-Authenticate"); !strings.Contains(challenge, `error="insufficient_scope"`) || !strings.Contains(challenge, `scope="read_write"`) {
				t.Errorf("%s: challenge %s", path, challenge)
			}
		}
		for _, path := range []string{"accounts", "transactions", "tags", "categories", "merchants", "valuations", "syncs", "usage", "balance_sheet"} {
			reader.get("/api/v1/" + path).want(200)
		}
		nobody := &caller{s: s, header: http.Header{}}
		for _, path := range []string{"accounts", "tags", "merchants", "usage"} {
			r := nobody.get("/api/v1/"+path).refuses(401, "unauthorized", "Access token or API key is invalid, expired, or missing")
			if got := r.header.Get("WWW-Authenticate"); got != `Bearer scope="read", resource_metadata="`+s.url+`/.well-known/oauth-protected-resource"` {
				t.Errorf("%s: challenge %s", path, got)
			}
		}
		described := nobody.get("/.well-known/oauth-protected-resource").want(200)
		if described.text("resource") != s.url || described.length("authorization_servers") != 1 {
			t.Errorf("metadata: %s", described.raw)
		}
	})
}

func TestUsage(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		key := s.admit(introspection.Answer{
			Active: true, Scope: "read", FamilyID: uuid.NewString(), UserID: uuid.NewString(), Role: "member", Iat: 1_760_000_000,
			CredentialID: uuid.NewString(), CredentialKind: introspection.KindAPIKey, CredentialName: "Laptop", Source: "web", Tier: "standard",
		})
		key.get("/api/v1/accounts").want(200)
		got := key.get("/api/v1/usage").want(200)
		for path, want := range map[string]any{"tier": "standard", "limit": "100", "current_count": "2", "remaining": "98"} {
			if v := got.at("rate_limit", path); v != want {
				t.Errorf("%s: %v, want %v", path, v, want)
			}
		}
		if got.text("api_key", "name") != "Laptop" || got.text("api_key", "created_at") != "2025-10-09T08:53:20.000Z" || got.at("api_key", "last_used_at") == nil {
			t.Errorf("usage: %s", got.raw)
		}
		token := s.family().get("/api/v1/usage").want(200)
		if token.text("authentication_method") != "oauth" || token.text("message") != "Detailed usage tracking is available for API key authentication" {
			t.Errorf("usage of a token: %s", token.raw)
		}
	})
}

func TestEveryRouteHasALineInTheDocument(t *testing.T) {
	s := start(t, testenv.Embedded)
	described.EveryRouteHasALine(t, s.router, "../../../docs/http.md", "resourceapi")
}
