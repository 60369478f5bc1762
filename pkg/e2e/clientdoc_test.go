package e2e

import (
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

// vendor is a web server whose documents describe clients, and the certificate that
// the authorization server is to trust.
type vendor struct {
	*httptest.Server
	asked atomic.Int32
	trust process.Env
}

func newVendor(t *testing.T) *vendor {
	t.Helper()
	v := &vendor{}
	v.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v.asked.Add(1)
		if hostile(w, r) {
			return
		}
		switch r.URL.Path {
		case "/client.json":
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"client_id":"` + v.URL + `/client.json","client_name":"Totally Your Bank","redirect_uris":["http://localhost:3000/cb","http://127.0.0.1/callback"],` +
				`"grant_types":["authorization_code","refresh_token"],"token_endpoint_auth_method":"none"}`))
		case "/moved.json":
			http.Redirect(w, r, "/client.json", http.StatusFound)
		case "/broken.json":
			w.WriteHeader(http.StatusInternalServerError)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(v.Close)
	file := filepath.Join(t.TempDir(), "vendor.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: v.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	v.trust = process.Env{"SSL_CERT_FILE": file, "AUTH_CLIENT_DOCUMENT_NETWORKS": "127.0.0.0/8"}
	return v
}

// TestAClientConnectsFromItsAddress: nobody has registered it. The page leads with its
// host, not with the name that it gave itself, and its tokens work.
func TestAClientConnectsFromItsAddress(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		v := newVendor(t)
		w := startWorld(t, set, stack.Setup{AuthEnv: v.trust})
		metadata := w.send(http.MethodGet, w.Auth.URL+"/.well-known/oauth-authorization-server", nil, "")
		if metadata.JSON("client_id_metadata_document_supported") != true {
			t.Errorf("%s", metadata)
		}
		app := &actor.App{Issuer: w.Auth.URL, Client: actor.Credential{ID: v.URL + "/client.json"}, RedirectURI: "http://localhost:49152/cb", HTTP: w.described()}
		p := w.person()
		page, err := p.Open(t.Context(), app.AuthorizeURL(actor.NewPKCE(), "read", "s", nil))
		if err != nil {
			t.Fatal(err)
		}
		host := strings.TrimPrefix(v.URL, "https://")
		if page.Heading() != "Allow "+host+" to see your household's finances?" || !strings.Contains(page.Text(), "Not verified by this server") ||
			!strings.Contains(page.Text(), host+" Not verified Calls itself Totally Your Bank") {
			t.Errorf("the page says %s", page.Text())
		}
		pkce := actor.NewPKCE()
		callback, err := p.Decide(t.Context(), app.AuthorizeURL(pkce, "read", "s", url.Values{"resource": {w.API().URL + "/mcp"}}), actor.Allow)
		if err != nil {
			t.Fatal(err)
		}
		pair, err := pairOf(w.exchange(app, callback.Query().Get("code"), pkce.Verifier))
		if err != nil {
			t.Fatal(err)
		}
		wantStatus(t, w.call(http.MethodGet, accounts, pair.Access, nil), http.StatusOK)
		pair = w.refreshed(app, pair.Refresh)
		if said := w.form(w.resourceServer(), "/oauth/introspect", url.Values{"token": {pair.Access}}); said.Text("client_id") != app.Client.ID || said.Text("aud") != w.API().URL {
			t.Errorf("%s", said)
		}
		if v.asked.Load() != 1 {
			t.Errorf("the document was fetched %d times", v.asked.Load())
		}
		again, err := p.Open(t.Context(), app.AuthorizeURL(actor.NewPKCE(), "read", "s", nil))
		if err != nil || again.Left == nil {
			t.Errorf("allowed before, it is asked again: %v", err)
		}
		apps, err := p.Open(t.Context(), "/settings/applications")
		if err != nil || !strings.Contains(apps.Text(), host) {
			t.Errorf("%v %s", err, apps.Text())
		}
	})
}

// TestS46_BadDocumentsAreRefused: never a redirect to strangers, never a 500, and a
// document that cannot be had is not an unknown client.
func TestS46_BadDocumentsAreRefused(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	w := startWorld(t, testenv.Embedded, stack.Setup{AuthEnv: v.trust})
	ask := func(id string) *actor.Page {
		app := &actor.App{Issuer: w.Auth.URL, Client: actor.Credential{ID: id}, RedirectURI: "http://localhost:3000/cb"}
		return w.browse(app.AuthorizeURL(actor.NewPKCE(), "read", "s", nil))
	}
	for id, status := range map[string]int{
		v.URL + "/moved.json": 400, v.URL + "/missing.json": 400, v.URL + "/broken.json": 503, v.URL: 400, v.URL + "/client.json#x": 400, v.URL + "/x/../client.json": 400,
		strings.Replace(v.URL, "https://", "https://user@", 1) + "/client.json": 400, "https://no-such-host.invalid/client.json": 503,
		"https://127.0.0.1:1/client.json": 503, "http" + strings.TrimPrefix(v.URL, "https") + "/client.json": 400,
	} {
		page := ask(id)
		if page.Status != status || page.Left != nil {
			t.Errorf("%s: %d, left to %v", id, page.Status, page.Left)
		}
		if status == 503 && page.Header.Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After", id)
		}
	}
	app := &actor.App{Issuer: w.Auth.URL, Client: actor.Credential{ID: v.URL + "/client.json"}, RedirectURI: "https://evil.example/"}
	if page := w.browse(app.AuthorizeURL(actor.NewPKCE(), "read", "s", nil)); page.Status != 400 || page.Left != nil {
		t.Errorf("another redirect URI: %d, left to %v", page.Status, page.Left)
	}
	app.RedirectURI = "http://localhost:3000/cb"
	if page := w.browse(app.AuthorizeURL(actor.NewPKCE(), "bogus", "s", nil)); page.Status != 400 || page.Left != nil {
		t.Errorf("an error before anybody is signed in: %d, left to %v", page.Status, page.Left)
	}
}

// TestS46_DocumentsAreNotFetchedInside: without the operator's word, nothing that is
// not public is reached, however it is written.
func TestS46_DocumentsAreNotFetchedInside(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	delete(v.trust, "AUTH_CLIENT_DOCUMENT_NETWORKS")
	w := startWorld(t, testenv.Embedded, stack.Setup{AuthEnv: v.trust})
	_, port, _ := strings.Cut(strings.TrimPrefix(v.URL, "https://"), ":")
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "127.1", "0x7f000001", "2130706433", "0.0.0.0", "169.254.169.254", "10.0.0.1"} {
		app := &actor.App{Issuer: w.Auth.URL, Client: actor.Credential{ID: "https://" + host + ":" + port + "/client.json"}, RedirectURI: "http://localhost:3000/cb"}
		page := w.browse(app.AuthorizeURL(actor.NewPKCE(), "read", "s", nil))
		if page.Status != 400 && page.Status != 503 || page.Left != nil {
			t.Errorf("%s: %d, left to %v", host, page.Status, page.Left)
		}
		answer := w.token(app, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}})
		wantError(t, answer, http.StatusUnauthorized, "invalid_client")
	}
	if v.asked.Load() != 0 {
		t.Errorf("the server inside was asked %d times", v.asked.Load())
	}
	off := startWorld(t, testenv.Embedded, stack.Setup{AuthEnv: process.Env{"AUTH_CLIENT_DOCUMENTS": "off"}})
	if off.send(http.MethodGet, off.Auth.URL+"/.well-known/oauth-authorization-server", nil, "").JSON("client_id_metadata_document_supported") != nil {
		t.Error("offered although it is switched off")
	}
}

// TestS46_StrangersDoNotStarveAClientInUse: after a restart nothing is remembered, and
// somebody uses up what the vendor's other addresses may be asked for.
func TestS46_StrangersDoNotStarveAClientInUse(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	w := startWorld(t, testenv.Embedded, stack.Setup{AuthEnv: v.trust})
	app := &actor.App{Issuer: w.Auth.URL, Client: actor.Credential{ID: v.URL + "/client.json"}, RedirectURI: "http://localhost:3000/cb"}
	p := w.person()
	w.tokensOf(p, app, "read")
	w.Auth.Kill()
	if err := w.RestartAuth(t.Context()); err != nil {
		t.Fatal(err)
	}
	limited := 0
	for i := range 20 {
		stranger := *app
		stranger.Client.ID = fmt.Sprintf("%s/spray/%d.json", v.URL, i)
		if w.browse(stranger.AuthorizeURL(actor.NewPKCE(), "read", "s", nil)).Status == http.StatusTooManyRequests {
			limited++
		}
	}
	if limited == 0 {
		t.Error("strangers are not limited")
	}
	w.tokensOf(p, app, "read")
}
