//go:build browser

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

const maxPage = 60_000 // bytes of a page with all it loads

// TestBrowserPagesAreAccessible runs axe on every page, in both colour schemes,
// on a phone and a desktop, and measures what each loads and whether it shifts.
func TestBrowserPagesAreAccessible(t *testing.T) {
	t.Parallel()
	axe, err := os.ReadFile("testdata/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	w := newTour(t)
	b := openTab(t)
	b.visit(w.Auth.URL + "/")
	if _, err := ask[bool](b, string(axe)+`;document.querySelector("main").append(document.createElement("button")), true`); err != nil {
		t.Fatal(err)
	}
	if found := b.axeFindings("a page with a nameless button"); len(found) != 1 || found[0].ID != "button-name" {
		t.Fatalf("axe finds %v where a button has no name", found)
	}
	w.tour(b, func(page string) {
		b.measure(page)
		if _, err := ask[bool](b, string(axe)+";true"); err != nil {
			t.Fatalf("%s: %v", page, err)
		}
		b.inBothSchemes(page, "light", "dark", 390)
		b.inBothSchemes(page, "dark", "light", 1280)
		b.reflows(page)
		b.emulate("light", 320)
		b.runAxe(page, "light", 320)
		b.emulate("light", 1280)
	})
}

// inBothSchemes runs axe in one colour scheme, and of its rules those about colours in
// the other, where everything stands at the same place.
func (b *tab) inBothSchemes(page, first, second string, width int64) {
	b.t.Helper()
	b.emulate(first, width)
	b.runAxe(page, first, width)
	b.fits(page, width)
	places := b.places(page)
	b.emulate(second, width)
	b.runAxe(page, second, width, "color-contrast", "link-in-text-block")
	if b.places(page) != places {
		b.t.Errorf("%s: %d pixels wide, not everything stands where it does in the other colours", page, width)
	}
}

// places says where everything is that can be seen.
func (b *tab) places(page string) string {
	b.t.Helper()
	places, err := ask[string](b, `[...document.querySelectorAll("body *")].filter(e => e.checkVisibility({visibilityProperty: true, opacityProperty: true}))
		.map(e => { const r = e.getBoundingClientRect(); return [e.tagName, r.x, r.y, r.width, r.height].join(" ") }).join()`)
	if err != nil || places == "" {
		b.t.Fatalf("%s: nothing can be seen: %v", page, err)
	}
	return places
}

// fits refuses a page that has to be scrolled sideways.
func (b *tab) fits(page string, width int64) {
	b.t.Helper()
	wide, err := ask[string](b, `document.documentElement.scrollWidth <= innerWidth ? "" : [...document.querySelectorAll("body *")]
		.filter(e => e.checkVisibility() && e.getBoundingClientRect().right > innerWidth + 1).slice(0, 3).map(e => e.outerHTML.slice(0, 120)).join("; ") || "something"`)
	if err != nil || wide != "" {
		b.t.Errorf("%s is wider than %d pixels: %v, %v", page, width, wide, err)
	}
}

// reflows holds a page to WCAG 2.2, 1.4.4 and 1.4.10: 320 pixels are enough, and so is
// the page of a desktop, and of a phone, with text twice as large.
func (b *tab) reflows(page string) {
	b.t.Helper()
	b.emulate("light", 320)
	b.fits(page, 320)
	b.showsWholeTables(page)
	b.showsCharts(page, 320)
	b.keepsWordsWhole(page)
	for _, width := range []int64{1280, 390} {
		b.emulate("light", width)
		if _, err := ask[bool](b, `document.documentElement.style.fontSize = "200%", true`); err != nil {
			b.t.Fatalf("%s: %v", page, err)
		}
		b.fits(page+" with text at 200 %", width)
		b.showsCharts(page+" with text at 200 %", width)
		if _, err := ask[bool](b, `document.documentElement.style.fontSize = "", true`); err != nil {
			b.t.Fatalf("%s: %v", page, err)
		}
	}
	b.emulate("light", 1280)
}

// showsWholeTables refuses a table that has to be scrolled sideways.
func (b *tab) showsWholeTables(page string) {
	b.t.Helper()
	cut, err := ask[string](b, `[...document.querySelectorAll(".scroll")].filter(e => e.checkVisibility() && e.scrollWidth > e.clientWidth)
		.map(e => e.scrollWidth + " of " + e.clientWidth + ": " + e.innerText.slice(0, 80)).join("; ")`)
	if err != nil || cut != "" {
		b.t.Errorf("%s cuts tables: %v, %v", page, cut, err)
	}
}

// keepsWordsWhole refuses a word of ours that goes on in the next line without a hyphen.
// Names, addresses and code may break anywhere.
func (b *tab) keepsWordsWhole(page string) {
	b.t.Helper()
	broken, err := ask[string](b, `(() => {
		const found = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), range = document.createRange();
		for (let text; text = texts.nextNode();) {
			if (!text.parentElement.checkVisibility() || text.parentElement.closest("code, pre, bdi, svg, script, .sr")) continue;
			for (const word of text.data.matchAll(/\S+/g)) {
				if (/[^\p{L}\p{P}\u00ad]|[@/_]|\p{L}[.:]\p{L}/u.test(word[0])) continue;
				for (const part of word[0].matchAll(/(?<!\p{L})\p{L}{2,30}(?!\p{L})/gu)) {
					const hyphenated = word[0][part.index - 1] === "\u00ad" ? 1 : 0; // whose hyphen counts as before its first letter
					range.setStart(text, word.index + part.index + hyphenated);
					range.setEnd(text, word.index + part.index + part[0].length);
					if (new Set([...range.getClientRects()].map(r => Math.round(r.top))).size > 1) found.push(part[0] + " in " + text.parentElement.outerHTML.slice(0, 80));
				}
			}
		}
		return found.join("; ");
	})()`)
	if err != nil || broken != "" {
		b.t.Errorf("%s breaks words: %v, %v", page, broken, err)
	}
}

// TestBrowserPagesInGerman: words are longer there, and just as accessible.
func TestBrowserPagesInGerman(t *testing.T) {
	t.Parallel()
	axe, err := os.ReadFile("testdata/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	w := newTour(t)
	b := openTab(t).speaking("de")
	w.tour(b, func(page string) {
		if language, err := ask[string](b, "document.documentElement.lang"); err != nil || language != "de" {
			t.Errorf("%s is in %q: %v", page, language, err)
		}
		b.reflows(page)
		if _, err := ask[bool](b, string(axe)+";true"); err != nil {
			t.Fatalf("%s: %v", page, err)
		}
		b.inBothSchemes(page, "dark", "light", 320)
		b.emulate("light", 1280)
	})
}

func (b *tab) emulate(scheme string, width int64) {
	b.t.Helper()
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, media); err != nil {
		b.t.Fatal(err)
	}
	b.run(chromedp.EmulateViewport(width, 844))
}

type violation struct {
	ID    string   `json:"id"`
	Help  string   `json:"help"`
	Nodes []string `json:"nodes"`
}

func (b *tab) runAxe(page, scheme string, width int64, rules ...string) {
	b.t.Helper()
	for _, v := range b.axeFindings(page, rules...) {
		b.t.Errorf("%s (%s, %d): %s: %s: %s", page, scheme, width, v.ID, v.Help, brief(v.Nodes))
	}
}

// axeFindings returns what breaks WCAG 2.2 AA, or a practice axe recommends; or only
// what breaks some of axe's rules.
func (b *tab) axeFindings(page string, rules ...string) []violation {
	b.t.Helper()
	only := []string{"wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"}
	if len(rules) > 0 {
		only = rules
	}
	raw, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](fmt.Sprintf(`axe.run(document, {
		runOnly: ["%s"], resultTypes: ["violations"],
	}).then(r => JSON.stringify(r.violations.map(v => ({id: v.id, help: v.help, nodes: v.nodes.map(n => n.html.slice(0, 160))}))))`,
		strings.Join(only, `", "`)), chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: axe: %v", page, err)
	}
	var found []violation
	if err := json.Unmarshal([]byte(raw), &found); err != nil {
		b.t.Fatalf("%s: axe: %v", page, err)
	}
	return found
}

