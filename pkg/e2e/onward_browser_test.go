//go:build browser

package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"latchkey/pkg/testenv/actor"
)

// TestBrowserCallbackLeadsOn: an application's callback often leads on to
// another of its origins. The browser follows there from the consent page and,
// when consent is remembered, from the sign-in page.
func TestBrowserCallbackLeadsOn(t *testing.T) {
	chromium(t)
	eachWorld(t, func(w *world) {
		server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/callback" {
				http.Redirect(rw, r, "http://"+strings.Replace(r.Host, "127.0.0.1", "localhost", 1)+"/home", http.StatusFound)
				return
			}
			rw.Header().Set("Content-Type", "text/html")
			fmt.Fprint(rw, "<!doctype html><title>app</title><h1>Home</h1>")
		}))
		w.t.Cleanup(server.Close)
		app, p := w.client(server.URL+"/callback", "--public"), w.person()
		for _, page := range []string{"consent", "sign-in"} {
			b := openTab(w.t)
			b.visit(app.AuthorizeURL(actor.NewPKCE(), "read", "s", nil))
			b.arrive("/signin")
			b.typeIn("input[name=email]", p.Email)
			b.typeIn("input[name=password]", p.Password)
			b.press("form button[type=submit]")
			if page == "consent" {
				b.arrive("/oauth/authorize")
				b.press("button[name=decision][value=allow]")
			}
			b.arrive("/home")
		}
	})
}
