//go:build browser

package e2e

import (
	"net/url"
	"testing"

	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

// TestBrowserConsentByKeyboard signs up, consents and reaches the application,
// touching nothing but the keyboard, with scripts on and off.
func TestBrowserConsentByKeyboard(t *testing.T) {
	chromium(t)
	eachWorld(t, func(w *world) {
		for _, scripts := range []string{"scripts on", "scripts off"} {
			w.t.Run(scripts, func(t *testing.T) {
				own := &world{Stack: w.Stack, t: t}
				b := openTab(t)
				if scripts == "scripts off" {
					b.withoutScripts()
				}
				own.consentByKeyboard(b)
			})
		}
	})
}

func (w *world) consentByKeyboard(b *tab) {
	app, p, pkce := newCallbackApp(w), actor.NewPerson(w.Auth.URL), actor.NewPKCE()

	// The application sends somebody who has no account yet.
	b.visit(app.AuthorizeURL(pkce, "read_write", "the-state", nil))
	b.arrive("/signin")
	b.press(`a[href^="/signup"]`)
	b.arrive("/signup")
	b.typeIn("input[name=email]", p.Email)
	b.typeIn("input[name=password]", p.Password)
	b.press("form button[type=submit]")

	b.arrive("/oauth/authorize")
	b.press("button[name=decision][value=allow]")
	b.arrive("/callback")
	pair := w.redeem(app, pkce)
	if pair.Scope != "read_write" {
		w.t.Errorf("scope %q", pair.Scope)
	}

	// Consent is remembered: the next visit passes straight through.
	pkce = actor.NewPKCE()
	b.visit(app.AuthorizeURL(pkce, "read", "the-state", nil))
	b.arrive("/callback")
	w.redeem(app, pkce)
}

// redeem exchanges the code the browser has brought to the application.
func (w *world) redeem(app *callbackApp, pkce actor.PKCE) Pair {
	w.t.Helper()
	select {
	case query := <-app.arrivals:
		q, err := url.ParseQuery(query)
		if err != nil || q.Get("state") != "the-state" || q.Get("iss") != w.Auth.URL {
			w.t.Fatalf("the callback got %s: %v", query, err)
		}
		pair, err := pairOf(w.exchange(app.App, q.Get("code"), pkce.Verifier))
		if err != nil {
			w.t.Fatal(err)
		}
		return pair
	case <-w.t.Context().Done():
		w.t.Fatal("the browser never arrived")
	}
	return Pair{}
}

func TestBrowserDenyTellsTheApplication(t *testing.T) {
	t.Parallel()
	chromium(t)
	w := &world{Stack: sharedStack(t, testenv.Embedded), t: t}
	app, p := newCallbackApp(w), actor.NewPerson(w.Auth.URL)
	b := openTab(t).withoutScripts()
	b.signUp(w, p)
	b.visit(app.AuthorizeURL(actor.NewPKCE(), "read", "the-state", nil))
	b.press("button[name=decision][value=deny]")
	b.arrive("/callback")
	if q, err := url.ParseQuery(<-app.arrivals); err != nil || q.Get("error") != "access_denied" {
		t.Errorf("the callback got %v: %v", q, err)
	}
}

// signUp fills in the sign-up page by keyboard.
func (b *tab) signUp(w *world, p *actor.Person) {
	b.t.Helper()
	b.visit(w.Auth.URL + "/signup")
	b.typeIn("input[name=email]", p.Email)
	b.typeIn("input[name=password]", p.Password)
	b.press("form button[type=submit]")
	b.until("location.pathname !== '/signup'")
}

func TestBrowserSignsInAndOut(t *testing.T) {
	t.Parallel()
	chromium(t)
	w := &world{Stack: sharedStack(t, testenv.Embedded), t: t}
	p := w.person()
	b := openTab(t).withoutScripts()
	b.visit(w.Auth.URL + "/signin")
	b.typeIn("input[name=email]", p.Email)
	b.typeIn("input[name=password]", "Not the password 1!")
	b.press("form button[type=submit]")
	b.arrive("/signin") // refused: the form comes back filled, never with the password
	b.until("document.querySelector('input[name=email]').value === '" + p.Email + "' && document.querySelector('input[name=password]').value === ''")
	b.typeIn("input[name=password]", p.Password)
	b.press("form button[type=submit]")
	b.until("location.pathname !== '/signin'")
	b.press(`a[href^="/signout"], form[action="/signout"] button`)
	b.until("location.pathname === '/signout' || location.pathname === '/signin' || location.pathname === '/'")
}