// measure refuses a page that is large, asks another origin for something, or
// moves while it loads.
func (b *tab) measure(page string) {
	b.t.Helper()
	raw, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`new Promise(done => {
		const loaded = performance.getEntriesByType("resource");
		const report = shift => done(JSON.stringify({
			size: new Blob([document.documentElement.outerHTML]).size + loaded.reduce((sum, r) => sum + r.decodedBodySize, 0),
			foreign: loaded.map(r => r.name).filter(name => new URL(name).origin !== location.origin), shift,
		}));
		let shift = 0;
		new PerformanceObserver(list => { for (const e of list.getEntries()) if (!e.hadRecentInput) shift += e.value; })
			.observe({type: "layout-shift", buffered: true});
		setTimeout(() => report(shift), 50);
	})`, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", page, err)
	}
	var got struct {
		Size    int      `json:"size"`
		Foreign []string `json:"foreign"`
		Shift   float64  `json:"shift"`
	}
	if err := json.Unmarshal([]byte(raw), &got); err != nil {
		b.t.Fatalf("%s: %v", page, err)
	}
	if got.Size > maxPage || len(got.Foreign) > 0 || got.Shift > 0.01 {
		b.t.Errorf("%s: %d bytes, from other origins %v, layout shift %.3f", page, got.Size, got.Foreign, got.Shift)
	}
}

