package e2e

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"strings"
	"testing"

	"latchkey/pkg/testenv/actor"
)

// aLogo is a picture of side pixels: a ring on nothing.
func aLogo(t *testing.T, side int) []byte {
	t.Helper()
	drawn, middle := image.NewNRGBA(image.Rect(0, 0, side, side)), float64(side)/2
	for x := range side {
		for y := range side {
			dx, dy := (float64(x)-middle)/middle, (float64(y)-middle)/middle
			if far := dx*dx + dy*dy; far < 0.95 && far > 0.3 {
				drawn.SetNRGBA(x, y, color.NRGBA{R: 63, G: 95, B: 168, A: 255})
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, drawn); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestANamedLogoIsKeptAndNotLinked: a client is told which address was kept, a
// registration with another one is another client, and no page has the address.
func TestANamedLogoIsKeptAndNotLinked(t *testing.T) {
	registers(t, func(w *world) {
		const address = "https://cdn.example/known-brand.png"
		plain, named := w.register(native(nil), ""), w.register(native(members{"logo_uri": address}), "")
		wantStatus(w.t, named, http.StatusCreated)
		if named.Text("logo_uri") != address || named.Text("client_id") == plain.Text("client_id") || plain.JSON("logo_uri") != nil {
			w.t.Errorf("%s %s", plain, named)
		}
		if again := w.register(native(members{"logo_uri": address}), ""); again.Text("client_id") != named.Text("client_id") {
			w.t.Errorf("an equal registration is another client: %s", again)
		}
		if left := w.register(native(members{"logo_uri": "http://127.0.0.1/logo.png"}), ""); left.JSON("logo_uri") != nil || left.Text("client_id") != plain.Text("client_id") {
			w.t.Errorf("%s", left)
		}
		app := &actor.App{Issuer: w.Auth.URL, Client: actor.Credential{ID: named.Text("client_id")}, RedirectURI: loopbackCallback}
		p := w.person()
		page, err := p.Browser.Get(w.t.Context(), app.AuthorizeURL(actor.NewPKCE(), "read", "s", nil))
		if err != nil {
			w.t.Fatal(err)
		}
		if page.Status != http.StatusOK || strings.Contains(page.Body, "cdn.example") || strings.Contains(page.Body, "/logos/") {
			w.t.Errorf("%d %s", page.Status, page.Text())
		}
	})
}
