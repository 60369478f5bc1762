//go:build browser

package e2e

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

// TestBrowserOperatorMenus opens the menu of a person in the list by keyboard, and follows it
// to the page that asks, with scripts on and off.
func TestBrowserOperatorMenus(t *testing.T) {
	chromium(t)
	ownWorld(t, stack.Setup{}, func(w *world) {
		boss := actor.NewPerson(w.Auth.URL)
		openTab(w.t).signUp(w, boss)
		w.person()
		for _, scripts := range []string{"scripts on", "scripts off"} {
			w.t.Run(scripts, func(t *testing.T) {
				b := openBrowser(t)
				if scripts == "scripts off" {
					b = openTab(t).withoutScripts()
				}
				b.signInAs(w, boss, "/operator/people", "/operator/people")
				const others = `tbody tr:has([href$="/deactivate"]) .act`
				b.press("tbody tr:not(:has([href$='/deactivate'])) .act summary")
				b.until(`document.querySelectorAll(".act[open]").length === 1`)
				b.press(others + " summary") // one at a time
				b.until(`document.querySelectorAll(".act[open]").length === 1 && document.querySelector('` + others + `').open`)
				if scripts == "scripts on" {
					b.run(chromedp.KeyEvent(kb.Escape))
					b.until(`document.querySelector(".act[open]") === null && document.activeElement.matches(".act summary")`)
					b.run(chromedp.KeyEvent(kb.Enter))
				}
				b.press(others + `[open] a[href$="/reset-link"]`)
				b.until(`location.pathname.endsWith("/reset-link") && document.querySelector("h1").textContent.startsWith("Create a password reset link")`)
			})
		}
	})
}

// TestBrowserConfirmsALongName: a name without a blank breaks on the button as in the heading,
// and the page stays as wide as the phone.
func TestBrowserConfirmsALongName(t *testing.T) {
	t.Parallel()
	chromium(t)
	w := startWorld(t, testenv.Embedded, stack.Setup{})
	boss := actor.NewPerson(w.Auth.URL)
	b := openTab(t)
	b.signUp(w, boss)
	p := w.person()
	w.answer(p.Browser, "/settings/account", map[string]string{"first_name": "Maximiliana", "last_name": strings.Repeat("Hohenzollern", 6)})
	b.visit(w.Auth.URL + "/operator/people")
	b.press(`tbody tr:has([href$="/deactivate"]) .act summary`)
	b.press(`.act[open] a[href$="/deactivate"]`)
	b.until(`document.querySelector(".destroy bdi").textContent.endsWith("Hohenzollern")`)
	b.reflows("a long name")
	b.picture("operator-long-name")
}
