//go:build browser

package e2e

import (
	"testing"

	"github.com/chromedp/chromedp"

	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

// TestBrowserChoosesHowPagesLook walks the link at the foot of a page: without scripts
// as a stranger, and as a person whose times are then those of the place.
func TestBrowserChoosesHowPagesLook(t *testing.T) {
	t.Parallel()
	chromium(t)
	w := &world{Stack: sharedStack(t, testenv.Embedded), t: t}
	b := openTab(t).withoutScripts()
	b.visit(w.Auth.URL + "/signin")
	b.press(`.foot a[href^="/preferences"]`)
	b.arrive("/preferences")
	b.choose("theme", "Dark")
	b.choose("language", "Deutsch")
	b.press("main form button[type=submit]")
	b.arrive("/signin")
	b.until(`document.documentElement.lang === "de" && getComputedStyle(document.body).backgroundColor === "rgb(15, 20, 18)"`)

	p := actor.NewPerson(w.Auth.URL)
	b.signUp(w, p)
	b.visit(w.Auth.URL + "/preferences")
	b.choose("time_zone", "Asia/Kolkata")
	b.press("main form button[type=submit]")
	b.until(`document.querySelector("[role=status]") !== null`)
	b.visit(w.Auth.URL + "/settings/signins")
	b.until(`document.querySelector("main time").title.includes("IST") && document.querySelector(".foot").textContent.includes("Asia/Kolkata")`)
}

// choose types the first letters of an option's words, as a keyboard does.
func (b *tab) choose(name, words string) {
	b.t.Helper()
	b.tabTo("select[name=" + name + "]")
	b.run(chromedp.KeyEvent(words)) // a list takes keys, and no text that comes at once
}

// TestBrowserShowsAPassword: the word turns the field into text and back, and what is
// sent was a password again.
func TestBrowserShowsAPassword(t *testing.T) {
	t.Parallel()
	chromium(t)
	w := &world{Stack: sharedStack(t, testenv.Embedded), t: t}
	p := w.person()
	b := openTab(t)
	b.visit(w.Auth.URL + "/signin")
	b.typeIn("input[name=email]", p.Email)
	b.typeIn("input[name=password]", p.Password)
	b.press("button[data-reveal=password]")
	b.until(`document.getElementById("password").type === "text" && document.activeElement.id === "password" && document.querySelector("[data-reveal]").textContent.startsWith("Hide")`)
	b.press("form[action='/signin'] button[type=submit]")
	b.until("location.pathname !== '/signin'")

	off := openTab(t).withoutScripts()
	off.visit(w.Auth.URL + "/signin")
	off.until(`document.querySelector("[data-reveal]").hidden`)
}
