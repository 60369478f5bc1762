//go:build browser

package e2e

import (
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// tourDocs opens the pages about both APIs.
func (w *world) tourDocs(b *tab, look func(page string)) {
	auth, api := w.Auth.URL+"/docs/auth", w.API().URL+"/docs"
	for _, at := range [][2]string{
		{"docs-auth", auth},
		{"docs-token", auth + "/token"},
		{"docs-authorize", auth + "/authorize"},
		{"docs-decide", auth + "/decide"},
		{"docs-gone", auth + "/nothing"},
		{"docs-api", api},
		{"docs-list", api + "/listTransactions"},
		{"docs-create", api + "/createTransactions"},
		{"docs-delete", api + "/deleteTag"},
		{"docs-search", api + "?q=account"},
		{"docs-search-empty", api + "?q=" + strings.Repeat("nothing", 12)},
	} {
		b.visit(at[1])
		look(at[0])
	}
}

// TestBrowserDocsAreAccessible in both schemes and on every width, and small enough.
func TestBrowserDocsAreAccessible(t *testing.T) {
	t.Parallel()
	axe, err := os.ReadFile("testdata/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	w, b := newTour(t), openTab(t)
	w.tourDocs(b, func(page string) {
		b.measure(page)
		if _, err := ask[bool](b, string(axe)+";true"); err != nil {
			t.Fatalf("%s: %v", page, err)
		}
		b.inBothSchemes(page, "light", "dark", 390)
		b.inBothSchemes(page, "light", "dark", 1280)
		b.reflows(page)
	})
	b.speaking("de")
	w.tourDocs(b, func(page string) {
		if language, err := ask[string](b, "document.documentElement.lang"); err != nil || language != "de" {
			t.Errorf("%s is in %q: %v", page, language, err)
		}
		b.reflows(page)
	})
}

// TestBrowserDocsByKeyboard and with scripts off: every link is reached, the search is a
// form, and the languages of samples are chosen.
func TestBrowserDocsByKeyboard(t *testing.T) {
	t.Parallel()
	w := newTour(t)
	b := openTab(t).withoutScripts()
	w.tourDocs(b, func(page string) { b.walk(page) })
	b.visit(w.API().URL + "/docs")
	b.typeIn("input[name=q]", "holiday tag")
	b.press("main form button[type=submit]")
	b.until(`location.search === "?q=holiday+tag" && document.querySelector(".card.empty") !== null`)
	b.visit(w.API().URL + "/docs/listTags")
	b.tabTo("input[value=curl]")
	b.run(chromedp.KeyEvent(kb.ArrowRight))
	b.until(`document.getElementById("sample-Python").checkVisibility() && !document.getElementById("sample-curl").checkVisibility()`)
}

// TestBrowserDocsComforts: what is found changes as one types, and the language that was
// chosen is that of the next sample.
func TestBrowserDocsComforts(t *testing.T) {
	t.Parallel()
	w, b := newTour(t), openTab(t)
	for _, index := range []string{w.API().URL + "/docs", w.Auth.URL + "/docs/auth"} {
		b.visit(index)
		if _, err := ask[bool](b, `window.stays = true`); err != nil {
			t.Fatal(err)
		}
		b.typeIn("input[name=q]", "sync")
		b.until(`window.stays && location.search === "?q=sync" && document.getElementById("count") !== null && document.getElementById("said").textContent !== ""`)
		b.press("#results a")
		b.until(`document.readyState === "complete" && !window.stays`)
	}
	b.visit(w.API().URL + "/docs/listTags")
	b.tabTo("input[value=curl]")
	b.run(chromedp.KeyEvent(kb.ArrowRight), chromedp.KeyEvent(kb.ArrowRight))
	b.visit(w.API().URL + "/docs/showTag")
	b.until(`document.getElementById("sample-JavaScript").checkVisibility() && !document.getElementById("sample-curl").checkVisibility()`)
}

// TestBrowserPagesOnPaper: what is printed is light, has nothing to press, and shows what
// is folded on the screen.
func TestBrowserPagesOnPaper(t *testing.T) {
	t.Parallel()
	w, b := newTour(t), openTab(t)
	b.visit(w.Auth.URL + "/preferences")
	b.choose("theme", "Dark")
	b.press("main form button[type=submit]")
	b.until(`document.querySelector("meta[name=color-scheme]").content === "dark"`)
	for _, at := range []string{w.Auth.URL + "/docs/auth", w.Auth.URL + "/docs/auth/token", w.API().URL + "/docs/listTransactions"} {
		b.visit(at)
		if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"}); err != nil {
			t.Fatal(err)
		}
		wrong, err := ask[string](b, `JSON.stringify({
			pressed: [...document.querySelectorAll("nav, button, form, .foot")].filter(e => e.checkVisibility()).map(e => e.outerHTML.slice(0, 80)),
			folded: [...document.querySelectorAll("main details > :not(summary)")].filter(e => !e.checkVisibility()).length,
			cut: [...document.querySelectorAll("pre")].filter(e => e.scrollWidth > e.clientWidth).length,
			ground: getComputedStyle(document.body).backgroundColor, ink: getComputedStyle(document.body).color,
		})`)
		if want := `{"pressed":[],"folded":0,"cut":0,"ground":"rgb(255, 255, 255)","ink":"rgb(25, 32, 29)"}`; err != nil || wrong != want {
			t.Errorf("%s on paper: %v %s", at, err, wrong)
		}
		if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{}); err != nil {
			t.Fatal(err)
		}
	}
}
