package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

// guess tries a password at the sign-in page of a browser and returns the status.
func (w *world) guess(b *actor.Browser, email, password string) int {
	w.t.Helper()
	page, _ := (&actor.Person{Email: email, Password: password, Browser: b}).SignIn(w.t.Context()) // a refusal is an answer
	if page == nil {
		w.t.Fatal("no answer")
	}
	return page.Status
}

// signOut presses the button of the sign-out page.
func (w *world) signOut(b *actor.Browser) {
	w.t.Helper()
	page, err := b.Get(w.t.Context(), "/signout")
	if err != nil {
		w.t.Fatal(err)
	}
	form, err := page.Form("csrf_token")
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err = b.Submit(w.t.Context(), page, form, "", ""); err != nil {
		w.t.Fatal(err)
	}
}

// Whoever guesses at somebody's password does not lock the owner out of the
// browser at which the owner has signed in before.
func TestA10_NobodyLocksTheOwnerOut(t *testing.T) {
	ownWorld(t, stack.Setup{AuthEnv: process.Env{"AUTH_THROTTLE_SIGNIN": "5/1h"}}, func(w *world) {
		p := w.person()
		open := p.ElsewhereAs(w.Auth.URL) // signed in all the time
		if _, err := open.SignIn(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		w.signOut(p.Browser)
		for range 6 {
			w.login(&actor.Person{Email: p.Email, Password: "Wrong-password-1!"}, "phone")
		}
		if got := w.guess(actor.NewBrowser(w.Auth.URL), p.Email, p.Password); got != http.StatusTooManyRequests {
			w.t.Errorf("a browser nobody knows: %d", got)
		}
		if got := w.guess(p.Browser, p.Email, p.Password); got != http.StatusOK {
			w.t.Errorf("the owner's browser: %d", got)
		}
		page, err := open.Browser.Get(w.t.Context(), "/settings/email")
		if err != nil {
			w.t.Fatal(err)
		}
		form, err := page.Form("email", "password")
		if err != nil {
			w.t.Fatal(err)
		}
		form.Fill(map[string]string{"email": "next-" + p.Email, "password": p.Password})
		if page, err = open.Browser.Submit(w.t.Context(), page, form, "", ""); err != nil || page.Status != http.StatusOK {
			w.t.Errorf("a confirmation at a browser that is signed in: %v, %v", page, err)
		}
		// The known browser has a count of its own, and of nobody else.
		w.signOut(p.Browser)
		email := "next-" + p.Email
		if strings.Contains(page.Text(), "Check your email") {
			email = p.Email
		}
		for range 5 {
			if got := w.guess(p.Browser, email, "Wrong-password-1!"); got != http.StatusUnauthorized {
				w.t.Errorf("a guess at the owner's browser: %d", got)
			}
		}
		if got := w.guess(p.Browser, email, p.Password); got != http.StatusTooManyRequests {
			w.t.Errorf("one guess too many at the owner's browser: %d", got)
		}
		w.signOut(open.Browser)
		if got := w.guess(open.Browser, email, p.Password); got != http.StatusOK {
			w.t.Errorf("the owner's other browser: %d", got)
		}
		// Somebody else is nobody known at it.
		other := w.person()
		for range 6 {
			w.login(&actor.Person{Email: other.Email, Password: "Wrong-password-1!"}, "phone")
		}
		if got := w.guess(p.Browser, other.Email, other.Password); got != http.StatusTooManyRequests {
			w.t.Errorf("another person at the owner's browser: %d", got)
		}
	})
}

// The cookie a browser is known by says nothing, lasts, and is at rest nowhere.
func TestA10_TheCookieOfAKnownBrowser(t *testing.T) {
	eachWorld(t, func(w *world) {
		p := w.person()
		base, err := url.Parse(w.Auth.URL)
		if err != nil {
			w.t.Fatal(err)
		}
		before := ""
		for _, c := range p.Browser.Cookies() {
			if strings.HasSuffix(c.Name, "latchkey_browser") {
				before = c.Value
			}
		}
		if !strings.HasPrefix(before, "brw_") {
			w.t.Fatalf("no cookie for %s: %v", base, p.Browser.Cookies())
		}
		w.signOut(p.Browser)
		if _, err := p.SignIn(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		for _, c := range p.Browser.Cookies() {
			if strings.HasSuffix(c.Name, "latchkey_browser") && c.Value != before {
				w.t.Error("signing out and in makes a known browser an unknown one")
			}
		}
	})
}
