package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/process"
)

// collector is where services send their spans.
type collector struct {
	mu    sync.Mutex
	raw   strings.Builder
	spans []receivedSpan
}

type receivedSpan struct {
	Service      string `json:"-"`
	TraceID      string `json:"traceId"`
	SpanID       string `json:"spanId"`
	ParentSpanID string `json:"parentSpanId"`
	Name         string `json:"name"`
	Kind         int    `json:"kind"`
}

// ServeHTTP implements http.Handler.
func (c *collector) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var message struct {
		ResourceSpans []struct {
			Resource struct {
				Attributes []struct {
					Key   string
					Value struct{ StringValue string }
				}
			}
			ScopeSpans []struct{ Spans []receivedSpan }
		}
	}
	if err != nil || json.Unmarshal(body, &message) != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.raw.Write(body)
	for _, of := range message.ResourceSpans {
		for _, s := range of.ScopeSpans[0].Spans {
			s.Service = of.Resource.Attributes[0].Value.StringValue
			c.spans = append(c.spans, s)
		}
	}
}

// find returns the first span of a service whose name begins so, of a trace if one is
// given.
func (c *collector) find(service, name, trace string) (receivedSpan, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.spans {
		if s.Service == service && strings.HasPrefix(s.Name, name) && (trace == "" || s.TraceID == trace) {
			return s, true
		}
	}
	return receivedSpan{}, false
}

// TestSpansOfBothServicesMakeOneTrace: from the request at the resource API through
// the question it asks to what authserver asks its database; and no secret is in it.
func TestSpansOfBothServicesMakeOneTrace(t *testing.T) {
	t.Parallel()
	c := &collector{}
	server := httptest.NewServer(c)
	defer server.Close()
	env := process.Env{"OTEL_EXPORTER_OTLP_ENDPOINT": server.URL}
	w := startWorld(t, testenv.Production, stack.Setup{AuthEnv: env, APIEnv: env.With(process.Env{"OTEL_SERVICE_NAME": "the-api"})})
	p, app := w.person(), w.public()
	first := w.tokensOf(p, app, "read_write")
	pair := w.refreshed(app, first.Refresh)
	wantStatus(t, w.call(http.MethodGet, accounts, pair.Access, nil), http.StatusOK)
	wantStatus(t, w.call(http.MethodGet, accounts, first.Access, nil), http.StatusUnauthorized)
	wantStatus(t, w.form(app, "/oauth/revoke", url.Values{"token": {pair.Access}}), http.StatusOK)

	var asked receivedSpan
	testenv.Eventually(t, 30*time.Second, "spans arrive", func() bool {
		var ok bool
		if asked, ok = c.find("the-api", "introspect", ""); !ok {
			return false
		}
		_, ok = c.find("authserver", "POST /oauth/introspect", asked.TraceID)
		return ok
	})
	outer, ok := c.find("the-api", "GET /api/v1/accounts", asked.TraceID)
	if !ok || asked.ParentSpanID != outer.SpanID || outer.Kind != 2 || asked.Kind != 3 || outer.ParentSpanID != "" {
		t.Errorf("%+v asks %+v", outer, asked)
	}
	inner, _ := c.find("authserver", "POST /oauth/introspect", asked.TraceID)
	if inner.ParentSpanID != asked.SpanID || inner.Kind != 2 {
		t.Errorf("%+v is not the answer to %+v", inner, asked)
	}
	for _, want := range []struct{ service, name string }{
		{"authserver", "SELECT grants"},
		{"authserver", "UPDATE grants"},
		{"authserver", "POST /oauth/token"},
		{"the-api", "SELECT accounts"},
		{"the-api", "PTTL GET"},
	} {
		testenv.Eventually(t, 30*time.Second, want.service+" sends "+want.name, func() bool {
			_, ok := c.find(want.service, want.name, "")
			return ok
		})
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, secret := range []string{first.Access, first.Refresh, pair.Access, pair.Refresh, p.Email, p.Password, w.ResourceServer.Secret, "oat_", "ort_", "$argon2"} {
		if strings.Contains(c.raw.String(), secret) {
			t.Errorf("the spans hold %q", secret)
		}
	}
}

// TestSpansOfSQLite are as those of PostgreSQL: of the writer's turn too, for which
// requests wait; and no parameter is in them.
func TestSpansOfSQLite(t *testing.T) {
	t.Parallel()
	c := &collector{}
	server := httptest.NewServer(c)
	defer server.Close()
	env := process.Env{"OTEL_EXPORTER_OTLP_ENDPOINT": server.URL}
	w := startWorld(t, testenv.Embedded, stack.Setup{AuthEnv: env, APIEnv: env})
	p, app := w.person(), w.public()
	first := w.tokensOf(p, app, "read_write")
	pair := w.refreshed(app, first.Refresh)
	wantStatus(t, w.call(http.MethodGet, accounts, pair.Access, nil), http.StatusOK)
	for _, want := range []struct{ service, name string }{
		{"authserver", "SELECT grants"},
		{"authserver", "UPDATE grants"},
		{"authserver", "BEGIN"},
		{"authserver", "COMMIT"},
		{"resourceapi", "SELECT accounts"},
	} {
		testenv.Eventually(t, 30*time.Second, want.service+" sends "+want.name, func() bool {
			_, ok := c.find(want.service, want.name, "")
			return ok
		})
	}
	update, _ := c.find("authserver", "UPDATE grants", "")
	if outer, ok := c.find("authserver", "POST /oauth/token", update.TraceID); !ok || update.ParentSpanID != outer.SpanID || update.Kind != 3 {
		t.Errorf("%+v is not of %+v", update, outer)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !strings.Contains(c.raw.String(), `"sqlite"`) || strings.Contains(c.raw.String(), "postgresql") {
		t.Error("the spans name another engine")
	}
	for _, secret := range []string{first.Access, first.Refresh, pair.Access, pair.Refresh, p.Email, p.Password, "oat_", "ort_", "$argon2"} {
		if strings.Contains(c.raw.String(), secret) {
			t.Errorf("the spans hold %q", secret)
		}
	}
}
