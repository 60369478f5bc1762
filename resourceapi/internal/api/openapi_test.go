package api_test

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"latchkey/pkg/testenv"
)

var description = sync.OnceValues(func() (routers.Router, error) {
	doc, err := openapi3.NewLoader().LoadFromFile("openapi.yaml")
	if err != nil {
		return nil, err
	}
	if err := doc.Validate(openapi3.NewLoader().Context); err != nil {
		return nil, err
	}
	doc.Servers = nil
	return gorillamux.NewRouter(doc)
})

// conforms checks an exchange against the OpenAPI document: every answer, and every
// request that was accepted.
func conforms(t *testing.T, req *http.Request, sent []byte, res *http.Response, got []byte) {
	t.Helper()
	router, err := description()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(req.URL.Path, "/api/v1/") || req.Method == http.MethodHead || req.Method == http.MethodOptions ||
		res.StatusCode == http.StatusNotModified || res.StatusCode == http.StatusMethodNotAllowed {
		return
	}
	again := req.Clone(t.Context())
	again.URL.Scheme, again.URL.Host, again.Host = "", "", ""
	again.Body = io.NopCloser(bytes.NewReader(sent))
	route, params, err := router.FindRoute(again)
	if err != nil {
		if res.StatusCode == http.StatusNotFound {
			return
		}
		t.Errorf("%s %s is not described: %v", req.Method, req.URL.Path, err)
		return
	}
	in := &openapi3filter.RequestValidationInput{
		Request: again, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true},
	}
	if res.StatusCode < 300 && strings.HasPrefix(req.Header.Get("Content-Type")+"json", "application/json") {
		if err := openapi3filter.ValidateRequest(t.Context(), in); err != nil {
			t.Errorf("%s %s was accepted but is not as described: %v", req.Method, req.URL.Path, err)
		}
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: res.StatusCode, Header: res.Header, Options: in.Options}
	out.SetBodyBytes(got)
	if err := openapi3filter.ValidateResponse(t.Context(), out); err != nil {
		t.Errorf("the answer to %s %s is not as described: %v\n%s", req.Method, req.URL.Path, err, got)
	}
}

func TestEveryRouteIsDescribed(t *testing.T) {
	s := start(t, testenv.Embedded)
	raw, err := os.ReadFile("routes.go")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for path, item := range doc.Paths.Map() {
		if !strings.Contains(string(raw), `{"`+strings.TrimPrefix(path, "/api/v1")+`", methods`) {
			t.Errorf("%s is described and not served", path)
		}
		for method := range item.Operations() {
			c := &caller{s: s, header: http.Header{}}
			if r := c.do(method, strings.ReplaceAll(path, "{id}", "x"), nil); r.status != 401 {
				t.Errorf("%s %s without a credential: %d", method, path, r.status)
			}
		}
	}
	if got := len(regexp.MustCompile(`\{"/[^"]*", methods\{`).FindAll(raw, -1)); got != doc.Paths.Len() {
		t.Errorf("%d paths are served, %d described", got, doc.Paths.Len())
	}
	c := &caller{s: s, header: http.Header{}}
	if r := c.get("/openapi.json").want(200); r.text("openapi") != "3.1.0" {
		t.Errorf("openapi.json: %.80s", r.raw)
	}
	page := c.get("/docs").want(200)
	if !strings.Contains(string(page.raw), `href="docs/createTransactions"`) || !strings.Contains(page.header.Get("Content-Security-Policy"), "style-src 'self'") {
		t.Error("the page of the OpenAPI document is incomplete")
	}
	c.get("/docs/createTransactions").want(200)
}
