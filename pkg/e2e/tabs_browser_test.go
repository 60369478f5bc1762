//go:build browser

package e2e

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

// another is a second tab of the same browser.
func (b *tab) another() *tab {
	b.t.Helper()
	ctx, end := chromedp.NewContext(b.ctx)
	b.t.Cleanup(end)
	if err := chromedp.Do(ctx); err != nil {
		b.t.Fatal(err)
	}
	return &tab{t: b.t, ctx: ctx}
}

// send waits for the form, fills it in and presses its button, whichever tab is in front.
func (b *tab) send(form, button string, values map[string]string) {
	b.t.Helper()
	b.until(fmt.Sprintf("document.querySelector(%q) !== null", form))
	raw, err := json.Marshal([]any{form, button, values})
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := ask[bool](b, `((form, button, values) => {
		const f = document.querySelector(form)
		for (const [name, value] of Object.entries(values ?? {})) {
			const choice = f.querySelector('input[type=radio][name="' + name + '"][value="' + value + '"]')
			if (choice) choice.checked = true
			else f.elements[name].value = value
		}
		setTimeout(() => f.querySelector(button).click())
		return true
	})(...`+string(raw)+`)`); err != nil {
		b.t.Fatalf("%v at %s", err, b.where())
	}
}

// enter signs p in at the page of the sign-in.
func (b *tab) enter(p *actor.Person) {
	b.t.Helper()
	b.send(`form[action="/signin"]`, "button[type=submit]", map[string]string{"email": p.Email, "password": p.Password})
}

const (
	accountForm = `form[action="/settings/account"]`
	submits     = "button[type=submit]"
)

// TestBrowserSeveralTabs: what is done in one tab loses nothing in another, and does
// nothing in the name of somebody else.
func TestBrowserSeveralTabs(t *testing.T) {
	chromium(t)
	for name, scene := range map[string]func(w *world, a, c *tab){
		"sign in in both": tabsSignIn, "sign out in one": tabsSignOut, "consent in both": tabsConsent, "second factor in both": tabsFactor,
		"language in one": tabsLanguage, "somebody else in one": tabsOther,
	} {
		t.Run(name, func(t *testing.T) {
			w := &world{Stack: sharedStack(t, testenv.Embedded), t: t}
			a := openTab(t)
			scene(w, a, a.another())
		})
	}
}

func tabsSignIn(w *world, a, c *tab) {
	p := w.person()
	a.visit(w.Auth.URL + "/signin?return_to=/settings/family")
	c.visit(w.Auth.URL + "/signin?return_to=/settings/signins")
	a.enter(p)
	a.arrive("/settings/family")
	c.enter(p)
	c.arrive("/settings/signins")
}

func tabsSignOut(w *world, a, c *tab) {
	p := w.person()
	a.visit(w.Auth.URL + "/signin?return_to=/settings/account")
	a.enter(p)
	a.arrive("/settings/account")
	c.visit(w.Auth.URL + "/signout")
	c.send(`form[action="/signout"]`, submits, nil)
	c.arrive("/")
	a.send(accountForm, submits, map[string]string{"first_name": "Augusta", "last_name": "King"})
	a.says("This form had expired")
	a.enter(p)
	a.arrive("/settings/account")
	a.until("!document.body.innerText.includes('Augusta')")
}

func tabsConsent(w *world, a, c *tab) {
	app, p := newCallbackApp(w), w.person()
	a.visit(w.Auth.URL + "/signin?return_to=/settings/family")
	a.enter(p)
	a.arrive("/settings/family")
	a.visit(app.AuthorizeURL(actor.NewPKCE(), "read", "one", nil))
	c.visit(app.AuthorizeURL(actor.NewPKCE(), "read_write", "two", nil))
	for tab, state := range map[*tab]string{a: "one", c: "two"} {
		tab.send("form:has(button[name=decision])", "button[name=decision][value=allow]", nil)
		tab.arrive("/callback")
		if q, err := url.ParseQuery(<-app.arrivals); err != nil || q.Get("state") != state || q.Get("code") == "" {
			w.t.Errorf("%s: the callback got %v, %v", state, q, err)
		}
	}
}

func tabsFactor(w *world, a, c *tab) {
	p := w.person()
	codes := w.secondFactor(p)
	a.visit(w.Auth.URL + "/signin?return_to=/settings/family")
	c.visit(w.Auth.URL + "/signin?return_to=/settings/signins")
	for _, tab := range []*tab{a, c} {
		tab.enter(p)
		tab.arrive("/signin/second-factor")
	}
	for i, tab := range []*tab{a, c} {
		tab.send(`form[action="/signin/second-factor"]`, submits, map[string]string{"otp_code": codes[i]})
		tab.arrive([]string{"/settings/family", "/settings/signins"}[i])
	}
}

func tabsLanguage(w *world, a, c *tab) {
	p := w.person()
	a.visit(w.Auth.URL + "/signin?return_to=/settings/account")
	a.enter(p)
	a.arrive("/settings/account")
	c.visit(w.Auth.URL + "/preferences")
	c.send(`form[action="/preferences"]`, submits, map[string]string{"language": "de", "theme": "dark"})
	c.until("document.documentElement.lang === 'de'")
	a.send(accountForm, submits, map[string]string{"first_name": "Augusta", "last_name": "King"})
	a.says("Gespeichert")
	a.says("Augusta King")
}

func tabsOther(w *world, a, c *tab) {
	p, other := w.person(), w.person()
	a.visit(w.Auth.URL + "/signin?return_to=/settings/account")
	a.enter(p)
	a.arrive("/settings/account")
	c.visit(w.Auth.URL + "/signout?return_to=/signin")
	c.send(`form[action="/signout"]`, submits, nil)
	c.arrive("/signin")
	old := c.another()
	old.visit(w.Auth.URL + "/signin?return_to=/settings/signins")
	c.enter(other)
	c.arrive("/")
	a.send(accountForm, submits, map[string]string{"first_name": "Mallory", "last_name": "King"})
	a.says("Someone else opened this form")
	if name := w.page(other, "/settings/account").Text(); strings.Contains(name, "Mallory") {
		w.t.Errorf("the other person's name: %s", name)
	}
	old.enter(p)
	old.says("Someone else has signed in here in the meantime")
	old.says(other.Email)
	old.send(`form[action="/signout"]`, submits, nil)
	old.arrive("/signin")
	old.enter(p)
	old.arrive("/settings/signins")
}
