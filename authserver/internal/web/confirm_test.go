package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

// TestA3_AnAddressIsConfirmedByALink: at any browser, once, by a button.
func TestA3_AnAddressIsConfirmedByALink(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		p := signedUp(t, s)
		for _, path := range []string{"/", "/settings/account", "/settings/family"} {
			if text := open(t, p.Browser, path).Text(); !strings.Contains(strings.ToLower(text), "not confirmed") {
				t.Errorf("%s does not say that the address is not confirmed: %s", path, text)
			}
		}
		path := s.email(t, authserver.EmailMessageConfirmOwn, p.Email).Path
		if !strings.HasPrefix(path, "/confirm?token=eml_") {
			t.Fatalf("the link is %s", path)
		}
		b := actor.NewBrowser(s.URL)
		page := open(t, b, path)
		if !strings.Contains(page.Text(), p.Email) || page.Header.Get("Referrer-Policy") != "strict-origin" {
			t.Errorf("the link's page: %v %s", page.Header, page.Text())
		}
		if text := open(t, p.Browser, "/settings/account").Text(); !strings.Contains(text, "Not confirmed") {
			t.Errorf("opening the link confirms: %s", text)
		}
		if page = answer(t, b, path, map[string]string{"token": path[len("/confirm?token="):]}); !strings.Contains(page.Text(), "Your email address is confirmed") {
			t.Fatalf("after confirming: %d %s", page.Status, page.Text())
		}
		for _, where := range []string{"/", "/settings/account", "/settings/family"} {
			if text := open(t, p.Browser, where).Text(); strings.Contains(strings.ToLower(text), "not confirmed") {
				t.Errorf("%s after confirming: %s", where, text)
			}
		}
		if page, _ := b.Get(t.Context(), path); page.Status != http.StatusNotFound {
			t.Errorf("the used link: %d", page.Status)
		}
		if page := open(t, p.Browser, "/settings/email/confirmation"); page.URL.Path != "/settings/account" {
			t.Errorf("it can be asked for again: %s", page.URL)
		}
	})
}

// Another link is sent on demand, not without end; an old one, and one of another kind
// of confirmation, confirm nothing.
func TestConfirmationIsSentAgain(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		p := signedUp(t, s)
		first := s.email(t, authserver.EmailMessageConfirmOwn, p.Email).Path
		page := answer(t, p.Browser, "/settings/email/confirmation", nil)
		if !strings.Contains(page.Text(), "We are sending a new link to "+p.Email) {
			t.Fatalf("asking again: %s", page.Text())
		}
		emails := func() []authserver.EmailMessage { return s.mail.to(authserver.EmailMessageConfirmOwn, p.Email) }
		testenv.Eventually(t, 30*time.Second, "the second email", func() bool { return len(emails()) == 2 })
		gone := func(what, path string) {
			t.Helper()
			if page, err := actor.NewBrowser(s.URL).Get(t.Context(), path); err != nil || page.Status != http.StatusNotFound {
				t.Errorf("%s: %v %d", what, err, page.Status)
			}
		}
		for _, token := range []string{"", "x", "eml_" + strings.Repeat("A", 49), "%00", "%ff"} {
			gone("made up", account.ConfirmPath+token)
		}
		next := actor.NewPerson(s.URL).Email
		answer(t, p.Browser, "/settings/email", map[string]string{"email": next, "password": p.Password})
		change := s.email(t, authserver.EmailMessageConfirm, next).Path
		gone("of another address", account.ConfirmPath+strings.TrimPrefix(change, account.EmailPath))
		if page, _ := p.Browser.Get(t.Context(), account.EmailPath+strings.TrimPrefix(first, account.ConfirmPath)); page.Status != http.StatusNotFound {
			t.Errorf("a link of the own address changes it: %d", page.Status)
		}
		open(t, p.Browser, change)
		answer(t, p.Browser, change, map[string]string{"token": strings.TrimPrefix(change, account.EmailPath)})
		gone("of the old address", first)
		if text := open(t, p.Browser, "/settings/account").Text(); strings.Contains(text, "Not confirmed") || !strings.Contains(text, next) {
			t.Errorf("the new address is not confirmed by its link: %s", text)
		}

		late := signedUp(t, s)
		path := s.email(t, authserver.EmailMessageConfirmOwn, late.Email).Path
		s.clock.advance(24*time.Hour + time.Second)
		gone("expired", path)
	})
}

// TestA3_AResetConfirmsTheAddress: whoever signed up with somebody's address has set up
// a second factor, which must not keep the owner out. A link that the operator hands
// over proves nothing about the address.
func TestA3_AResetConfirmsTheAddress(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		for _, by := range []string{"email", "operator"} {
			intruder := signedUp(t, s)
			s.turnOn(t, intruder)
			var path string
			if by == "email" {
				forgot(t, s, intruder.Email)
				path = s.email(t, authserver.EmailMessageReset, intruder.Email).Path
			} else {
				var err error
				if path, err = (&account.Recovery{People: s.People, Links: s.Store}).ResetLink(t.Context(), intruder.Email); err != nil {
					t.Fatal(err)
				}
			}
			owner := actor.NewBrowser(s.URL)
			answer(t, owner, path, map[string]string{"new_password": "Another-1!password"})
			page := answer(t, owner, "/signin", map[string]string{"email": intruder.Email, "password": "Another-1!password"})
			if kept := page.URL.Path == "/signin/second-factor"; kept != (by == "operator") {
				t.Errorf("%s: signing in leads to %s", by, page.URL)
			}
			if u, err := s.Store.FindUserByEmail(t.Context(), intruder.Email); err != nil || u.EmailConfirmed() != (by == "email") {
				t.Errorf("%s: confirmed %v, %v", by, u.EmailConfirmed(), err)
			}
		}
	})
}

