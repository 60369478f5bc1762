package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/pkg/testenv/actor"
)

// newSignin signs p in at a browser that is new, and returns the page that asks about it.
func newSignin(t *testing.T, s *site, p *actor.Person) (elsewhere *actor.Person, asked string) {
	t.Helper()
	elsewhere = p.ElsewhereAs(s.URL)
	if _, err := elsewhere.SignIn(t.Context()); err != nil {
		t.Fatal(err)
	}
	return elsewhere, endsOf(open(t, p.Browser, "/settings/signins"))[0] + "/recognise"
}

// A sign-in at a browser that is new waits for the person to say that it was them.
func TestANewBrowserIsRecognised(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		p := signedUp(t, s)
		if text := open(t, p.Browser, "/settings/signins").Text(); strings.Contains(text, "Was this you?") {
			t.Errorf("the browser of the sign-up is new to nobody: %s", text)
		}
		elsewhere, path := newSignin(t, s, p)
		wantText(t, open(t, p.Browser, "/settings/signins"), "New", "Was this you?")
		if text := open(t, elsewhere.Browser, "/settings/signins").Text(); strings.Contains(text, "Was this you?") {
			t.Errorf("who is there is asked: %s", text)
		}
		stranger := signedUp(t, s)
		for who, b := range map[string]*actor.Browser{"a stranger": stranger.Browser, "the browser itself": elsewhere.Browser} {
			if page, err := b.Get(t.Context(), path); err != nil || page.Status != http.StatusNotFound {
				t.Errorf("%s is asked: %v, %v", who, page, err)
			}
		}
		page := open(t, p.Browser, path)
		wantText(t, page, "Was this you?", "Unknown device", "signed in just now", "This wasn't me")
		for _, b := range []*actor.Browser{stranger.Browser, elsewhere.Browser} { // with the address of another's form
			own := open(t, b, "/preferences")
			form, err := own.Form()
			if err != nil {
				t.Fatal(err)
			}
			form.Action = path
			if _, err := b.Submit(t.Context(), own, form, "", ""); err != nil {
				t.Fatal(err)
			}
		}
		wantText(t, open(t, p.Browser, "/settings/signins"), "Was this you?")
		s.clock.advance(11 * time.Minute)
		asked := fill(t, p.Browser, page, nil)
		wantText(t, asked, "Confirm it's you")
		if page = fill(t, p.Browser, asked, map[string]string{"password": p.Password}); page.URL.Path != "/settings/signins" || strings.Contains(page.Text(), "Was this you?") {
			t.Errorf("after recognising it: %s %s", page.URL, page.Text())
		}
		if page = open(t, p.Browser, path); page.URL.Path != "/settings/signins" {
			t.Errorf("asked again: %s", page.Text())
		}
	})
}

// Whose sign-in it was has been said: the activity tells it calmly from then on, also after
// that browser was signed out.
func TestARecognisedSigninIsNothingToLookAt(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		p := signedUp(t, s)
		elsewhere, path := newSignin(t, s, p)
		const alarm = "New sign-in from a browser we hadn't seen"
		calm := func(when string, want bool) {
			t.Helper()
			for _, where := range []string{"/settings/activity", "/settings/activity?of=family", "/", "/settings/activity.csv?days=30"} {
				page := open(t, p.Browser, where)
				if noted := strings.Contains(page.Body, `class="noted"`); noted && want || strings.Contains(page.Text(), alarm) == want {
					t.Errorf("%s, %s: calm should be %v: %s", when, where, want, page.Text())
				}
			}
		}
		calm("before", false)
		fill(t, p.Browser, open(t, p.Browser, path), nil)
		calm("recognised", true)
		wantText(t, open(t, p.Browser, "/settings/activity"), "You recognised a new sign-in as yours")
		fill(t, elsewhere.Browser, open(t, elsewhere.Browser, "/signout"), nil)
		calm("and signed out", true)
		_, other := newSignin(t, s, p)
		calm("another", false)
		fill(t, p.Browser, open(t, p.Browser, other), nil)
		calm("which is recognised too", true)
	})
}

// The security page says since when the password is what it is.
func TestSinceWhenThePassword(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		p := signedUp(t, s)
		day := func() string { return s.clock.now().UTC().Format("2 Jan 2006") }
		wantText(t, open(t, p.Browser, "/settings/security"), "Chosen on "+day())
		s.clock.advance(3 * 24 * time.Hour)
		const later = "Another-1!password"
		answer(t, p.Browser, "/settings/password", map[string]string{"password": p.Password, "new_password": later})
		changed := day()
		wantText(t, open(t, p.Browser, "/settings/security"), "Last changed on "+changed)
		s.clock.advance(3 * 24 * time.Hour)
		wantText(t, open(t, p.Browser, "/settings/security"), "Last changed on "+changed)
	})
}
