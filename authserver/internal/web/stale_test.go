package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

// A sign-in form whose cookies are gone comes back filled, and leads on to where
// it led; where somebody has signed in meanwhile, it goes on at once.
func TestC3_AStaleSigninFormIsShownAgain(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		p := signedUp(t, s)
		const to = "/oauth/authorize?client_id=c&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&name=App"
		old := open(t, actor.NewBrowser(s.URL), "/signin?return_to="+url.QueryEscape(to))
		b := actor.NewBrowser(s.URL) // without the cookie of the page's browser
		again := fill(t, b, old, map[string]string{"email": p.Email, "password": p.Password})
		form, err := again.Form("email", "password")
		if again.Status != http.StatusForbidden || err != nil || form.Values.Get("email") != p.Email || form.Values.Get("password") != "" ||
			form.Values.Get("return_to") != to || !strings.Contains(again.Text(), "This form had expired") {
			t.Fatalf("%d %v %s", again.Status, form, again.Text())
		}
		done := fill(t, b, again, map[string]string{"password": p.Password})
		if done.URL.Path != "/oauth/authorize" || done.URL.Query().Get("client_id") != "c" {
			t.Errorf("it led to %s: %d %s", done.URL, done.Status, done.Text())
		}
		if page := fill(t, b, old, map[string]string{"email": p.Email, "password": p.Password}); page.URL.Path != "/oauth/authorize" {
			t.Errorf("signed in meanwhile, it led to %s: %d %s", page.URL, page.Status, page.Text())
		}
		signup := open(t, actor.NewBrowser(s.URL), "/signup?return_to="+url.QueryEscape(to))
		again = fill(t, actor.NewBrowser(s.URL), signup, map[string]string{"email": "new@example.com", "first_name": "Noë", "password": p.Password})
		form, err = again.Form("email", "password", "first_name")
		if err != nil || form.Values.Get("first_name") != "Noë" || form.Values.Get("return_to") != to || again.Status != http.StatusForbidden {
			t.Errorf("sign-up: %d %v %v", again.Status, form, err)
		}
	})
}

// A form of the settings from before the sign-in changed does nothing and comes
// back with its fields, secrets excepted.
func TestC3_AStaleSettingsFormIsShownAgain(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		p := signedUp(t, s)
		old := open(t, p.Browser, "/settings/account")
		email := open(t, p.Browser, "/settings/email")
		changed := fill(t, p.Browser, open(t, p.Browser, "/settings/password"), map[string]string{"password": p.Password, "new_password": "Another-1!password"})
		if changed.Status != http.StatusOK {
			t.Fatalf("%d %s", changed.Status, changed.Text())
		}
		again := fill(t, p.Browser, old, map[string]string{"first_name": "Augusta", "last_name": "King"})
		if again.Status != http.StatusForbidden || !strings.Contains(open(t, p.Browser, "/").Text(), "Ada Lovelace") {
			t.Fatalf("%d %s", again.Status, again.Text())
		}
		if page := fill(t, p.Browser, again, nil); page.Status != http.StatusOK || !strings.Contains(page.Text(), "Augusta King") {
			t.Errorf("sent again: %d %s", page.Status, page.Text())
		}
		again = fill(t, p.Browser, email, map[string]string{"email": "next@example.com", "password": p.Password})
		form, err := again.Form("email", "password")
		if err != nil || form.Values.Get("email") != "next@example.com" || strings.Contains(again.Body, p.Password) {
			t.Errorf("%d %v %v", again.Status, form, err)
		}
		// Signed out meanwhile: the way back is kept.
		stranger := fill(t, actor.NewBrowser(s.URL), old, map[string]string{"first_name": "Mallory"})
		form, err = stranger.Form("email", "password")
		if err != nil || stranger.Status != http.StatusForbidden || form.Values.Get("return_to") != "/settings/account" {
			t.Errorf("%d %v %v", stranger.Status, form, err)
		}
	})
}

// A form that restores an account, and whose cookies are gone, comes back and restores it.
func TestC3_AStaleRestoreFormIsShownAgain(t *testing.T) {
	t.Parallel()
	graceful := settings()
	graceful.ErasureGrace = 7 * 24 * time.Hour
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, graceful)
		p := signedUp(t, s)
		fill(t, p.Browser, open(t, p.Browser, "/settings/delete"), map[string]string{"password": p.Password})
		old := signInAs(t, s, p.Email, p.Password)
		if old.URL.Path != "/restore" {
			t.Fatalf("a sign-in leads to %s", old.URL)
		}
		b := actor.NewBrowser(s.URL) // without the cookie of the page's browser
		again := fill(t, b, old, nil)
		if _, err := again.Form("token"); again.Status != http.StatusForbidden || err != nil || !strings.Contains(again.Text(), "This form had expired") {
			t.Fatalf("%d %v %s", again.Status, err, again.Text())
		}
		if page := signInAs(t, s, p.Email, p.Password); page.URL.Path != "/restore" {
			t.Fatalf("a stale form has restored the account: %s", page.URL)
		}
		if page := fill(t, b, again, nil); page.URL.Path != "/signin" || !strings.Contains(page.Text(), "Your account is back") {
			t.Errorf("sent again: %d %s", page.Status, page.Text())
		}
		gone := fill(t, actor.NewBrowser(s.URL), old, nil)
		if _, err := gone.Form("token"); err == nil || gone.Status >= http.StatusInternalServerError || gone.Status == http.StatusOK {
			t.Errorf("a link that is used: %d %s", gone.Status, gone.Text())
		}
	})
}
