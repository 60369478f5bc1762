package web_test

import (
	"strings"
	"testing"

	"latchkey/authserver/internal/places"
	"latchkey/authserver/internal/places/placestest"
	"latchkey/authserver/internal/web"
)

// Sign-ins and activity name the place of an address.
func TestPagesNameThePlaceOfASignin(t *testing.T) {
	t.Parallel()
	known, err := places.Open(placestest.File(t))
	if err != nil {
		t.Fatal(err)
	}
	eachSite(t, func(t *testing.T, s *site) {
		p := signedUp(t, s)
		s.many(t, 1, `UPDATE signins SET address = '203.0.113.9'`, func(int) []any { return nil })
		s.many(t, 1, `UPDATE events SET address = '203.0.113.9'`, func(int) []any { return nil })
		for _, path := range []string{"/", "/settings/signins", "/settings/activity", "/settings/activity?q=lisbon"} {
			if text := open(t, p.Browser, path).Text(); !strings.Contains(text, "Lisbon, Portugal (203.0.113.9)") {
				t.Errorf("%s: %s", path, text)
			}
		}
	}, func(_ *site, d *web.Dependencies) { d.Places = known })
}
