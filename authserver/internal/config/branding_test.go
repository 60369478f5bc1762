package config_test

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/authserver/internal/config"
)

func logoFile(t *testing.T, name string, width, height int, noise bool) string {
	t.Helper()
	drawn := image.NewNRGBA(image.Rect(0, 0, width, height))
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a picture
	for i := range drawn.Pix {
		drawn.Pix[i] = 200
		if noise {
			drawn.Pix[i] = uint8(r.UintN(256)) //nolint:gosec // below 256
		}
	}
	drawn.SetNRGBA(0, 0, color.NRGBA{A: 255})
	var b bytes.Buffer
	if err := png.Encode(&b, drawn); err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(name, ".jpg") {
		b.Reset()
		if err := jpeg.Encode(&b, drawn, nil); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTheBranding(t *testing.T) {
	plain, err := config.Read(nil)
	if err != nil || plain.Branding.Name != "Latchkey" || plain.Branding.Colours != nil || plain.Branding.Logo != nil {
		t.Errorf("%+v, %v", plain.BrandingSettings, err)
	}
	c, err := config.Read(map[string]string{
		"AUTH_NAME": "Haus Nagy", "AUTH_COLOUR": "#7a1fa2", "AUTH_LOGO": logoFile(t, "logo.jpg", 1000, 200, false),
		"AUTH_LOGO_DARK": logoFile(t, "dark.png", 20, 20, false), "AUTH_TERMS_URL": "https://example.com/terms", "AUTH_SUPPORT_URL": "mailto:help@example.com",
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.Branding.Colours.Light.Accent.String() != "#7a1fa2" || c.Branding.Links.Support != "mailto:help@example.com" || c.Branding.Logo.Width != 280 || c.Branding.Logo.Height != 56 || c.Branding.LogoDark.Width != 20 {
		t.Errorf("%+v", c.BrandingSettings)
	}
}

// TestABrandingThatCannotBeShown is one sentence each, at start.
func TestABrandingThatCannotBeShown(t *testing.T) {
	svg := filepath.Join(t.TempDir(), "logo.png")
	if err := os.WriteFile(svg, []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, values := range map[string][]string{
		"AUTH_NAME":        {"<b>", " x", strings.Repeat("x", 33)},
		"AUTH_COLOUR":      {"#ffcc00", "red"},
		"AUTH_COLOUR_DARK": {"#74cfc1"},
		"AUTH_LOGO":        {svg, "/nowhere/at/all.png", t.TempDir(), logoFile(t, "noise.png", 320, 56, true)},
		"AUTH_LOGO_DARK":   {logoFile(t, "dark.png", 20, 20, false)},
		"AUTH_TERMS_URL":   {"javascript:alert(1)", "/terms"},
		"AUTH_PRIVACY_URL": {"mailto:me@example.com"},
		"AUTH_SUPPORT_URL": {"tel:1"},
	} {
		for _, value := range values {
			_, err := config.Read(map[string]string{name: value})
			if err == nil || !strings.Contains(err.Error(), name+": ") || strings.Count(err.Error(), "\n") > 1 {
				t.Errorf("%s=%s: %v", name, value, err)
			}
		}
	}
}
