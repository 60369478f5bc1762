//go:build browser

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"latchkey/pkg/testenv"
)

// TestScreenshots takes a picture of every page a person can reach, on a phone
// and a desktop, light and dark, into the folder SCREENSHOTS names.
func TestScreenshots(t *testing.T) {
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		t.Skip("SCREENSHOTS names no folder: make screenshots")
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	w := &world{Stack: sharedStack(t, testenv.Embedded), t: t}
	app := newCallbackApp(w)
	b := openTab(t)

	consent := app.AuthorizeURL(testenv.NewPKCE(), "read_write", "s", nil)
	b.shoot(dir, "landing", w.Auth.URL+"/")
	b.shoot(dir, "signup", w.Auth.URL+"/signup")
	b.shoot(dir, "signin", w.Auth.URL+"/signin")
	b.shoot(dir, "not-found", w.Auth.URL+"/nothing-here")
	b.shoot(dir, "refused-request", w.Auth.URL+"/oauth/authorize?client_id=nobody")

	b.signUp(w, testenv.NewPerson(w.Auth.URL))
	b.shoot(dir, "consent", consent)
	for _, path := range b.reachable(w.Auth.URL) {
		name := strings.Trim(strings.ReplaceAll(path, "/", "-"), "-")
		if name == "" {
			name = "home"
		}
		b.shoot(dir, "signed-in-"+name, w.Auth.URL+path)
	}
}

// shoot takes one page in every size and colour scheme.
func (b *tab) shoot(dir, name, url string) {
	b.t.Helper()
	for size, width := range map[string]int64{"phone": 390, "desktop": 1280} {
		for _, scheme := range []string{"light", "dark"} {
			media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
			if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, media); err != nil {
				b.t.Fatal(err)
			}
			b.run(chromedp.EmulateViewport(width, 844))
			b.visit(url)
			picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
			if err != nil {
				b.t.Fatal(err)
			}
			file := filepath.Join(dir, name+"-"+size+"-"+scheme+".png")
			if err := os.WriteFile(file, picture, 0o600); err != nil {
				b.t.Fatal(err)
			}
		}
	}
}

// reachable follows the links of the signed-in pages and returns every path.
func (b *tab) reachable(origin string) []string {
	b.t.Helper()
	seen, todo := map[string]bool{"/": true}, []string{"/"}
	for i := 0; i < len(todo) && i < 60; i++ {
		b.visit(origin + todo[i])
		links, err := ask[[]string](b, `[...document.querySelectorAll("a[href^='/']")].map(a => a.pathname)`)
		if err != nil {
			b.t.Fatal(err)
		}
		for _, path := range links {
			if !seen[path] && !strings.HasPrefix(path, "/assets") {
				seen[path] = true
				todo = append(todo, path)
			}
		}
	}
	return todo
}