// A second factor that its owner has set up stays.
func TestAResetKeepsTheSecondFactorOfAConfirmedAddress(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		p := signedUp(t, s)
		path := s.email(t, authserver.EmailMessageConfirmOwn, p.Email).Path
		answer(t, p.Browser, path, map[string]string{"token": strings.TrimPrefix(path, account.ConfirmPath)})
		s.turnOn(t, p)
		forgot(t, s, p.Email)
		b := actor.NewBrowser(s.URL)
		answer(t, b, s.email(t, authserver.EmailMessageReset, p.Email).Path, map[string]string{"new_password": "Another-1!password"})
		if page := answer(t, b, "/signin", map[string]string{"email": p.Email, "password": "Another-1!password"}); page.URL.Path != "/signin/second-factor" {
			t.Errorf("signing in leads to %s", page.URL)
		}
	})
}

// TestA3_AnInvitationProvesTheAddress: its email has a code of its own, and whoever joins
// with it reads what is sent to the address.
func TestA3_AnInvitationProvesTheAddress(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		admin, guest := signedUp(t, s), actor.NewPerson(s.URL)
		shown := ""
		invite := func() authserver.EmailMessage {
			t.Helper()
			before := len(s.mail.to(authserver.EmailMessageInvited, guest.Email))
			page := fill(t, admin.Browser, open(t, admin.Browser, "/settings/family"), map[string]string{"email": guest.Email, "role": "guest"}, "action", "invite")
			found := joinLink.FindStringSubmatch(page.Body)
			if found == nil {
				t.Fatalf("the page has no link to copy: %s", page.Text())
			}
			shown = strings.TrimPrefix(found[1], account.JoinPath)
			testenv.Eventually(t, 30*time.Second, "invitation", func() bool { return len(s.mail.to(authserver.EmailMessageInvited, guest.Email)) > before })
			return s.email(t, authserver.EmailMessageInvited, guest.Email)
		}
		if l := invite(); l.By != "" {
			t.Errorf("the email names an address that is not confirmed: %s", l.By)
		}
		own := s.email(t, authserver.EmailMessageConfirmOwn, admin.Email).Path
		answer(t, admin.Browser, own, map[string]string{"token": strings.TrimPrefix(own, account.ConfirmPath)})
		l := invite()
		if l.By != admin.Email {
			t.Errorf("the email is from %q", l.By)
		}
		code := strings.TrimPrefix(l.Path, account.JoinPath)
		if code == shown {
			t.Fatal("the inviter sees the code of the email")
		}
		answer(t, guest.Browser, "/signup?invite_code="+code, map[string]string{"email": guest.Email, "password": guest.Password, "invite_code": code})
		u, err := s.Store.FindUserByEmail(t.Context(), guest.Email)
		if err != nil || !u.EmailConfirmed() || u.Role != authserver.RoleGuest {
			t.Fatalf("%+v, %v", u, err)
		}
		if text := open(t, admin.Browser, "/settings/family").Text(); strings.Contains(text, "Email not confirmed") {
			t.Errorf("the family: %s", text)
		}
		if len(s.mail.to(authserver.EmailMessageConfirmOwn, guest.Email)) > 0 {
			t.Error("a proved address is asked about")
		}
		late := actor.NewBrowser(s.URL)
		if page, err := late.Get(t.Context(), account.JoinPath+shown); err != nil || page.Status != http.StatusNotFound {
			t.Errorf("the other code of a used invitation: %v, %v", page.Status, err)
		}
	})
}

// TestA3_ACopiedInvitationProvesNothing: whoever joins with the link that the inviter saw
// has joined, and is asked to confirm the address.
func TestA3_ACopiedInvitationProvesNothing(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		admin, guest := signedUp(t, s), actor.NewPerson(s.URL)
		page := fill(t, admin.Browser, open(t, admin.Browser, "/settings/family"), map[string]string{"email": guest.Email, "role": "guest"}, "action", "invite")
		found := joinLink.FindStringSubmatch(page.Body)
		if found == nil {
			t.Fatalf("no link: %s", page.Text())
		}
		email := strings.TrimPrefix(s.email(t, authserver.EmailMessageInvited, guest.Email).Path, account.JoinPath)
		code := strings.TrimPrefix(found[1], account.JoinPath)
		join := func(b *actor.Browser, code, email string) *actor.Page {
			t.Helper()
			page := fill(t, b, open(t, b, "/signup?invite_code="+code), map[string]string{"email": email, "password": guest.Password, "invite_code": code})
			return page
		}
		if page := join(actor.NewBrowser(s.URL), code, "other@example.com"); page.Status != http.StatusForbidden && page.Status != http.StatusUnprocessableEntity {
			t.Errorf("another address: %d", page.Status)
		}
		join(guest.Browser, code, guest.Email)
		u, err := s.Store.FindUserByEmail(t.Context(), guest.Email)
		if err != nil || u.EmailConfirmed() || u.Role != authserver.RoleGuest {
			t.Fatalf("%+v, %v", u, err)
		}
		if text := open(t, admin.Browser, "/settings/family").Text(); !strings.Contains(text, "Email not confirmed") {
			t.Errorf("the family: %s", text)
		}
		s.email(t, authserver.EmailMessageConfirmOwn, guest.Email)
		if page := join(actor.NewBrowser(s.URL), email, guest.Email); page.Status != http.StatusForbidden && page.Status != http.StatusUnprocessableEntity {
			t.Errorf("the email's code of a used invitation: %d", page.Status)
		}
	})
}
