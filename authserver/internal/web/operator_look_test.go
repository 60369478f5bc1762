package web_test

import (
	"net/http"
	"strings"
	"testing"

	"latchkey/authserver/internal/web"
	"latchkey/pkg/branding"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

// lookPage is what an operator of an instance sees of its look, and the stylesheet with the
// colours of both schemes.
func lookPage(t *testing.T, look func(s *site, d *web.Dependencies)) (page *actor.Page, style string) {
	t.Helper()
	s := newSite(t, testenv.Embedded, settings(), withOperator, look)
	page = open(t, signedUp(t, s).Browser, "/operator/look")
	for _, link := range assetLink.FindAllStringSubmatch(page.Body, -1) {
		if link[2] == "look.css" {
			style = read(t, get(t, s.URL+link[1]))
		}
	}
	if page.Status != http.StatusOK || strings.Contains(page.Body, "style=") {
		t.Errorf("%d, or a style that no browser follows", page.Status)
	}
	return page, style
}

func wantTimes(t *testing.T, text string, want map[string]int) {
	t.Helper()
	for words, times := range want {
		if n := strings.Count(text, words); n != times {
			t.Errorf("%d times %q, not %d: %s", n, words, times, text)
		}
	}
}

func wantStyle(t *testing.T, style, light, dark string) {
	t.Helper()
	if !strings.Contains(style, ".scheme-light{--accent:"+light+";") || !strings.Contains(style, ".scheme-dark{--accent:"+dark+";") {
		t.Errorf("the preview is not in %s and %s: %s", light, dark, style)
	}
}

// Where nothing is set, the page says what is shown instead, and what would change it.
func TestLookOfAPlainInstance(t *testing.T) {
	t.Parallel()
	page, style := lookPage(t, func(*site, *web.Dependencies) {})
	wantTimes(t, page.Text(), map[string]int{
		"None is set: this is our sign.": 1, "None of their own.": 1, "No link at the foot of pages.": 3, "Our colours": 2, "#17615a": 1, "#74cfc1": 1,
		"Contrast 6.4 : 1, at least 4.5 : 1": 1, "Lightened": 0, "As set": 0, "Deutsch, English": 1,
		"Set by AUTH_NAME": 1, "Set by AUTH_LOGO": 2, "Set by AUTH_LOGO_DARK": 1, "Set by AUTH_COLOUR": 2, "Set by AUTH_COLOUR_DARK": 1,
		"Set by AUTH_TERMS_URL": 1, "Set by AUTH_PRIVACY_URL": 1, "Set by AUTH_SUPPORT_URL": 1, "takes effect when the server starts again": 1,
	})
	wantStyle(t, style, "#17615a", "#74cfc1")
}

func TestLookOfAnInstanceWithEverythingSet(t *testing.T) {
	t.Parallel()
	page, style := lookPage(t, ownBranding(t, 56))
	wantTimes(t, page.Text(), map[string]int{
		"As set": 2, "as AUTH_COLOUR has it": 1, "as AUTH_COLOUR_DARK has it": 1, "#7a1fa2": 2, "#d7a6ee": 2, "None": 0, "No link": 0, "Our colours": 0,
		"https://example.com/terms": 1, "https://example.com/privacy": 1, "mailto:help@example.com": 1, "Haus Nagy & Söhne": 5,
	})
	// The picture for dark pages is shown on a dark ground, whatever the reader's pages are.
	if n := strings.Count(page.Body, "logo-dark.png"); n != 3 {
		t.Errorf("the dark logo is there %d times", n)
	}
	wantStyle(t, style, "#7a1fa2", "#d7a6ee")
}

// A colour that is too weak on dark pages is lightened there, and the page says so.
func TestLookOfAColourThatIsTooWeakOnDarkPages(t *testing.T) {
	t.Parallel()
	colours, onLight, onDark := branding.Check("#7a1fa2", "")
	if onLight != nil || onDark != nil {
		t.Fatal(onLight, onDark)
	}
	weak := func(_ *site, d *web.Dependencies) { d.Branding = branding.Branding{Name: "x", Colours: colours} }
	page, style := lookPage(t, weak)
	bright := colours.Dark.Accent.String()
	wantTimes(t, page.Text(), map[string]int{"As set": 1, "Lightened": 1, "#7a1fa2": 2, bright: 2, "would only have 1.8 : 1 here": 1})
	wantStyle(t, style, "#7a1fa2", bright)
}
