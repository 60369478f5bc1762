//go:build browser

package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"latchkey/pkg/secret"
	"latchkey/pkg/testenv/actor"
)

// TestBrowserAPIKeys creates, copies, rotates and revokes a key, touching
// nothing but the keyboard, with scripts on and off.
func TestBrowserAPIKeys(t *testing.T) {
	chromium(t)
	eachWorld(t, func(w *world) {
		for _, scripts := range []string{"scripts on", "scripts off"} {
			w.t.Run(scripts, func(t *testing.T) {
				own := &world{Stack: w.Stack, t: t}
				if scripts == "scripts on" {
					own.keysByKeyboard(openBrowser(t), true)
				} else {
					own.keysByKeyboard(openTab(t).withoutScripts(), false)
				}
			})
		}
	})
}

func (w *world) keysByKeyboard(b *tab, scripts bool) {
	b.signUp(w, actor.NewPerson(w.Auth.URL))
	b.press(`.sections a[href="/settings/api_keys"]`)
	b.arrive("/settings/api_keys")
	b.press(`main a[href="/settings/api_keys/new"]`)
	b.arrive("/settings/api_keys/new")
	b.typeIn("input[name=name]", "Nightly export")
	b.press("main form button[type=submit]")
	first := b.revealedKey()
	if scripts {
		w.copiesTheKey(b, first)
	}
	b.picture("apikey-made")
	b.press(`main a[href="/settings/api_keys"]`)
	b.arrive("/settings/api_keys")
	if seen, err := ask[string](b, "document.documentElement.outerHTML"); err != nil || strings.Contains(seen, first) {
		w.t.Errorf("the list shows the key again: %v", err)
	}
	wantStatus(w.t, w.useAPI(http.MethodGet, accounts, first, nil), http.StatusOK)

	// A second key of the source is refused beside the choice, the form stays filled.
	b.press(`main a[href="/settings/api_keys/new"]`)
	b.arrive("/settings/api_keys/new")
	b.typeIn("input[name=name]", "Another")
	b.press("main form button[type=submit]")
	b.until(`document.querySelector("#source-error")?.textContent.includes("Nightly export") && document.querySelector("input[name=name]").value === "Another"`)
	b.picture("apikey-refused")

	b.press(`.sections a[href="/settings/api_keys"]`)
	b.arrive("/settings/api_keys")
	b.picture("apikeys")
	b.press(`.rows .open`)
	b.until(`location.pathname.startsWith("/settings/api_keys/")`)
	b.picture("apikey")
	b.press(`main a[href$="/rotate"]`)
	b.until(`location.pathname.endsWith("/rotate")`)
	b.press("main form button[type=submit]") // one day of overlap
	second := b.revealedKey()
	b.picture("apikey-rotated")
	for _, key := range []string{first, second} {
		wantStatus(w.t, w.useAPI(http.MethodGet, accounts, key, nil), http.StatusOK)
	}

	b.press(`main a[href="/settings/api_keys"]`)
	b.arrive("/settings/api_keys")
	for range 2 { // both live keys
		b.press(`.rows .open`)
		b.until(`location.pathname.startsWith("/settings/api_keys/")`)
		b.press(`main a[href$="/revoke"]`)
		b.until(`location.pathname.endsWith("/revoke")`)
		b.press("main form button[type=submit]")
		b.until(`location.pathname === "/settings/api_keys" && document.querySelector(".alert.good") !== null`)
	}
	for _, key := range []string{first, second} {
		err := within(w.t.Context(), func() error {
			return want(w.useAPI(http.MethodGet, accounts, key, nil), http.StatusUnauthorized, nil)
		})
		if err != nil {
			w.t.Error(err)
		}
	}
}

// revealedKey reads the key off the page that shows it.
func (b *tab) revealedKey() string {
	b.t.Helper()
	b.until(`document.querySelector("code#key") !== null`)
	key, err := ask[string](b, `document.querySelector("code#key").textContent`)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := secret.Parse(secret.APIKey, key); err != nil {
		b.t.Fatalf("the page shows no key: %v", err)
	}
	command, err := ask[string](b, `document.querySelector("#command").textContent`)
	if err != nil || !strings.Contains(command, `-H "X-Api-Key: $LATCHKEY_API_KEY"`) || strings.Contains(command, key) {
		b.t.Errorf("the page shows no command that reads the key from the environment: %q, %v", command, err)
	}
	return key
}

// copiesTheKey presses the copy button and reads the clipboard.
func (w *world) copiesTheKey(b *tab, key string) {
	for _, permission := range []string{"clipboard-read", "clipboard-write"} {
		grant := browser.SetPermissionParams{
			Permission: &browser.PermissionDescriptor{Name: permission}, Setting: browser.PermissionSettingGranted, Origin: w.Auth.URL,
		}
		if _, err := chromedp.Call(b.ctx, browser.SetPermission, grant); err != nil {
			w.t.Fatal(err)
		}
	}
	b.press("button[data-copy=key]")
	b.until(`document.querySelector("button[data-copy=key]").textContent === "Copied" && document.querySelector("#said[aria-live]").textContent === "Copied"`)
	if _, err := ask[bool](b, `navigator.clipboard.readText().then(text => { window.pasted = text }), true`); err != nil {
		w.t.Fatal(err)
	}
	b.until(fmt.Sprintf("window.pasted === %q", key))
}

// picture takes the page as it is, in both sizes and colour schemes, when
// SCREENSHOTS names a folder.
func (b *tab) picture(name string) {
	b.t.Helper()
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		return
	}
	for _, scheme := range []string{"light", "dark"} {
		media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
		if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, media); err != nil {
			b.t.Fatal(err)
		}
		for size, width := range map[string]int64{"phone": 390, "desktop": 1280} {
			b.run(chromedp.EmulateViewport(width, 844))
			shot, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
			if err != nil {
				b.t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%s-%s.png", name, size, scheme)), shot, 0o600); err != nil {
				b.t.Fatal(err)
			}
		}
	}
	b.run(chromedp.EmulateViewport(1280, 900)) // as it was
}
