package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

// forgot asks for a reset link and returns the page after it.
func forgot(t *testing.T, s *site, email string) *actor.Page {
	t.Helper()
	b := actor.NewBrowser(s.URL)
	return answer(t, b, "/forgot", map[string]string{"email": email})
}

// answer gets a page, fills in its form that has the named fields and submits it.
func answer(t *testing.T, b *actor.Browser, path string, values map[string]string) *actor.Page {
	t.Helper()
	page, err := b.Get(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	form, err := page.Form(names...)
	if err != nil {
		t.Fatal(err)
	}
	form.Fill(values)
	page, err = b.Submit(t.Context(), page, form, "", "")
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// signedUp is somebody who has just signed up.
func signedUp(t *testing.T, s *site) *actor.Person {
	t.Helper()
	p := actor.NewPerson(s.URL)
	if _, err := p.SignUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p
}

func home(t *testing.T, b *actor.Browser) string {
	t.Helper()
	page, err := b.Get(t.Context(), "/")
	if err != nil {
		t.Fatal(err)
	}
	return page.Text()
}

func TestResetEndsEverything(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		p := signedUp(t, s)
		if page := forgot(t, s, " "+strings.ToUpper(p.Email)); !strings.Contains(page.Text(), "Check your email") {
			t.Fatalf("after asking: %s", page.Text())
		}
		l := s.email(t, authserver.EmailMessageReset, p.Email)
		if l.Name != "Ada Lovelace" || l.Life != 15*time.Minute {
			t.Errorf("the email is %+v", l)
		}
		b := actor.NewBrowser(s.URL)
		page := answer(t, b, l.Path, map[string]string{"new_password": "short"})
		if page.Status != http.StatusUnprocessableEntity || !strings.Contains(page.Text(), "at least 8 characters") || strings.Contains(page.Body, `value="short"`) {
			t.Errorf("a weak password: %d %s", page.Status, page.Text())
		}
		old, fresh := p.Password, "Another-1!password"
		page = answer(t, b, l.Path, map[string]string{"new_password": fresh})
		if page.Status != http.StatusOK || page.URL.Path != "/signin" || !strings.Contains(page.Text(), "Your password was changed") {
			t.Fatalf("after the reset: %d %s %s", page.Status, page.URL, page.Text())
		}
		if strings.Contains(home(t, p.Browser), "Hello, Ada") {
			t.Error("the other browser is still signed in")
		}
		if page := signInAs(t, s, p.Email, old); page.Status != http.StatusUnauthorized {
			t.Errorf("the old password: %d", page.Status)
		}
		if page := signInAs(t, s, p.Email, fresh); !strings.Contains(page.Text(), "Hello, Ada") {
			t.Errorf("the new password: %d %s", page.Status, page.Text())
		}
		s.email(t, authserver.EmailMessagePasswordChanged, p.Email)
		if page, _ = b.Get(t.Context(), l.Path); page.Status != http.StatusNotFound || !strings.Contains(page.Text(), "no longer works") {
			t.Errorf("the used link: %d %s", page.Status, page.Text())
		}
	})
}

// Twenty browsers open one link and answer at once: one password is set.
func TestResetLinkIsUsedOnce(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		p := signedUp(t, s)
		forgot(t, s, p.Email)
		path := s.email(t, authserver.EmailMessageReset, p.Email).Path
		const tries = 20
		pages := make(chan *actor.Page, tries)
		type ready struct {
			b    *actor.Browser
			page *actor.Page
			form *actor.Form
		}
		var all []ready
		for range tries {
			b := actor.NewBrowser(s.URL)
			page, err := b.Get(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			form, err := page.Form("new_password")
			if err != nil {
				t.Fatal(err)
			}
			form.Fill(map[string]string{"new_password": "Another-1!password"})
			all = append(all, ready{b, page, form})
		}
		for _, r := range all {
			go func() {
				page, err := r.b.Submit(t.Context(), r.page, r.form, "", "")
				if err != nil {
					t.Error(err)
				}
				pages <- page
			}()
		}
		won := 0
		for range tries {
			page := <-pages
			switch {
			case page == nil:
			case page.Status == http.StatusOK && page.URL.Path == "/signin":
				won++
			case page.Status != http.StatusNotFound:
				t.Errorf("a loser got %d: %s", page.Status, page.Text())
			}
		}
		if won != 1 {
			t.Errorf("%d tries won", won)
		}
	})
}