// TestBrowserPagesByKeyboard walks every page with the Tab key and scripts off:
// each link, field and button is reached, and shows that it is.
func TestBrowserPagesByKeyboard(t *testing.T) {
	t.Parallel()
	w := newTour(t)
	b := openTab(t).withoutScripts()
	w.tour(b, func(page string) { b.walk(page) })
}

// reachables lists what a keyboard must reach: what is visible and can be
// operated. Of radio buttons with one name, one is enough.
const reachables = `[...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']")]
	.filter(e => e.checkVisibility() && !e.disabled && !(e.type === "radio" && !e.checked && document.querySelector("[name='" + e.name + "']:checked")))`

func (b *tab) walk(page string) {
	b.t.Helper()
	type report struct {
		Faint, Missed []string
	}
	if _, err := ask[bool](b, `document.activeElement?.blur(), window.scrollTo(0, 0), window.seen = new Set(), window.faint = [], window.all = `+reachables+`, true`); err != nil {
		b.t.Fatalf("%s: %v", page, err)
	}
	want, err := ask[int](b, "all.length")
	if err != nil {
		b.t.Fatalf("%s: %v", page, err)
	}
	for range want + 4 { // the ends of the page may be stops of their own
		b.run(chromedp.KeyEvent(kb.Tab))
		if _, err := ask[bool](b, `(() => {
			const e = document.activeElement, s = getComputedStyle(e);
			seen.add(e);
			if (all.includes(e) && !e.closest(".skip") && s.outlineStyle === "none") faint.push(e.outerHTML.slice(0, 120));
			return true;
		})()`); err != nil {
			b.t.Fatalf("%s: %v", page, err)
		}
	}
	raw, err := ask[string](b, `JSON.stringify({Faint: faint, Missed: all.filter(e => !seen.has(e)).map(e => e.outerHTML.slice(0, 120))})`)
	if err != nil {
		b.t.Fatalf("%s: %v", page, err)
	}
	var got report
	if err := json.Unmarshal([]byte(raw), &got); err != nil {
		b.t.Fatalf("%s: %v", page, err)
	}
	if len(got.Missed) > 0 || len(got.Faint) > 0 || want == 0 {
		b.t.Errorf("%s: %d to reach; not reached: %s; focus not shown: %s", page, want, brief(got.Missed), strings.TrimSpace(brief(got.Faint)))
	}
}
