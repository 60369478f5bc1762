package web_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"latchkey/authserver"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

func TestNewAddressIsConfirmed(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		p, next := signedUp(t, s), actor.NewPerson(s.URL).Email
		ask := func(email, password string) *actor.Page {
			return answer(t, p.Browser, "/settings/email", map[string]string{"email": email, "password": password})
		}
		for what, c := range map[string]struct{ email, password, says string }{
			"wrong password": {next, "Wrong-1234", "The password is wrong"},
			"no address":     {"x", p.Password, "Email is invalid"},
			"the same":       {strings.ToUpper(p.Email), p.Password, "This is your address already"},
		} {
			if page := ask(c.email, c.password); page.Status != http.StatusUnprocessableEntity || !strings.Contains(page.Text(), c.says) {
				t.Errorf("%s: %d %s", what, page.Status, page.Text())
			}
		}
		if page := ask(next, p.Password); !strings.Contains(page.Text(), "Check your email at the new address") {
			t.Fatalf("after asking: %s", page.Text())
		}
		path := s.email(t, authserver.EmailMessageConfirm, next).Path
		if page := signInAs(t, s, next, p.Password); page.Status != http.StatusUnauthorized {
			t.Errorf("the new address counts before it was confirmed: %d", page.Status)
		}

		// Somebody else's browser cannot confirm it, and opening confirms nothing.
		other := signedUp(t, s)
		if page, err := other.Browser.Get(t.Context(), path); err != nil || page.Status != http.StatusNotFound {
			t.Errorf("somebody else: %v %v", page, err)
		}
		if page, err := p.Browser.Get(t.Context(), path); err != nil || !strings.Contains(page.Text(), next) {
			t.Errorf("the link: %v %v", page, err)
		}
		page := answer(t, p.Browser, path, map[string]string{"token": path[strings.Index(path, "=")+1:]})
		if page.Status != http.StatusOK || !strings.Contains(page.Text(), "Your email address was changed") {
			t.Fatalf("after confirming: %d %s", page.Status, page.Text())
		}
		s.email(t, authserver.EmailMessageChanged, p.Email)
		if page := signInAs(t, s, next, p.Password); !strings.Contains(page.Text(), "Hello, Ada") {
			t.Errorf("the new address: %s", page.Text())
		}
		if page := signInAs(t, s, p.Email, p.Password); page.Status != http.StatusUnauthorized {
			t.Errorf("the old address: %d", page.Status)
		}
		if page, _ := p.Browser.Get(t.Context(), path); page.Status != http.StatusNotFound {
			t.Errorf("the used link: %d", page.Status)
		}
	})
}

// Whether an address has an account is told to that address only.
func TestTakenAddressTellsNothing(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		p, owner := signedUp(t, s), signedUp(t, s)
		page := answer(t, p.Browser, "/settings/email", map[string]string{"email": owner.Email, "password": p.Password})
		if !strings.Contains(page.Text(), "Check your email at the new address") {
			t.Errorf("a taken address is answered: %s", page.Text())
		}
		if l := s.email(t, authserver.EmailMessageTaken, owner.Email); strings.Contains(l.Path, "token") {
			t.Errorf("the owner got a link: %+v", l)
		}
	})
}

func TestNameChanges(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		p := signedUp(t, s)
		page := answer(t, p.Browser, "/settings/account", map[string]string{"first_name": "Grace", "last_name": "<b>Hopper</b>"})
		if !strings.Contains(page.Text(), "Saved.") || strings.Contains(page.Body, "<b>Hopper") {
			t.Errorf("%s", page.Text())
		}
		page = answer(t, p.Browser, "/settings/account", map[string]string{"first_name": "A\u202eb", "last_name": strings.Repeat("x", 300)})
		if page.Status != http.StatusUnprocessableEntity || !strings.Contains(page.Text(), "First name is invalid") || !strings.Contains(page.Text(), "Last name is too long") {
			t.Errorf("%d %s", page.Status, page.Text())
		}
	})
}

func TestExportHoldsNoSecret(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		p := signedUp(t, s)
		page := answer(t, p.Browser, "/settings/export", nil)
		if page.Status != http.StatusOK || !strings.HasPrefix(page.Header.Get("Content-Disposition"), "attachment; filename=") ||
			page.Header.Get("Cache-Control") != "no-store" {
			t.Fatalf("%d %v", page.Status, page.Header)
		}
		var doc map[string]any
		if err := json.Unmarshal([]byte(page.Body), &doc); err != nil {
			t.Fatal(err)
		}
		if doc["account"].(map[string]any)["email"] != p.Email || len(doc["sign_ins"].([]any)) != 1 {
			t.Errorf("the export is %s", page.Body)
		}
		for _, bad := range []string{"argon2", "digest", "sig_", "password_hash", p.Password} {
			if strings.Contains(page.Body, bad) {
				t.Errorf("the export holds %q", bad)
			}
		}
		for _, path := range []string{"/settings/export", "/settings/account", "/settings/applications", "/settings/developer"} {
			if page, err := actor.NewBrowser(s.URL).Get(t.Context(), path); err != nil || page.URL.Path != "/signin" {
				t.Errorf("%s without a sign-in: %v %v", path, page.URL, err)
			}
		}
	})
}

// A server without email says so, and a new address counts at once.
func TestWithoutEmail(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		quiet := settings()
		quiet.Emails = false
		s := newSite(t, set, quiet)
		p, other := signedUp(t, s), signedUp(t, s)
		page, err := p.Browser.Get(t.Context(), "/forgot")
		if err != nil || !strings.Contains(page.Text(), "This server sends no email") || strings.Contains(page.Body, "<form") {
			t.Errorf("%v %s", err, page.Text())
		}
		page = answer(t, p.Browser, "/settings/email", map[string]string{"email": other.Email, "password": p.Password})
		if page.Status != http.StatusUnprocessableEntity || !strings.Contains(page.Text(), "Email has already been taken") {
			t.Errorf("a taken address: %d %s", page.Status, page.Text())
		}
		next := actor.NewPerson(s.URL).Email
		page = answer(t, p.Browser, "/settings/email", map[string]string{"email": strings.ToUpper(next), "password": p.Password})
		if !strings.Contains(page.Text(), "Your email address was changed") {
			t.Errorf("%d %s", page.Status, page.Text())
		}
		if page := signInAs(t, s, next, p.Password); !strings.Contains(page.Text(), "Hello, Ada") {
			t.Errorf("the new address: %d", page.Status)
		}
	})
}