func TestResetLinksThatAreNotGood(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		gone := func(what, path string) {
			t.Helper()
			page, err := actor.NewBrowser(s.URL).Get(t.Context(), path)
			if err != nil || page.Status != http.StatusNotFound || !strings.Contains(page.Text(), "no longer works") {
				t.Errorf("%s: %v, %v", what, page.Status, err)
			}
		}
		for _, token := range []string{"", "x", "rst_" + strings.Repeat("A", 49), strings.Repeat("x", 4000), "\x00", "\xff", "' OR 1=1"} {
			gone("made up", "/reset?token="+url.QueryEscape(token))
		}
		p := signedUp(t, s)
		forgot(t, s, p.Email)
		expiring := s.email(t, authserver.EmailMessageReset, p.Email).Path
		s.clock.advance(15*time.Minute + time.Second)
		gone("expired", expiring)

		// Another password makes the link void.
		p = signedUp(t, s)
		forgot(t, s, p.Email)
		path := s.email(t, authserver.EmailMessageReset, p.Email).Path
		answer(t, p.Browser, "/settings/password", map[string]string{"password": p.Password, "new_password": "Another-1!password"})
		gone("void", path)

		// So does leaving.
		p = signedUp(t, s)
		forgot(t, s, p.Email)
		path = s.email(t, authserver.EmailMessageReset, p.Email).Path
		answer(t, p.Browser, "/settings/delete", map[string]string{"password": p.Password})
		gone("of somebody who left", path)
	})
}

func TestForgottenPasswordTellsNothing(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		p := signedUp(t, s)
		known, unknown := forgot(t, s, p.Email), forgot(t, s, "nobody@example.com")
		if known.Status != unknown.Status || known.Text() != unknown.Text() {
			t.Errorf("a known address is answered %q, an unknown one %q", known.Text(), unknown.Text())
		}
		s.email(t, authserver.EmailMessageReset, p.Email)
		if len(s.mail.to(authserver.EmailMessageReset, "nobody@example.com")) > 0 {
			t.Error("an email went to an unknown address")
		}
		for _, email := range []string{"", "no address", strings.Repeat("a", 300) + "@example.com"} {
			if page := forgot(t, s, email); page.Status != http.StatusUnprocessableEntity {
				t.Errorf("%.20q: %d", email, page.Status)
			}
		}
	})
}

func TestResetLinkOfTheOperator(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		p := signedUp(t, s)
		r := account.Recovery{People: s.People, Links: s.Store}
		path, err := r.ResetLink(t.Context(), strings.ToUpper(p.Email))
		if err != nil {
			t.Fatal(err)
		}
		page := answer(t, actor.NewBrowser(s.URL), path, map[string]string{"new_password": "Another-1!password"})
		if page.URL.Path != "/signin" {
			t.Errorf("the link led to %s: %s", page.URL, page.Text())
		}
		if _, err := r.ResetLink(t.Context(), "nobody@example.com"); err == nil {
			t.Error("an unknown address got a link")
		}
	})
}

// Two links of one person, used at the same instant: one counts, and neither
// waits for the other for ever.
func TestTwoResetLinksAtOnce(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		r := account.Recovery{People: s.People, Links: s.Store}
		for range 5 {
			p := signedUp(t, s)
			pages := make(chan *actor.Page, 4)
			var submit []func()
			for range cap(pages) {
				path, err := r.ResetLink(t.Context(), p.Email)
				if err != nil {
					t.Fatal(err)
				}
				b := actor.NewBrowser(s.URL)
				page, err := b.Get(t.Context(), path)
				if err != nil {
					t.Fatal(err)
				}
				form, err := page.Form("new_password")
				if err != nil {
					t.Fatal(err)
				}
				form.Fill(map[string]string{"new_password": "Another-1!password"})
				submit = append(submit, func() {
					got, err := b.Submit(t.Context(), page, form, "", "")
					if err != nil {
						t.Error(err)
					}
					pages <- got
				})
			}
			for _, one := range submit {
				go one()
			}
			won := 0
			for range cap(pages) {
				switch page := <-pages; {
				case page != nil && page.URL.Path == "/signin":
					won++
				case page != nil && page.Status != http.StatusNotFound:
					t.Errorf("a loser got %d: %s", page.Status, page.Text())
				}
			}
			if won != 1 {
				t.Errorf("%d links counted", won)
			}
		}
	})
}
