package web_test

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"latchkey/authserver/internal/web"
	"latchkey/pkg/branding"
	"latchkey/pkg/picture"
	"latchkey/pkg/testenv"
)

// ownBranding is an instance that looks like nobody else's.
func ownBranding(t *testing.T, width int) func(s *site, d *web.Dependencies) {
	t.Helper()
	colours, onLight, onDark := branding.Check("#7a1fa2", "#d7a6ee")
	if onLight != nil || onDark != nil {
		t.Fatal(onLight, onDark)
	}
	logo := func(side int) *branding.Logo {
		drawn, err := picture.Fit(dot(t, side, 56), 320, 56)
		if err != nil {
			t.Fatal(err)
		}
		return &branding.Logo{Picture: *drawn}
	}
	return func(_ *site, d *web.Dependencies) {
		d.Branding = branding.Branding{
			Name: "Haus Nagy & Söhne", Colours: colours, Logo: logo(width), LogoDark: logo(width - 1),
			Links: branding.Links{Terms: "https://example.com/terms", Privacy: "https://example.com/privacy", Support: "mailto:help@example.com"},
		}
	}
}

var assetLink = regexp.MustCompile(`(?:href|src|srcset)="(/assets/[0-9a-f]+/([^"]+))"`)

func TestTheBrandingOfTheInstance(t *testing.T) {
	for width, alt := range map[int]string{200: `alt="Haus Nagy &amp; Söhne"`, 56: `alt=""`} {
		icon := map[int]string{200: "icon.svg", 56: "logo-light.png"}[width]
		s := newSite(t, testenv.Embedded, settings(), ownBranding(t, width))
		body := read(t, get(t, s.URL+"/signin"))
		for _, want := range []string{
			"· Haus Nagy &amp; Söhne</title>", alt,
			`href="https://example.com/terms"`, `href="https://example.com/privacy"`, `href="mailto:help@example.com"`,
		} {
			if !strings.Contains(body, want) {
				t.Errorf("no %s", want)
			}
		}
		if strings.Contains(body, "Latchkey") || strings.Contains(body, "<span>Haus Nagy") != (width == 56) {
			t.Error("the name is not where it should be")
		}
		found := map[string]string{}
		for _, link := range assetLink.FindAllStringSubmatch(body, -1) {
			found[link[2]] = link[1]
		}
		if !regexp.MustCompile(`<link rel="icon" type="image/[a-z+]+" href="/assets/[0-9a-f]+/` + icon + `">`).MatchString(body) {
			t.Errorf("%d pixels wide, the icon of the window is not %s", width, icon)
		}
		wanted := map[string]string{"app.css": "--accent: #7a1fa2", "dark.css": "--accent: #d7a6ee", "logo-light.png": "\x89PNG", "logo-dark.png": "\x89PNG"}
		if icon == "icon.svg" {
			wanted[icon] = "#7a1fa2"
		}
		for name, want := range wanted {
			res := get(t, s.URL+found[name])
			if served := read(t, res); res.StatusCode != http.StatusOK || !strings.Contains(served, want) {
				t.Errorf("%s: %d", name, res.StatusCode)
			} else if _, err := png.Decode(bytes.NewReader([]byte(served))); strings.HasSuffix(name, ".png") && (err != nil || res.Header.Get("Content-Type") != "image/png") {
				t.Errorf("%s: %v, %v", name, err, res.Header)
			}
		}
	}
}

// TestPlainBranding: without settings there is our sign and nothing to lead away.
func TestPlainBranding(t *testing.T) {
	s := newSite(t, testenv.Embedded, settings())
	page := read(t, get(t, s.URL+"/signin"))
	if strings.Contains(page, "<img") || strings.Contains(page, "<picture") || !strings.Contains(page, "<span>Latchkey</span>") || strings.Contains(page, "https://example.com") {
		t.Error(page)
	}
}

// dot is a picture of one colour.
func dot(t *testing.T, width, height int) []byte {
	t.Helper()
	drawn := image.NewNRGBA(image.Rect(0, 0, width, height))
	draw.Draw(drawn, drawn.Rect, image.NewUniform(color.NRGBA{R: 200, G: 30, B: uint8(width), A: 255}), image.Point{}, draw.Src) //nolint:gosec // a colour
	var b bytes.Buffer
	if err := png.Encode(&b, drawn); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func read(t *testing.T, res *http.Response) string {
	t.Helper()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// noise is a picture that cannot be packed.
func noise(t *testing.T, side int) []byte {
	t.Helper()
	drawn, state := image.NewNRGBA(image.Rect(0, 0, side, side)), uint32(1)
	for i := range drawn.Pix {
		state = state*1664525 + 1013904223
		drawn.Pix[i] = uint8(state >> 24) //nolint:gosec // a colour
	}
	var b bytes.Buffer
	if err := png.Encode(&b, drawn); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
