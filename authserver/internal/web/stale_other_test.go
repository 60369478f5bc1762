package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// A form of somebody who has signed out is not sent in the name of who is signed in
// now, and not offered again.
func TestC3_AFormOfSomebodyElseDoesNothing(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		p, next := signedUp(t, s), signedUp(t, s)
		old := open(t, p.Browser, "/settings/account")
		fill(t, p.Browser, open(t, p.Browser, "/signout"), nil)
		fill(t, p.Browser, open(t, p.Browser, "/signin"), map[string]string{"email": next.Email, "password": next.Password})
		got := fill(t, p.Browser, old, map[string]string{"first_name": "Mallory", "last_name": "King"})
		if got.Status != http.StatusForbidden || !strings.Contains(got.Text(), "Someone else opened this form") || strings.Contains(got.Body, "Mallory") {
			t.Errorf("%d %s", got.Status, got.Text())
		}
		if text := open(t, p.Browser, "/settings/account").Text(); strings.Contains(text, "Mallory") {
			t.Errorf("%s", text)
		}
		if got = fill(t, p.Browser, open(t, p.Browser, "/settings/account"), map[string]string{"first_name": "Grace", "last_name": "Hopper"}); !strings.Contains(got.Text(), "Saved.") {
			t.Errorf("one's own form: %d %s", got.Status, got.Text())
		}
	})
}

// Whoever signs in in an old tab, where somebody else has signed in meanwhile, does not
// go on as that person without knowing.
func TestC3_ASigninOfSomebodyElseIsTold(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		p, other := signedUp(t, s), signedUp(t, s)
		b := p.ElsewhereAs(s.URL).Browser
		const to = "/settings/family"
		signin, signup := open(t, b, "/signin?return_to="+url.QueryEscape(to)), open(t, b, "/signup?return_to="+url.QueryEscape(to))
		fill(t, b, open(t, b, "/signin"), map[string]string{"email": p.Email, "password": p.Password})
		if same := fill(t, b, signin, map[string]string{"email": strings.ToUpper(p.Email), "password": "x"}); same.URL.Path != to {
			t.Errorf("the same person: %d %s", same.Status, same.URL)
		}
		if made := fill(t, b, signup, map[string]string{"email": "new@example.com", "password": p.Password}); made.Status != http.StatusConflict {
			t.Errorf("a sign-up: %d %s", made.Status, made.Text())
		}
		told := fill(t, b, signin, map[string]string{"email": other.Email, "password": other.Password})
		if told.Status != http.StatusConflict || !strings.Contains(told.Text(), "Someone else has signed in here in the meantime") || !strings.Contains(told.Text(), p.Email) {
			t.Fatalf("%d %s", told.Status, told.Text())
		}
		again := fill(t, b, told, nil) // signs out
		if again.URL.Path != "/signin" || again.URL.Query().Get("return_to") != to {
			t.Fatalf("signed out: %d %s", again.Status, again.URL)
		}
		done := fill(t, b, again, map[string]string{"email": other.Email, "password": other.Password})
		if done.URL.Path != to || !strings.Contains(done.Text(), other.Email) {
			t.Errorf("%d %s", done.Status, done.URL)
		}
	})
}
