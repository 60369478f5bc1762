//go:build browser

package e2e

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/pkg/testenv/actor"
)

// TestBrowserLogos walks the way of a logo: a developer uploads it, an operator looks at
// it, and people see it where they decide and in their lists; axe finds nothing there.
func TestBrowserLogos(t *testing.T) {
	t.Parallel()
	axe, err := os.ReadFile("testdata/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	w := newTour(t)
	app, p, b := newCallbackApp(w), actor.NewPerson(w.Auth.URL), openTab(t)
	path := filepath.Join(t.TempDir(), "logo.png")
	if err := os.WriteFile(path, aLogo(t, 200), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := w.CLI(t.Context(), "client", "logo", app.Client.ID, "--file", path); err != nil {
		t.Fatal(err)
	}
	look := func(page string, logos int) {
		t.Helper()
		b.until(`[...document.images].every(i => i.complete && i.naturalWidth > 0)`)
		if n, err := ask[int](b, `document.querySelectorAll("main .emblem img").length`); err != nil || n != logos {
			t.Errorf("%s shows %d logos, not %d: %v", page, n, logos, err)
		}
		b.picture(page)
		b.measure(page)
		if _, err := ask[bool](b, string(axe)+";true"); err != nil {
			t.Fatalf("%s: %v", page, err)
		}
		for _, scheme := range []string{"dark", "light"} {
			b.emulate(scheme, 390)
			b.runAxe(page, scheme, 390)
			b.fits(page, 390)
		}
		b.reflows(page)
	}
	b.visit(app.AuthorizeURL(actor.NewPKCE(), "read", "s", nil))
	b.signUp(w, p) // the first person is the operator
	b.visit(app.AuthorizeURL(actor.NewPKCE(), "read", "s", nil))
	look("logo-consent", 1)
	b.press("button[name=decision][value=allow]")
	b.arrive("/callback")
	b.visit(w.Auth.URL + "/settings/applications")
	look("logo-applications", 1)

	b.visit(w.Auth.URL + "/settings/developer/new")
	b.typeIn("input[name=name]", "My own app")
	b.typeIn("textarea[name=redirect_uris]", app.RedirectURI)
	b.press("main form button[type=submit]")
	b.until(`document.querySelector('main a[href$="/logo"]') !== null`)
	look("logo-client-without", 0)
	b.press(`main a[href$="/logo"]`)
	b.until(`document.querySelector("input[type=file]") !== null`)
	if _, err := ask[bool](b, `(() => { const all = new DataTransfer(), raw = Uint8Array.from(atob("`+base64.StdEncoding.EncodeToString(aLogo(t, 150))+`"), c => c.charCodeAt(0))
		all.items.add(new File([raw], "logo.png", {type: "image/png"})); document.querySelector("input[type=file]").files = all.files; return true })()`); err != nil {
		t.Fatal(err)
	}
	b.press("main form button[type=submit]")
	b.until(`document.querySelector("main .emblem img") !== null`)
	look("logo-uploaded", 1)
	where, err := ask[string](b, "location.pathname")
	if err != nil {
		t.Fatal(err)
	}
	id := strings.TrimSuffix(strings.TrimPrefix(where, "/settings/developer/"), "/logo")
	own := &actor.App{Issuer: w.Auth.URL, Client: actor.Credential{ID: id}, RedirectURI: app.RedirectURI}
	b.visit(own.AuthorizeURL(actor.NewPKCE(), "read", "s", nil))
	look("logo-not-looked-at", 0)
	for page, to := range map[string]string{"client": "/operator/applications/one?client=" + id, "verify": "/operator/applications/one/verify?client=" + id, "logo": "/operator/applications/one/logo?client=" + id} {
		b.visit(w.Auth.URL + to)
		look("logo-operator-"+page, 1)
	}
	b.visit(w.Auth.URL + "/operator/applications")
	look("logo-operator-list", 2)
	b.visit(w.Auth.URL + "/settings/developer")
	look("logo-developer-list", 1)
}
