package web_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"latchkey/pkg/testenv"
)

func TestFormsAreGuarded(t *testing.T) {
	s := newSite(t, testenv.Embedded, settings())
	post := func(t *testing.T, kind, body string, header map[string]string) *http.Response {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/signin", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", kind)
		for k, v := range header {
			req.Header.Set(k, v)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = res.Body.Close() })
		return res
	}
	const form = "application/x-www-form-urlencoded"
	for name, c := range map[string]struct {
		kind, body string
		header     map[string]string
		want       int
	}{
		"no token":        {form, "email=a&password=b", nil, 403},
		"foreign origin":  {form, "email=a", map[string]string{"Origin": "https://evil.example"}, 403},
		"cross site":      {form, "email=a", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		"json":            {"application/json", "{}", nil, 400},
		"bad escapes":     {form, "email=%zz", nil, 400},
		"field twice":     {form, "email=a&email=b", nil, 400},
		"NUL":             {form, "email=%00", nil, 400},
		"no UTF-8":        {form, "email=%ff", nil, 400},
		"megabyte":        {form, "email=" + strings.Repeat("a", 1<<20), nil, 413},
		"no content type": {"", "email=a", nil, 400},
	} {
		t.Run(name, func(t *testing.T) {
			res := post(t, c.kind, c.body, c.header)
			body, _ := io.ReadAll(res.Body)
			if res.StatusCode != c.want || !strings.Contains(string(body), "<h1>") {
				t.Errorf("%d, want %d: %.200s", res.StatusCode, c.want, body)
			}
		})
	}
}

func TestPageHeaders(t *testing.T) {
	s := newSite(t, testenv.Embedded, settings())
	for path, status := range map[string]int{"/": 200, "/signin": 200, "/signup": 200, "/nothing": 404, "/assets/0/app.css": 404} {
		res := get(t, s.URL+path)
		if res.StatusCode != status {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
		for name, value := range map[string]string{
			"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
			"Content-Type": "text/html; charset=utf-8",
		} {
			if got := res.Header.Get(name); got != value {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
		csp := res.Header.Get("Content-Security-Policy")
		for _, directive := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self';"} {
			if !strings.Contains(csp, directive) {
				t.Errorf("%s: Content-Security-Policy lacks %s: %s", path, directive, csp)
			}
		}
	}
	body, _ := io.ReadAll(get(t, s.URL+"/signin").Body)
	_, rest, _ := strings.Cut(string(body), `href="/assets/`)
	sum, _, _ := strings.Cut(rest, `"`)
	if res := get(t, s.URL+"/assets/"+sum); res.StatusCode != 200 || !strings.Contains(res.Header.Get("Cache-Control"), "immutable") ||
		!strings.HasPrefix(res.Header.Get("Content-Type"), "text/css") {
		t.Errorf("stylesheet: %d %v", res.StatusCode, res.Header)
	}
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodPut, s.URL+"/signin", nil)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusMethodNotAllowed || res.Header.Get("Allow") != "GET, HEAD, POST" {
		t.Errorf("PUT: %d, Allow %q", res.StatusCode, res.Header.Get("Allow"))
	}
}

func get(t *testing.T, target string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	return res
}
