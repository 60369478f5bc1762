package web_test

import (
	"strings"
	"testing"
	"time"

	"latchkey/pkg/keyuse"
	"latchkey/pkg/testenv/actor"
)

// wantText fails for each of texts that page does not say.
func wantText(t *testing.T, page *actor.Page, texts ...string) {
	t.Helper()
	for _, want := range texts {
		if !strings.Contains(page.Text(), want) {
			t.Errorf("%s does not say %q: %s", page.URL, want, page.Text())
		}
	}
}

// Home says how things stand, and what waits, instead of repeating the menu.
func TestE3_HomeSaysHowThingsStand(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		p := signedUp(t, s)
		wantText(t, open(t, p.Browser, "/"), "Only your password protects this account", "This browser", "You have no API keys yet. Create API key", "No application has access.",
			"Recent activity")
		_, path := makeKey(t, p.Browser, "Nightly export")
		now := s.clock.now().UTC()
		use := keyuse.Use{ID: path[strings.LastIndex(path, "/")+1:], At: now, From: "192.0.2.7", Hour: now.Truncate(time.Hour), Count: 100}
		if err := s.Store.StampUses(t.Context(), []keyuse.Use{use}); err != nil {
			t.Fatal(err)
		}
		page := open(t, p.Browser, "/")
		wantText(t, page, "Nightly export has reached its limit", "100 of 100", "just now")
		if !strings.Contains(page.Body, `href="`+path+`"`) || strings.Contains(page.Body, "tiles") {
			t.Errorf("home leads nowhere: %s", page.Body)
		}
		wantText(t, page, "You created the API key Nightly export")
		s.turnOn(t, p)
		page = open(t, p.Browser, "/")
		wantText(t, page, "Recovery codes left: 10")
		if strings.Contains(page.Text(), "Only your password") {
			t.Errorf("with a second factor: %s", page.Text())
		}
	}, withKeys)
}
