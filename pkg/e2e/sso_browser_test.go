//go:build browser

package e2e

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"latchkey/pkg/e2e/openid"
	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

// phone is an app: its own web address stands in for its registered scheme,
// which no browser here would open.
type phone struct {
	*httptest.Server
	told chan url.Values
}

func newPhone(t *testing.T) *phone {
	t.Helper()
	p := &phone{told: make(chan url.Values, 10)}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/callback" {
			p.told <- r.URL.Query()
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<!doctype html><title>app</title><h1>Back in the app</h1>"))
	}))
	t.Cleanup(p.Close)
	return p
}

// TestBrowserSingleSignOn signs up, in, and in with a second factor through a
// provider, at a browser and for an app, with the keyboard alone and scripts off.
func TestBrowserSingleSignOn(t *testing.T) {
	t.Parallel()
	chromium(t)
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		provider, app := openid.New(t), newPhone(t)
		w := startWorld(t, set, stack.Setup{AuthEnv: ssoEnv(provider, app)})
		provider.Allow(w.Auth.URL + "/auth/work/callback")
		provider.Person("g-1", "grace@example.com", true)
		b := openTab(t).withoutScripts()

		b.visit(w.Auth.URL + "/signin?return_to=/settings/identities")
		b.press(`a[href^="/auth/work"]`)
		b.arrive("/auth/finish")
		b.typeIn("input[name=last_name]", " of the Navy")
		b.press("form button[type=submit]")
		b.arrive("/settings/identities")

		// Another account at the provider, connected from a form.
		provider.Person("g-2", "grace@example.org", true)
		b.press(`form[action="/auth/work"] button[type=submit]`)
		b.until(`document.querySelectorAll('a.danger[href^="/settings/identities/"]').length === 2`)

		code := w.appCode(b, app)
		w.exchangeCode(code.Get("code"))

		key := w.setUpSecondFactor(b)
		b.visit(w.Auth.URL + "/auth/mobile/work?" + phoneDevice)
		b.arrive("/auth/mobile/second-factor")
		b.typeIn("input[name=otp_code]", appCode(w.t, key, time.Now().Add(30*time.Second)))
		b.press("main form button[type=submit]")
		b.arrive("/callback")
		w.exchangeCode((<-app.told).Get("code"))
	})
}

func ssoEnv(provider *openid.Provider, app *phone) process.Env {
	return process.Env{
		"AUTH_SSO_PROVIDERS": "work", "AUTH_SSO_WORK_ISSUER": provider.URL, "AUTH_SSO_WORK_CLIENT_ID": openid.ClientID,
		"AUTH_SSO_WORK_CLIENT_SECRET": openid.ClientSecret, "AUTH_SSO_CREATE": "anyone", "AUTH_SSO_MOBILE_REDIRECT": app.URL + "/callback",
	}
}

// tourSSO opens the pages of single sign-on, in every state a person can bring
// them to, and calls look with each open.
func (w *world) tourSSO(b *tab, look func(page string), provider *openid.Provider) {
	admin := actor.NewPerson(w.Auth.URL)
	b.signUp(w, admin)
	b.visit(w.Auth.URL + "/settings/identities")
	look("identities-none")
	b.visit(w.Auth.URL + "/settings/family")
	b.typeIn("input[name=email]", "grace@example.com")
	b.press("button[value=invite]")
	b.until(`document.querySelector("#invitation") !== null`)
	b.signOut(w)
	b.visit(w.Auth.URL + "/signin")
	look("signin-sso")
	provider.Person("g-0", "nobody@example.com", true)
	b.visit(w.Auth.URL + "/auth/work")
	b.arrive("/auth/finish")
	look("sso-finish-not-invited")
	provider.Person("g-1", "grace@example.com", true)
	b.visit(w.Auth.URL + "/auth/work?return_to=/settings/identities")
	b.arrive("/auth/finish")
	look("sso-finish")
	b.tabTo(`input[name="family"][value="join"]`)
	b.run(chromedp.KeyEvent(" "))
	b.press(`form[action="/auth/finish"] button.primary`)
	b.arrive("/settings/identities")
	look("identities")
	b.press("main a.danger")
	b.until(`document.querySelector("main form") !== null && location.pathname !== "/settings/identities"`)
	look("identity-end")
	b.press("main form button[type=submit]")
	b.until(`document.querySelector("[role=alert]") !== null`)
	look("identities-refused")
	b.visit(w.Auth.URL + "/settings/security")
	look("security-sso")
	w.setUpSecondFactor(b)
	b.visit(w.Auth.URL + "/auth/mobile/work?" + phoneDevice)
	b.arrive("/auth/mobile/second-factor")
	look("sso-second-factor")
	provider.Set(func() { provider.Fail["/oauth/token"] = http.StatusBadGateway })
	b.visit(w.Auth.URL + "/auth/work")
	look("signin-provider-away")
}

const phoneDevice = "device_id=p1&device_name=Phone&device_type=android"

func (w *world) appCode(b *tab, app *phone) url.Values {
	w.t.Helper()
	b.visit(w.Auth.URL + "/auth/mobile/work?" + phoneDevice)
	b.arrive("/callback")
	return <-app.told
}

// exchangeCode gets tokens for a code; they open the resource API.
func (w *world) exchangeCode(code string) {
	w.t.Helper()
	answer, err := (&actor.App{}).Call(w.t.Context(), http.MethodPost, w.Auth.URL+"/api/v1/auth/sso_exchange", "", map[string]string{"code": code})
	if err != nil {
		w.t.Fatal(err)
	}
	pair, err := pairOf(answer)
	if err != nil {
		w.t.Fatalf("%v: %s", err, answer)
	}
	wantStatus(w.t, w.call(http.MethodGet, accounts, pair.Access, nil), http.StatusOK)
}

// TestBrowserSingleSignOnPages looks at every page of single sign-on as
// TestBrowserPagesAreAccessible does at the others, and takes its picture where
// SCREENSHOTS names a folder.
func TestBrowserSingleSignOnPages(t *testing.T) {
	t.Parallel()
	axe, err := os.ReadFile("testdata/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	chromium(t)
	provider, app := openid.New(t), newPhone(t)
	w := startWorld(t, testenv.Embedded, stack.Setup{
		AuthEnv: ssoEnv(provider, app).With(process.Env{"AUTH_SSO_CREATE": "invited"}),
	})
	provider.Allow(w.Auth.URL + "/auth/work/callback")
	b := openTab(t)
	w.tourSSO(b, func(page string) {
		b.picture(page)
		b.measure(page)
		if _, err := ask[bool](b, string(axe)+";true"); err != nil {
			t.Fatalf("%s: %v", page, err)
		}
		for _, width := range []int64{390, 1280} {
			for _, scheme := range []string{"dark", "light"} {
				b.emulate(scheme, width)
				b.runAxe(page, scheme, width)
			}
		}
	}, provider)
}
