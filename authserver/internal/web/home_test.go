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
			"What happened lately", "Two things to look at", "Chosen on "+s.clock.now().UTC().Format("2 Jan 2006"))
		_, path := makeKey(t, p.Browser, "Nightly export")
		now := s.clock.now().UTC()
		use := keyuse.Use{ID: path[strings.LastIndex(path, "/")+1:], At: now, From: "192.0.2.7", Hour: now.Truncate(time.Hour), Count: 100, Limited: 41}
		if err := s.Store.StampUses(t.Context(), []keyuse.Use{use}); err != nil {
			t.Fatal(err)
		}
		page := open(t, p.Browser, "/")
		wantText(t, page, "Three things to look at", "Nightly export reached its limit", "Requests refused this hour: 41.", "100 of 100 this hour", "just now")
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

// A sign-in at a new browser waits on the home page until its person recognises it.
func TestHomeAsksAboutANewBrowser(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		p := signedUp(t, s)
		elsewhere, path := newSignin(t, s, p)
		page := open(t, p.Browser, "/")
		wantText(t, page, "Three things to look at", "New sign-in", "Was this you?", "New")
		if !strings.Contains(page.Body, `href="`+path+`"`) {
			t.Errorf("home does not lead to %s", path)
		}
		if text := home(t, elsewhere.Browser); strings.Contains(text, "Was this you?") {
			t.Errorf("who is there is asked: %s", text)
		}
		fill(t, p.Browser, open(t, p.Browser, path), nil)
		if text := home(t, p.Browser); strings.Contains(text, "Was this you?") || !strings.Contains(text, "Two things to look at") {
			t.Errorf("recognised, and still there: %s", text)
		}
	})
}

// There are three things to look at, at most: the others wait their turn.
func TestHomeAsksForThreeThingsAtMost(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		p := signedUp(t, s)
		for range 4 {
			newSignin(t, s, p)
		}
		page := open(t, p.Browser, "/")
		wantText(t, page, "Three things to look at")
		if n := strings.Count(page.Body, "Was this you?"); n != 3 {
			t.Errorf("%d things: %s", n, page.Text())
		}
		if n := strings.Count(page.Text(), "This browser"); n != 1 {
			t.Errorf("this browser is not among those shown: %s", page.Text())
		}
	})
}
