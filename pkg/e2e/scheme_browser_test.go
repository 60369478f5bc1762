//go:build browser

package e2e

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"latchkey/pkg/testenv/actor"
)

// leave presses Allow and returns the address that the browser was sent to, and what
// became of the way there.
func (b *tab) leave(prefix string) (to, failure string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	type step struct{ to, failure string }
	steps := make(chan step, 100)
	err := chromedp.Listen(ctx, func(ev any) {
		switch ev := ev.(type) {
		case *network.EventRequestWillBeSent:
			if strings.HasPrefix(ev.Request.URL, prefix) {
				steps <- step{to: ev.Request.URL}
			}
		case *network.EventLoadingFailed:
			steps <- step{failure: ev.ErrorText + " " + string(ev.BlockedReason)}
		}
	})
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := chromedp.Call(b.ctx, network.Enable, network.EnableParams{}); err != nil {
		b.t.Fatal(err)
	}
	b.press("button[name=decision][value=allow]")
	settled := time.After(3 * time.Second) // a scheme that nobody handles ends nowhere, and says nothing more
	for {
		select {
		case s := <-steps:
			to, failure = to+s.to, failure+s.failure
		case <-settled:
			return to, failure
		}
	}
}

// TestBrowserC2_FollowsAPrivateScheme: neither the policy of the consent page nor that
// of the sign-in page keeps the browser from an application's own scheme.
func TestBrowserC2_FollowsAPrivateScheme(t *testing.T) {
	chromium(t)
	eachWorld(t, func(w *world) {
		for _, callback := range []string{"com.example.app:/cb", "com.example.app://done"} {
			app, p, b := w.client(callback, "--public"), w.person(), openTab(w.t)
			b.visit(app.AuthorizeURL(actor.NewPKCE(), "read", "s", nil))
			b.arrive("/signin")
			b.typeIn("input[name=email]", p.Email)
			b.typeIn("input[name=password]", p.Password)
			b.press("form button[type=submit]")
			b.arrive("/oauth/authorize")
			if to, failure := b.leave(callback); !strings.Contains(to, "code=oac_") || strings.Contains(strings.ToLower(failure), "csp") {
				w.t.Errorf("%s: the browser went to %q: %s", callback, to, failure)
			}
		}
	})
}

// TestBrowserC2_FollowsToThisMachine: by name and by both families of addresses, with
// a port that was not registered.
func TestBrowserC2_FollowsToThisMachine(t *testing.T) {
	chromium(t)
	eachWorld(t, func(w *world) {
		for _, host := range []string{"localhost", "127.0.0.1", "::1"} {
			address := strings.Replace(host, "localhost", "127.0.0.1", 1)
			listener, err := (&net.ListenConfig{}).Listen(w.t.Context(), "tcp", net.JoinHostPort(address, "0"))
			if err != nil {
				w.t.Fatal(err)
			}
			arrived := make(chan url.Values, 10)
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/cb" {
					arrived <- r.URL.Query()
				}
				rw.Header().Set("Content-Type", "text/html")
				_, _ = rw.Write([]byte("<!doctype html><title>app</title><h1>Home</h1>"))
			}))
			server.Listener = listener
			server.Start()
			w.t.Cleanup(server.Close)
			_, port, err := net.SplitHostPort(listener.Addr().String())
			if err != nil {
				w.t.Fatal(err)
			}
			named := host
			if strings.Contains(host, ":") {
				named = "[" + host + "]"
			}
			app := w.client("http://"+named+"/cb", "--public", "--localhost-ports")
			app.RedirectURI = "http://" + named + ":" + port + "/cb"
			p, b := w.person(), openTab(w.t)
			b.visit(app.AuthorizeURL(actor.NewPKCE(), "read", "s", nil))
			b.arrive("/signin")
			b.typeIn("input[name=email]", p.Email)
			b.typeIn("input[name=password]", p.Password)
			b.press("form button[type=submit]")
			b.arrive("/oauth/authorize")
			b.press("button[name=decision][value=allow]")
			b.arrive("/cb")
			if got := <-arrived; got.Get("code") == "" || got.Get("iss") != w.Auth.URL {
				w.t.Errorf("%s: %v", named, got)
			}
		}
	})
}

// TestBrowserSuggestsTheDevicesTimeZone, and nothing is chosen before the person does.
func TestBrowserSuggestsTheDevicesTimeZone(t *testing.T) {
	chromium(t)
	eachWorld(t, func(w *world) {
		p, b := actor.NewPerson(w.Auth.URL), openTab(w.t)
		b.inTimeZone("Asia/Kathmandu")
		b.visit(w.Auth.URL + "/signup?return_to=" + url.QueryEscape(zonePage))
		b.typeIn("input[name=email]", p.Email)
		b.typeIn("input[name=password]", p.Password)
		b.press("form button[type=submit]")
		b.arrive(zonePage)
		b.until(`document.querySelector("#time_zone").value === "UTC"`)
		b.press("button[data-zone-of]")
		b.until(`document.querySelector("#time_zone").selectedOptions.length === 1 && document.querySelector("#time_zone").value.startsWith("Asia/Kat")`)
		b.press("main form button[type=submit]")
		b.arrive("/settings/family")
		b.until(`document.body.innerText.includes("Asia/Kat")`)
	})
}
