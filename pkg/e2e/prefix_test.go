package e2e

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

var linkOf = regexp.MustCompile(`(?:href|src|action)="([^"#][^"]*)"`)

// TestC6_BehindAProxyWithAPathEveryLinkWorks: a proxy serves the API below /base and
// takes that away from the path. What the API says of itself leads back through it.
func TestC6_BehindAProxyWithAPathEveryLinkWorks(t *testing.T) {
	t.Parallel()
	addr, err := process.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	behind := &url.URL{Scheme: "http", Host: addr}
	proxy := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		forward := &httputil.ReverseProxy{Rewrite: func(out *httputil.ProxyRequest) { out.SetURL(behind) }}
		switch {
		case strings.HasPrefix(r.URL.Path, "/base/"):
			http.StripPrefix("/base", forward).ServeHTTP(rw, r)
		case strings.HasPrefix(r.URL.Path, "/.well-known/"):
			forward.ServeHTTP(rw, r)
		default:
			http.Error(rw, "somebody else's", http.StatusTeapot)
		}
	}))
	t.Cleanup(proxy.Close)
	api := proxy.URL + "/base"
	w := startWorld(t, testenv.Embedded, stack.Setup{
		AuthEnv: process.Env{"AUTH_API_URL": api}, APIEnv: process.Env{"API_ADDR": addr, "API_URL": api},
	})
	get := func(address string) *http.Response {
		t.Helper()
		res, err := http.Get(address) //nolint:noctx // of the test's own proxy
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = res.Body.Close() })
		return res
	}
	described := w.send(http.MethodGet, proxy.URL+"/.well-known/oauth-protected-resource/base", nil, "")
	docs := described.Text("resource_documentation")
	if described.Text("resource") != api || docs != api+"/docs" {
		t.Errorf("metadata: %s", described)
	}
	page := w.send(http.MethodGet, docs, nil, "")
	wantStatus(t, page, http.StatusOK)
	at, err := url.Parse(docs)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]string{}
	for _, link := range linkOf.FindAllStringSubmatch(string(page.Body), -1) {
		to, err := at.Parse(link[1])
		if err != nil {
			t.Fatal(err)
		}
		res := get(to.String())
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s leads to %s: %d", link[1], to, res.StatusCode)
		}
		kind, _, _ := strings.Cut(res.Header.Get("Content-Type"), ";")
		kinds[kind] = to.String()
	}
	if kinds["text/css"] == "" || kinds["application/json"] == "" {
		t.Fatalf("the page has no style or no description: %v", kinds)
	}
	description := w.send(http.MethodGet, kinds["application/json"], nil, "")
	if servers, ok := description.JSON("servers").([]any); !ok || len(servers) != 1 || servers[0].(map[string]any)["url"] != api {
		t.Errorf("the description's servers: %v", description.JSON("servers"))
	}
	refused := w.send(http.MethodPost, api+"/mcp", nil, "{}")
	_, after, _ := strings.Cut(refused.Header.Get("WWW-Authenticate"), `resource_metadata="`)
	metadata, _, _ := strings.Cut(after, `"`)
	if got := w.send(http.MethodGet, metadata, nil, ""); refused.Status != http.StatusUnauthorized || got.Text("resource") != api+"/mcp" && got.Text("resource") != api {
		t.Errorf("the challenge %q leads to %s", refused.Header.Get("WWW-Authenticate"), got)
	}
}

// TestEveryLinkOfThePagesLeadsSomewhere walks whatever the pages link to, as somebody
// who is signed in and as somebody who is not.
func TestEveryLinkOfThePagesLeadsSomewhere(t *testing.T) {
	eachWorld(t, func(w *world) {
		person, nobody := w.person(), w.person0()
		w.tokensOf(person, w.public(), "read")
		for who, b := range map[string]interface {
			Cookies() []*http.Cookie
		}{"a person": person.Browser, "nobody": nobody.Browser} {
			seen, next := map[string]bool{}, []string{"/"}
			for len(next) > 0 {
				path := next[0]
				next = next[1:]
				req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.Auth.URL+path, nil)
				if err != nil {
					w.t.Fatal(err)
				}
				for _, cookie := range b.Cookies() {
					req.AddCookie(cookie)
				}
				answer, err := (&actor.App{}).Do(req)
				if err != nil {
					w.t.Fatal(err)
				}
				if answer.Status >= http.StatusBadRequest {
					w.t.Errorf("%s: %s is %d", who, path, answer.Status)
				}
				if !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") {
					continue
				}
				for _, link := range linkOf.FindAllStringSubmatch(string(answer.Body), -1) {
					to := strings.ReplaceAll(link[1], "&amp;", "&")
					if strings.HasPrefix(to, "/") && !seen[to] && len(seen) < 300 {
						seen[to] = true
						next = append(next, to)
					}
				}
			}
			if len(seen) < 5 || who == "a person" && !seen["/settings/family"] {
				w.t.Errorf("%s sees %d links", who, len(seen))
			}
		}
	})
}
