// Package described is for tests only: it holds what goes over the wire against
// the OpenAPI description of an API, so that the description cannot drift.
package described

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// Description is an OpenAPI 3.1 description, read once.
type Description struct {
	load func() (*openapi3.T, routers.Router, error)
}

// File is the description in a file, read when it is first needed.
func File(path string) *Description {
	type loaded struct {
		doc    *openapi3.T
		router routers.Router
	}
	once := sync.OnceValues(func() (loaded, error) {
		doc, err := openapi3.NewLoader().LoadFromFile(path)
		if err != nil {
			return loaded{}, err
		}
		if err := doc.Validate(openapi3.NewLoader().Context); err != nil {
			return loaded{}, err
		}
		doc.Servers = nil
		router, err := gorillamux.NewRouter(doc)
		return loaded{doc, router}, err
	})
	return &Description{func() (*openapi3.T, routers.Router, error) {
		l, err := once()
		return l.doc, l.router, err
	}}
}

// Operations returns the methods of every path that is described.
func (d *Description) Operations(t testing.TB) map[string][]string {
	t.Helper()
	doc, _, err := d.load()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			all[path] = append(all[path], method)
		}
	}
	return all
}

// Client returns a client that follows no redirects and reports to t every
// exchange that is not as described: all answers, and the requests that were
// accepted. Of what is not described at all it reports only what is below
// /api/v1/ and was found.
func (d *Description) Client(t testing.TB) *http.Client {
	return &http.Client{
		Timeout:       time.Minute,
		Transport:     transport{d, t, wide},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Check is what Client does, for one exchange.
func (d *Description) Check(t testing.TB, req *http.Request, sent []byte, res *http.Response, got []byte) {
	t.Helper()
	if err := d.check(req, sent, res, got); err != nil {
		t.Errorf("%s %s: %v", req.Method, req.URL.Path, err)
	}
}

// wide lets many requests at once keep their connections.
var wide = &http.Transport{MaxIdleConnsPerHost: 128}

type transport struct {
	*Description
	t    testing.TB
	next http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (c transport) RoundTrip(req *http.Request) (*http.Response, error) {
	var sent []byte
	if req.Body != nil {
		var err error
		if sent, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		_ = req.Body.Close() // read to its end
		req = req.Clone(req.Context())
		req.Body = io.NopCloser(bytes.NewReader(sent))
	}
	res, err := c.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	got, err := io.ReadAll(res.Body)
	_ = res.Body.Close() // read to its end
	if err != nil {
		return nil, err
	}
	res.Body = io.NopCloser(bytes.NewReader(got))
	c.Check(c.t, req, sent, res, got)
	return res, nil
}

func (d *Description) check(req *http.Request, sent []byte, res *http.Response, got []byte) error {
	_, router, err := d.load()
	if err != nil {
		return err
	}
	if req.Method == http.MethodHead || req.Method == http.MethodOptions || res.StatusCode == http.StatusMethodNotAllowed {
		return nil
	}
	ctx := req.Context()
	again := req.Clone(ctx)
	again.URL.Scheme, again.URL.Host, again.Host = "", "", ""
	again.Body = io.NopCloser(bytes.NewReader(sent))
	route, params, err := router.FindRoute(again)
	if err != nil {
		if res.StatusCode == http.StatusNotFound || !strings.HasPrefix(req.URL.Path, "/api/v1/") {
			return nil
		}
		return fmt.Errorf("is not described: %w", err)
	}
	in := &openapi3filter.RequestValidationInput{
		Request: again, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true},
	}
	if res.StatusCode < http.StatusBadRequest {
		if err := openapi3filter.ValidateRequest(ctx, in); err != nil {
			return fmt.Errorf("was accepted but is not as described: %w", err)
		}
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: res.StatusCode, Header: res.Header, Options: in.Options}
	out.SetBodyBytes(got)
	if err := openapi3filter.ValidateResponse(ctx, out); err != nil {
		return fmt.Errorf("the answer is not as described: %w\n%s", err, got)
	}
	return nil
}
