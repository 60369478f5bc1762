//go:build browser

package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

// TestBrowserLookOfAnInstance looks at a plain instance and at one with a colour and a logo
// of its own, in both languages: what is shown of both colour schemes can be read in each.
func TestBrowserLookOfAnInstance(t *testing.T) {
	chromium(t)
	axe, err := os.ReadFile("testdata/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	logo := filepath.Join(t.TempDir(), "logo.png")
	if err := os.WriteFile(logo, aLogo(t, 200), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, env := range map[string]process.Env{
		"plain": {},
		"own": {
			"AUTH_NAME": "Haus Nagy & Söhne", "AUTH_COLOUR": "#7a1fa2", "AUTH_LOGO": logo, "AUTH_LOGO_DARK": logo,
			"AUTH_TERMS_URL": "https://example.com/a-long-way/to-the-terms-of-use-of-the-house-of-nagy", "AUTH_SUPPORT_URL": "mailto:help@example.com",
		},
	} {
		w := startWorld(t, testenv.Embedded, stack.Setup{AuthEnv: env})
		boss := actor.NewPerson(w.Auth.URL)
		openTab(t).signUp(w, boss)
		for _, language := range []string{"en", "de"} {
			b := openTab(t).speaking(language)
			b.signInAs(w, boss, "/operator/look", "/operator/look")
			page := "look-" + name + "-" + language
			b.picture(page)
			b.measure(page)
			b.reflows(page)
			if _, err := ask[bool](b, string(axe)+";true"); err != nil {
				t.Fatal(err)
			}
			b.inBothSchemes(page, "light", "dark", 390)
			b.inBothSchemes(page, "dark", "light", 1280)
			b.walk(page)
		}
	}
}
