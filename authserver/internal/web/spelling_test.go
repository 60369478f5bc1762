package web_test

import (
	"net/http"
	"strings"
	"testing"

	"latchkey/authserver"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

func TestA12_GuessablePasswordsAreRefused(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		reasons := map[string]string{
			"Password1!": "among the most common", "Lovelace-1!": "just your name", "Ada.lovelace1!": "just your email address",
			"Latchkey1!": "just the name of this product",
		}
		b := actor.NewBrowser(s.URL)
		page := open(t, b, "/signup")
		if !strings.Contains(page.Text(), "No common password, and not just your name or email address.") {
			t.Errorf("the rules are not shown before they are broken: %s", page.Text())
		}
		for password, reason := range reasons {
			got := fill(t, b, page, map[string]string{
				"email": "ada.lovelace@example.com", "password": password, "first_name": "Ada", "last_name": "Lovelace",
			})
			if got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Text(), reason) {
				t.Errorf("sign-up with %s: %d %s", password, got.Status, got.Text())
			}
		}
		p := signedUp(t, s)
		local, _, _ := strings.Cut(p.Email, "@")
		reasons["1"+strings.ToUpper(local[:1])+local[1:]+"!"] = "just your email address"
		delete(reasons, "Ada.lovelace1!")
		forgot(t, s, p.Email)
		link := s.email(t, authserver.EmailMessageReset, p.Email).Path
		for password, reason := range reasons {
			got := fill(t, p.Browser, open(t, p.Browser, "/settings/password"), map[string]string{"password": p.Password, "new_password": password})
			if got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Text(), reason) {
				t.Errorf("change to %s: %d %s", password, got.Status, got.Text())
			}
			got = answer(t, actor.NewBrowser(s.URL), link, map[string]string{"new_password": password})
			if got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Text(), reason) {
				t.Errorf("reset to %s: %d %s", password, got.Status, got.Text())
			}
		}
	})
}

// A person signs in with what they have signed up with, whatever the keyboard of
// the day makes of it.
func TestC4_OneSpellingAtEveryDoor(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		p := &actor.Person{Email: "a@bu\u0308cher.example", Password: "Zo\u00eb 1815! Byron", Browser: actor.NewBrowser(s.URL)}
		if _, err := p.SignUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		key, codes := s.turnOn(t, p)
		same := []actor.Person{
			{Email: " A@B\u00dcCHER.example\u00a0", Password: "Zoe\u0308 1815! Byron"},
			{Email: "a@xn--bcher-kva.example", Password: "Zo\u00eb\u00a01815!\u3000Byron"},
			{Email: "\uff41\uff20b\u00fccher\uff0eexample\u200b", Password: "Zo\u00eb 1815! Byron"},
		}
		typed := []func() string{
			func() string { c := s.code(t, key, 1); return c[:3] + "\u00a0" + c[3:] },
			func() string { return strings.ToUpper(strings.ReplaceAll(codes[0], "-", "\u2011")) },
			func() string { return "\u202f" + strings.ReplaceAll(codes[1], "-", " ") + "\u200b" },
		}
		for i, one := range same {
			b := actor.NewBrowser(s.URL)
			step := fill(t, b, open(t, b, "/signin"), map[string]string{"email": one.Email, "password": one.Password})
			if step.URL.Path != "/signin/second-factor" {
				t.Errorf("%+q: %d %s", one.Email, step.Status, step.Text())
				continue
			}
			if page := fill(t, b, step, map[string]string{"otp_code": typed[i]()}); page.URL.Path != "/" {
				t.Errorf("code %d: %d %s", i, page.Status, page.Text())
			}
		}
		b := actor.NewBrowser(s.URL)
		again := fill(t, b, open(t, b, "/signup"), map[string]string{"email": "A@b\u00fccher.example", "password": p.Password, "first_name": "Ada"})
		if again.Status != http.StatusUnprocessableEntity || !strings.Contains(again.Text(), "Email has already been taken") {
			t.Errorf("a second account with one address: %d %s", again.Status, again.Text())
		}
		forgot(t, s, "a@B\u00fccher.example")
		s.email(t, authserver.EmailMessageReset, "a@xn--bcher-kva.example")
	})
}

// Setting up takes what the device types too.
func TestC4_ASetupCodeInAnotherScript(t *testing.T) {
	s := newSite(t, testenv.Embedded, settings())
	p := signedUp(t, s)
	page := open(t, p.Browser, "/settings/second-factor")
	typed := strings.Map(func(r rune) rune { return r - '0' + '\u0660' }, s.code(t, seed(t, p.Browser), 0))
	page = fill(t, p.Browser, page, map[string]string{"otp_code": typed[:6] + " " + typed[6:]})
	if len(recoveryCode.FindAllString(page.Body, -1)) != 10 {
		t.Errorf("%d %s", page.Status, page.Text())
	}
}
