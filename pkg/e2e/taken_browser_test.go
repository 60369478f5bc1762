//go:build browser

package e2e

import (
	"net/http"
	"net/url"
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/role"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

// signInAs signs somebody in at the page that the tab is at, or is sent to.
func (b *tab) signInAs(w *world, p *actor.Person, path, to string) {
	b.t.Helper()
	b.visit(w.Auth.URL + path)
	b.arrive("/signin")
	b.typeIn("input[name=email]", p.Email)
	b.typeIn("input[name=password]", p.Password)
	b.press("form[action='/signin'] button[type=submit]")
	b.arrive(to)
}

// says waits until the page says something.
func (b *tab) says(text string) {
	b.t.Helper()
	b.until("document.body.innerText.includes(" + strconv.Quote(text) + ")")
}

// soonRefused holds that a token opens nothing any more, a second later at most.
func (w *world) soonRefused(what, method, token string, status int, body any) {
	w.t.Helper()
	if err := within(w.t.Context(), func() error { return want(w.call(method, accounts, token, body), status, nil) }); err != nil {
		w.t.Errorf("%s: %v", what, err)
	}
}

// TestBrowserWhatIsTakenAwayIsGone walks what takes access away, and what takes that back,
// with the keyboard alone and scripts off.
func TestBrowserWhatIsTakenAwayIsGone(t *testing.T) {
	chromium(t)
	office := testenv.OpenPostOffice(t, "")
	ownWorld(t, stack.Setup{AuthEnv: mailing(office.Addr)}, func(w *world) {
		for what, walk := range map[string]func(w *world, office *testenv.PostOffice){
			"a password is reset by email": walkReset, "consent is taken back": walkTakeBack,
			"an admin becomes a guest": walkDemotion, "a deletion is taken back": walkDeletion,
		} {
			w.t.Run(what, func(t *testing.T) { walk(&world{Stack: w.Stack, t: t}, office) })
		}
	})
}

func walkReset(w *world, office *testenv.PostOffice) {
	b, p := openTab(w.t).withoutScripts(), w.person()
	own := w.ownTokens(p)
	b.visit(w.Auth.URL + "/signin")
	b.press(`a[href^="/forgot"]`)
	b.arrive("/forgot")
	b.typeIn("input[name=email]", p.Email)
	b.press("main form button[type=submit]")
	b.until("location.search === '?sent'")
	link := w.linkFor(office, p.Email, "/reset?")
	b.visit(w.Auth.URL + link)
	b.typeIn("input[name=new_password]", laterPassword)
	b.press("main form button[type=submit]")
	b.arrive("/signin")
	w.soonRefused("the product's own app after a reset", http.MethodGet, own.Access, http.StatusUnauthorized, nil)
	if page := w.page(p, "/settings/account"); page.URL.Path != "/signin" {
		w.t.Errorf("the other browser is at %s", page.URL)
	}
	p.Password = laterPassword
	b.signInAs(w, p, "/settings/activity", "/settings/activity")
	b.says("You changed your password with a reset link")
	b.visit(w.Auth.URL + link)
	b.says("no longer works")
}

func walkTakeBack(w *world, _ *testenv.PostOffice) {
	b, p, app, pkce := openTab(w.t).withoutScripts(), w.person(), newCallbackApp(w), actor.NewPKCE()
	b.signInAs(w, p, "/settings/applications", "/settings/applications")
	b.visit(app.AuthorizeURL(pkce, "read", "s", nil))
	b.arrive("/oauth/authorize")
	b.press("button[name=decision][value=allow]")
	b.arrive("/callback")
	query, err := url.ParseQuery(<-app.arrivals)
	if err != nil {
		w.t.Fatal(err)
	}
	pair, err := pairOf(w.exchange(app.App, query.Get("code"), pkce.Verifier))
	if err != nil {
		w.t.Fatal(err)
	}
	wantStatus(w.t, w.call(http.MethodGet, accounts, pair.Access, nil), http.StatusOK)
	b.visit(w.Auth.URL + "/settings/applications")
	b.press(`main a[href^="/settings/applications/one"]`)
	b.arrive("/settings/applications/one")
	b.press(`main a[href^="/settings/applications/one/remove"]`)
	b.arrive("/settings/applications/one/remove")
	b.press(`main form[action="/settings/applications"] button[type=submit]`)
	b.arrive("/settings/applications")
	if listed, err := ask[bool](b, `document.querySelector("main").innerText.includes("Budget Buddy")`); err != nil || listed {
		w.t.Errorf("the application is still listed: %v", err)
	}
	w.soonRefused("the application", http.MethodGet, pair.Access, http.StatusUnauthorized, nil)
	if again := w.refresh(app.App, pair.Refresh); again.Status == http.StatusOK {
		w.t.Error("the application refreshes")
	}
	b.visit(app.AuthorizeURL(actor.NewPKCE(), "read", "s", nil))
	b.arrive("/oauth/authorize") // it is asked about again
	b.until(`document.querySelector("button[name=decision][value=allow]") !== null`)
}

func walkDemotion(w *world, _ *testenv.PostOffice) {
	admin := w.person()
	second := w.member(admin, role.Admin)
	own, invitation := w.ownTokens(second), w.invited(second, actor.NewPerson(w.Auth.URL).Email, role.Member)
	theirs, boss := openTab(w.t).withoutScripts(), openTab(w.t).withoutScripts()
	theirs.signInAs(w, second, "/settings/family", "/settings/family")
	theirs.until(`document.querySelector("button[value=invite]") !== null`)

	boss.signInAs(w, admin, "/settings/family", "/settings/family")
	boss.tabTo(`form.inline select[name=role]`)
	boss.run(chromedp.KeyEvent("g"))
	boss.press("form.inline button[value=role]")
	boss.until("location.search === '?done=role'")

	theirs.visit(w.Auth.URL + "/settings/family")
	theirs.until(`document.querySelector("button[value=invite]") === null && document.querySelector("button[value=role]") === null`)
	w.soonRefused("a guest writes", http.MethodPost, own.Access, http.StatusForbidden, map[string]any{"account": map[string]any{"name": "x"}})
	stranger := openTab(w.t).withoutScripts()
	stranger.visit(w.Auth.URL + invitation)
	stranger.says("no longer works")
}

func walkDeletion(w *world, office *testenv.PostOffice) {
	b, p := openTab(w.t).withoutScripts(), w.person()
	for _, way := range []string{"the email", "signing in"} {
		own := w.ownTokens(p)
		b.signInAs(w, p, "/settings/delete", "/settings/delete")
		b.typeIn("input[name=password]", p.Password)
		b.press("main form button[type=submit]")
		b.arrive("/deletion")
		w.soonRefused("the product's own app after a deletion", http.MethodGet, own.Access, http.StatusUnauthorized, nil)
		if answer := w.login(p, "phone"); answer.Status != http.StatusUnauthorized {
			w.t.Errorf("an app signs in to a deleted account: %s", answer)
		}
		link := w.linkFor(office, p.Email, "/restore?")
		if way == "the email" {
			b.visit(w.Auth.URL + link)
		} else {
			b.signInAs(w, p, "/signin", "/restore")
		}
		b.press("main form button[type=submit]")
		b.arrive("/signin")
		b.says("Your account is back")
		if w.active(own.Access) {
			w.t.Error("what ended has come back with the account")
		}
		b.signInAs(w, p, "/settings/activity", "/settings/activity")
		b.says("You restored your account")
		b.signOut(w)
	}
}
