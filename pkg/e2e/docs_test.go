package e2e

import (
	"encoding/json"
	"html"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

// docs are the pages of one service about its API.
type docs struct {
	w             *world
	service, root string // address of the service, path of the pages
	routes        []docsRoute
}

type docsRoute struct {
	Method, Path, ID string
	Tag, Summary     string
	Browser          bool // no program sends it
}

func (w *world) docsOf(service, root string) *docs {
	w.t.Helper()
	var document struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := want(w.send(http.MethodGet, service+root+"/openapi.json", nil, ""), http.StatusOK, &document); err != nil {
		w.t.Fatal(err)
	}
	d := &docs{w: w, service: service, root: root}
	for _, path := range slices.Sorted(maps.Keys(document.Paths)) {
		for _, method := range []string{"get", "post", "put", "patch", "delete"} {
			raw, has := document.Paths[path][method]
			if !has {
				continue
			}
			var op struct {
				OperationID, Summary string
				Tags                 []string
				Browser              string `json:"x-browser"`
			}
			if err := json.Unmarshal(raw, &op); err != nil {
				w.t.Fatal(err)
			}
			d.routes = append(d.routes, docsRoute{strings.ToUpper(method), path, op.OperationID, op.Tags[0], op.Summary, op.Browser != ""})
		}
	}
	return d
}

// bothDocs are the pages of both services.
func (w *world) bothDocs() []*docs {
	return []*docs{w.docsOf(w.API().URL, "/docs"), w.docsOf(w.Auth.URL, "/docs/auth")}
}

func (d *docs) get(path string, header http.Header) *actor.Answer {
	d.w.t.Helper()
	return d.w.send(http.MethodGet, d.service+path, header, "")
}

var sampleOnPage = regexp.MustCompile(`(?s)<pre class="code" id="sample-(\w+)"[^>]*>(.*?)</pre>`)

// samples are those of a route, by language.
func (d *docs) samples(id string) map[string]string {
	d.w.t.Helper()
	page := d.get(d.root+"/"+id, nil)
	wantStatus(d.w.t, page, http.StatusOK)
	all := map[string]string{}
	for _, found := range sampleOnPage.FindAllStringSubmatch(string(page.Body), -1) {
		all[found[1]] = html.UnescapeString(found[2])
	}
	return all
}

// TestDocsShowEveryRoute: each route of the description has its page, with a call in
// three languages, and the page of all routes leads there.
func TestDocsShowEveryRoute(t *testing.T) {
	eachWorld(t, func(w *world) {
		for _, d := range w.bothDocs() {
			index := string(d.get(d.root, nil).Body)
			for _, r := range d.routes {
				page := d.get(d.root+"/"+r.ID, nil)
				text := strings.ReplaceAll(string(page.Body), "<wbr>", "")
				shown := []string{html.EscapeString(r.Summary), r.Path, ">" + r.Method + "<", r.ID, d.service}
				if r.Browser {
					shown = shown[:4]
				}
				for _, part := range shown {
					if !strings.Contains(text, part) {
						w.t.Errorf("%s %s: the page has no %q", r.Method, r.Path, part)
					}
				}
				if got := len(sampleOnPage.FindAllString(text, -1)); got != 3 && !r.Browser {
					w.t.Errorf("%s %s has %d samples", r.Method, r.Path, got)
				}
				if page.Status != http.StatusOK || len(page.Body) > 30_000 || !strings.HasPrefix(page.Header.Get("Content-Type"), "text/html") {
					w.t.Errorf("%s %s: %d, %d bytes, %v", r.Method, r.Path, page.Status, len(page.Body), page.Header)
				}
				if !strings.Contains(index, `href="`+d.root[strings.LastIndexByte(d.root, '/')+1:]+"/"+r.ID+`"`) {
					w.t.Errorf("nothing leads to %s", r.ID)
				}
			}
		}
	})
}

// TestDocsAreFound by path, summary, tag and operation, and what is said of a route.
func TestDocsAreFound(t *testing.T) {
	eachWorld(t, func(w *world) {
		for _, d := range w.bothDocs() {
			for _, r := range d.routes {
				for _, q := range []string{r.Path, strings.ToUpper(r.Summary), r.Tag, r.ID, r.Method + "  " + r.Path} {
					found := string(d.get(d.root+"?q="+url.QueryEscape(q), nil).Body)
					if !strings.Contains(found, "/"+r.ID+`"`) {
						w.t.Errorf("%q does not find %s", q, r.ID)
					}
				}
			}
		}
		api := w.docsOf(w.API().URL, "/docs")
		if found := string(api.get("/docs?q=counting+stops", nil).Body); !strings.Contains(found, `href="docs/listTransactions"`) || strings.Contains(found, `href="docs/listTags"`) {
			w.t.Errorf("a description is not searched: %.300s", found)
		}
	})
}

// TestDocsTakeAnySearch: whatever is searched for is shown as text and breaks nothing.
func TestDocsTakeAnySearch(t *testing.T) {
	eachWorld(t, func(w *world) {
		for _, d := range w.bothDocs() {
			for _, q := range []string{
				`"><script>alert(1)</script>`, `' onfocus=alert(1) x='`, "%", "%s%d", strings.Repeat("ß", 5000), "\x00", "\xff\xfe", "İ ſ K", "{{.}}", "  ", "<b>",
			} {
				page := d.get(d.root+"?q="+url.QueryEscape(q), nil)
				text := string(page.Body)
				if page.Status != http.StatusOK || strings.Contains(text, "<script>alert") || strings.Contains(text, "<b>") || strings.Contains(text, `' onfocus`) || len(text) > 30_000 {
					w.t.Errorf("%.40q: %d, %d bytes", q, page.Status, len(text))
				}
			}
			for _, raw := range []string{"?q=%zz", "?q", "?q=a&q=b", "?;", "?x=y"} {
				wantStatus(w.t, d.get(d.root+raw, nil), http.StatusOK)
			}
			for _, gone := range []string{"/nothing", "/%3Cscript%3E", "/..", "/listaccounts"} {
				page := d.get(d.root+gone, nil)
				if page.Status != http.StatusNotFound || strings.Contains(string(page.Body), "<script>") || !strings.Contains(string(page.Body), `role="search"`) {
					w.t.Errorf("%s: %s", gone, page)
				}
			}
			wantStatus(w.t, d.get(d.root+"/assets/0/app.css", nil), http.StatusNotFound)
		}
	})
}

// TestDocsAreServedAsPagesAre: methods, entity tags, policy, language and theme.
func TestDocsAreServedAsPagesAre(t *testing.T) {
	eachWorld(t, func(w *world) {
		for _, d := range w.bothDocs() {
			for _, path := range []string{d.root, d.root + "?q=token", d.root + "/" + d.routes[0].ID, "/openapi.json"} {
				page := d.get(path, nil)
				tag := page.Header.Get("ETag")
				if page.Status != http.StatusOK || tag == "" {
					w.t.Fatalf("%s: %d, entity tag %q", path, page.Status, tag)
				}
				if again := d.get(path, http.Header{"If-None-Match": {tag}}); again.Status != http.StatusNotModified || len(again.Body) > 0 {
					w.t.Errorf("%s: the same bytes again are %s", path, again)
				}
				head := w.send(http.MethodHead, d.service+path, nil, "")
				if head.Status != http.StatusOK || len(head.Body) > 0 || head.Header.Get("ETag") != tag || head.Header.Get("Content-Type") != page.Header.Get("Content-Type") {
					w.t.Errorf("%s: HEAD is %d %v", path, head.Status, head.Header)
				}
				refused := w.send(http.MethodPost, d.service+path, nil, "")
				if refused.Status != http.StatusMethodNotAllowed || !strings.HasPrefix(refused.Header.Get("Allow"), "GET, HEAD") {
					w.t.Errorf("%s: POST is %d, Allow %q", path, refused.Status, refused.Header.Get("Allow"))
				}
			}
			page := d.get(d.root, nil)
			if policy := page.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; ") || strings.Contains(policy, "unsafe") ||
				strings.Contains(string(page.Body), "<style") || strings.Contains(string(page.Body), " style=") {
				w.t.Errorf("the policy is %q", policy)
			}
			for what, h := range map[string]http.Header{"accepted": {"Accept-Language": {"de-AT, en"}}, "chosen": {"Accept-Language": {"en"}, "Cookie": {"latchkey_preferences=dark.de"}}} {
				german := d.get(d.root, h)
				if text := string(german.Body); !strings.Contains(text, `<html lang="de"`) || !strings.Contains(text, `<ul class="rows routes" lang="en"`) || german.Header.Get("Content-Language") != "de" ||
					what == "chosen" && !strings.Contains(text, `content="dark"`) {
					w.t.Errorf("German that was %s: %v %.200s", what, german.Header, text)
				}
			}
			if strange := d.get(d.root, http.Header{"Cookie": {"latchkey_preferences=<script>.xx"}}); strange.Status != http.StatusOK || !strings.Contains(string(strange.Body), `<html lang="en"`) {
				w.t.Errorf("strange preferences: %.200s", strange.Body)
			}
		}
	})
}

// TestDocsHaveTheBrandingOfTheInstance: of both services the same name, colour, logo and links.
func TestDocsHaveTheBrandingOfTheInstance(t *testing.T) {
	logo := filepath.Join(t.TempDir(), "logo.png")
	if err := os.WriteFile(logo, aLogo(t, 80), 0o600); err != nil {
		t.Fatal(err)
	}
	look := func(prefix string) process.Env {
		return process.Env{
			prefix + "NAME": "Haus Nagy", prefix + "COLOUR": "#7a1fa2", prefix + "LOGO": logo, prefix + "LOGO_DARK": logo, prefix + "TERMS_URL": "https://example.com/terms",
			prefix + "PRIVACY_URL": "https://example.com/privacy", prefix + "SUPPORT_URL": "mailto:help@example.com",
		}
	}
	w := startWorld(t, testenv.Embedded, stack.Setup{AuthEnv: look("AUTH_"), APIEnv: look("API_")})
	file := regexp.MustCompile(`(?:href|src|srcset)="([^"]*/assets/[0-9a-f]+/([^"]+))"`)
	for _, d := range w.bothDocs() {
		page := string(d.get(d.root, nil).Body)
		for _, part := range []string{"<span>Haus Nagy</span>", `href="https://example.com/terms"`, `href="https://example.com/privacy"`, `href="mailto:help@example.com"`} {
			if !strings.Contains(page, part) {
				t.Errorf("%s%s has no %s", d.service, d.root, part)
			}
		}
		found := map[string]string{}
		for _, link := range file.FindAllStringSubmatch(page, -1) {
			found[link[2]] = d.root[:strings.LastIndexByte(d.root, '/')+1] + link[1]
		}
		for name, content := range map[string]string{"logo-light.png": "\x89PNG", "logo-dark.png": "\x89PNG", "app.css": "#7a1fa2"} {
			if got := d.get(found[name], nil); got.Status != http.StatusOK || !strings.Contains(string(got.Body), content) {
				t.Errorf("%s%s: %s is %d at %q", d.service, d.root, name, got.Status, found[name])
			}
		}
	}
}

// TestDocsLeadToEachOtherAndHome: from the pages of either service to the other's, to the
// account, and from the pages of people to these.
func TestDocsLeadToEachOtherAndHome(t *testing.T) {
	eachWorld(t, func(w *world) {
		api, auth := w.API().URL+"/docs", w.Auth.URL+"/docs/auth"
		for from, to := range map[string][]string{
			api + "/listAccounts": {auth, w.Auth.URL + "/", w.Auth.URL + "/settings/developer"}, auth + "/token": {api, w.Auth.URL + "/", w.Auth.URL + "/settings/developer"},
			w.Auth.URL + "/": {"/docs"}, w.Auth.URL + "/signin": {"/docs"},
		} {
			page := string(w.send(http.MethodGet, from, nil, "").Body)
			for _, link := range to {
				if !strings.Contains(page, `href="`+link+`"`) {
					w.t.Errorf("%s does not lead to %s", from, link)
				}
			}
		}
		if moved := w.send(http.MethodGet, w.Auth.URL+"/docs?q=token", nil, ""); moved.Header.Get("Location") != "/docs/auth?q=token" {
			w.t.Errorf("/docs: %d %v", moved.Status, moved.Header)
		}
		described := w.send(http.MethodGet, w.Auth.URL+"/.well-known/oauth-authorization-server", nil, "")
		if described.Text("service_documentation") != auth {
			w.t.Errorf("metadata: %s", described)
		}
	})
}

// TestDocsSayTheScope that a route needs: a token that may read opens what is described
// so, and nothing else.
func TestDocsSayTheScope(t *testing.T) {
	eachWorld(t, func(w *world) {
		d, token := w.docsOf(w.API().URL, "/docs"), w.tokens(w.public(), "read").Access
		for _, r := range d.routes {
			page := string(d.get(d.root+"/"+r.ID, nil).Body)
			writes := strings.Contains(page, "<code>read_write</code></dd>")
			if !writes && !strings.Contains(page, "<code>read</code></dd>") {
				w.t.Errorf("%s names no scope", r.ID)
			}
			answer := w.call(r.Method, strings.ReplaceAll(r.Path, "{id}", "0b6ff7c4-3a70-4d2c-8a54-6f0e7c2b9d11"), token, nil)
			if refused := answer.Text("error") == "insufficient_scope"; refused != writes {
				w.t.Errorf("%s says it writes: %v; with read it is %s", r.ID, writes, answer)
			}
		}
	})
}
