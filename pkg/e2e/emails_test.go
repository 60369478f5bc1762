package e2e

import (
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

// mailing is a server that sends emails to addr.
func mailing(addr string) process.Env {
	return process.Env{"AUTH_SMTP_URL": "smtp://" + addr, "AUTH_SMTP_FROM": "Latchkey <noreply@example.com>"}
}

// TestEmailsWaitForTheMailServer signs up while there is no mail server: the email
// comes once there is one, also from another process, and no link is at rest meanwhile.
func TestEmailsWaitForTheMailServer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is closed at once
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	ownWorld(t, stack.Setup{AuthEnv: mailing(addr)}, func(w *world) {
		p := w.person()
		testenv.Eventually(w.t, 30*time.Second, "a try", func() bool { return strings.Contains(w.Logs(), "an outbox message failed") })
		if dump := w.dump(w.AuthDB); strings.Contains(dump, "eml_") || !strings.Contains(dump, "confirm_own") {
			w.t.Error("the database has no email, or one with its link")
		}
		office := testenv.OpenPostOfficeAt(w.t, addr)
		defer office.Close()
		path := w.linkFor(office, p.Email, "/confirm?")
		if page := w.answer(actor.NewBrowser(w.Auth.URL), path, nil); !strings.Contains(page.Text(), "Your email address is confirmed") {
			w.t.Errorf("the link: %d %s", page.Status, page.Text())
		}
		if log := w.Logs(); strings.Contains(log, "eml_") || strings.Contains(log, p.Email) {
			w.t.Error("the log holds a link or an address")
		}
	})
}

// Applications learn whether an address is confirmed.
func TestUserinfoSaysWhetherTheAddressIsConfirmed(t *testing.T) {
	office := testenv.OpenPostOffice(t, "")
	ownWorld(t, stack.Setup{AuthEnv: mailing(office.Addr)}, func(w *world) {
		p := w.person()
		pair := w.tokensOf(p, w.public(), "read")
		verified := func(want bool) {
			w.t.Helper()
			answer, err := (&actor.App{}).Call(w.t.Context(), http.MethodGet, w.Auth.URL+"/oauth/userinfo", pair.Access, nil)
			if err != nil || answer.JSON("email_verified") != want || answer.Text("email") != p.Email {
				w.t.Errorf("%v %v", err, answer)
			}
		}
		verified(false)
		w.answer(actor.NewBrowser(w.Auth.URL), w.linkFor(office, p.Email, "/confirm?"), nil)
		verified(true)
	})
}

// mailbag keeps every email that a post office takes.
type mailbag struct {
	w    *world
	mu   sync.Mutex
	kept []testenv.Email
}

func (w *world) mailbag(office *testenv.PostOffice) *mailbag {
	b := &mailbag{w: w}
	go func() {
		for {
			select {
			case raw := <-office.Emails:
				e := testenv.ReadEmail(w.t, raw)
				b.mu.Lock()
				b.kept = append(b.kept, e)
				b.mu.Unlock()
			case <-w.t.Context().Done():
				return
			}
		}
	}()
	return b
}

// to are the emails to somebody with a subject, so far.
func (b *mailbag) to(address, subject string) []testenv.Email {
	b.mu.Lock()
	defer b.mu.Unlock()
	var found []testenv.Email
	for _, e := range b.kept {
		if strings.Contains(e.Header.Get("To"), address) && e.Subject == subject {
			found = append(found, e)
		}
	}
	return found
}

// want is wait for an email about what came from here.
func (b *mailbag) want(address, subject string, parts ...string) testenv.Email {
	b.w.t.Helper()
	return b.wait(address, subject, append(parts, "IP address", "127.0.0.1")...)
}

// wantElsewhere is wait for an email about what somebody else did, which does not say
// from where.
func (b *mailbag) wantElsewhere(address, subject string, parts ...string) {
	b.w.t.Helper()
	if e := b.wait(address, subject, parts...); strings.Contains(e.Text, "IP address") || strings.Contains(e.Text, "Browser") || strings.Contains(e.HTML, "127.0.0.1<") {
		b.w.t.Errorf("the email %q says from where somebody else did it: %s", subject, e.Text)
	}
}

// wait waits for the email to somebody with a subject, which must say parts both as
// text and as HTML.
func (b *mailbag) wait(address, subject string, parts ...string) testenv.Email {
	b.w.t.Helper()
	testenv.Eventually(b.w.t, 30*time.Second, subject+" to "+address, func() bool { return len(b.to(address, subject)) > 0 })
	found := b.to(address, subject)
	last := found[len(found)-1]
	for _, part := range parts {
		if !strings.Contains(last.Text, part) || !strings.Contains(last.HTML, part) {
			b.w.t.Errorf("the email %q does not say %q: %s", subject, part, last.Text)
		}
	}
	for _, bad := range []string{"key_", "oat_", "ort_", "sig_", "rst_"} {
		if strings.Contains(last.Text, bad) || strings.Contains(last.HTML, bad) {
			b.w.t.Errorf("the email %q has a secret: %s", subject, last.Text)
		}
	}
	return last
}

// asFirefox sends requests as a browser that people know.
type asFirefox struct{ language string }

func (a asFirefox) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	if a.language != "" {
		r.Header.Set("Accept-Language", a.language)
	}
	return http.DefaultTransport.RoundTrip(r)
}

// TestE1_PeopleHearOfWhatHappens reads what a mail server gets of everything that a
// person should know.
func TestE1_PeopleHearOfWhatHappens(t *testing.T) {
	office := testenv.OpenPostOffice(t, "")
	ownWorld(t, stack.Setup{AuthEnv: mailing(office.Addr)}, func(w *world) {
		bag, p := w.mailbag(office), w.person()
		own := w.ownTokens(p)
		bag.want(p.Email, "New sign-in to your account", "Device", w.Auth.URL+"/settings/signins")

		k := &keeper{world: w, person: p, token: own.Access}
		key := k.newKey("Night http://evil.example/<b>x", "read", "web", nil)
		bag.want(p.Email, "An API key was created", "“Night http evil example b x”", "/settings/api_keys")
		k.read(k.manage(http.MethodPost, apiKeys+"/"+key.ID+"/rotate", members{}), http.StatusCreated)
		bag.want(p.Email, "An API key was rotated")

		w.tokensOf(p, w.public(), "read")
		w.tokensOf(p, w.public(), "read_write")
		bag.want(p.Email, "An application can now change your data", "“Test app”", "/settings/applications")

		codes := w.secondFactor(p)
		bag.want(p.Email, "The second factor was turned on")
		back := p.ElsewhereAs(w.Auth.URL)
		page := w.signingIn(back)
		w.submit(back, page, map[string]string{"otp_code": codes[0]})
		bag.want(p.Email, "A recovery code was used")
		w.answer(back.Browser, "/settings/second-factor/off", map[string]string{"password": p.Password, "otp_code": codes[1]})
		bag.want(p.Email, "The second factor was turned off")

		w.answer(back.Browser, "/settings/password", map[string]string{"password": p.Password, "new_password": "Another-1!password"})
		p.Password = "Another-1!password"
		bag.want(p.Email, "Your password was changed", "/forgot")

		old, next := p.Email, actor.NewPerson(w.Auth.URL).Email
		w.answer(back.Browser, "/settings/email", map[string]string{"email": next, "password": p.Password})
		testenv.Eventually(w.t, 30*time.Second, "the link", func() bool { return len(bag.to(next, "Confirm your new email address")) == 1 })
		link := linkInEmail.FindString(bag.to(next, "Confirm your new email address")[0].Text)
		w.answer(back.Browser, strings.TrimPrefix(link, w.Auth.URL), nil)
		bag.want(old, "Your email address was changed")
		bag.want(next, "This is now the address of your account")

		if n := len(bag.to(old, "An application can now change your data")); n != 1 {
			w.t.Errorf("%d emails about applications: one may read only", n)
		}
	})
}

// TestE1_FamiliesHearWhoComesAndGoes: admins of both, and whoever was removed.
func TestE1_FamiliesHearWhoComesAndGoes(t *testing.T) {
	office := testenv.OpenPostOffice(t, "")
	ownWorld(t, stack.Setup{AuthEnv: mailing(office.Addr)}, func(w *world) {
		bag, admin, p := w.mailbag(office), w.person(), actor.NewPerson(w.Auth.URL)
		w.answer(admin.Browser, "/settings/family", map[string]string{"email": p.Email, "role": "member"}, "action", "invite")
		const invited = "You are invited to join a family"
		testenv.Eventually(w.t, 30*time.Second, invited, func() bool { return len(bag.to(p.Email, invited)) == 1 })
		link := linkInEmail.FindString(bag.to(p.Email, invited)[0].Text)
		_, after, _ := strings.Cut(w.page(p, strings.TrimPrefix(link, w.Auth.URL)).Body, `href="/signup?`)
		query, _, _ := strings.Cut(after, `"`)
		w.answer(p.Browser, "/signup?"+strings.ReplaceAll(query, "&amp;", "&"), map[string]string{
			"email": p.Email, "password": p.Password, "first_name": "Grace www.evil.example", "last_name": "Hopper",
		})
		bag.want(admin.Email, "Someone joined your family", "Grace www evil example Hopper", p.Email, "/settings/family")
		page := w.page(admin, "/settings/family")
		_, after, _ = strings.Cut(page.Body, `href="/settings/family/`)
		id, _, _ := strings.Cut(after, `/remove"`)
		w.answer(admin.Browser, "/settings/family/"+id+"/remove", nil, "action", "remove")
		bag.want(admin.Email, "Someone was removed from your family", p.Email)
		bag.wantElsewhere(p.Email, "You were removed from a family")
		if n := len(bag.to(p.Email, "New sign-in to your account")) + len(bag.to(admin.Email, "New sign-in to your account")); n != 0 {
			w.t.Errorf("%d emails about signing up", n)
		}
	})
}

// TestE1_ANewBrowserIsToldOnce: a browser that is known is no news, and of two sign-ins
// at once at a new one there is one email, in the person's language.
func TestE1_ANewBrowserIsToldOnce(t *testing.T) {
	office := testenv.OpenPostOffice(t, "")
	ownWorld(t, stack.Setup{AuthEnv: mailing(office.Addr)}, func(w *world) {
		bag, p := w.mailbag(office), w.person()
		if _, err := p.SignIn(w.t.Context()); err == nil {
			w.t.Fatal("signed in twice")
		}
		w.answer(p.Browser, "/signout", nil)
		w.signingIn(p) // at the browser of the sign-up

		back := p.ElsewhereAs(w.Auth.URL)
		back.Browser.Through(asFirefox{"de-DE,de;q=0.9"})
		page, err := back.Browser.Get(w.t.Context(), "/signin")
		if err != nil {
			w.t.Fatal(err)
		}
		form, err := page.Form("email", "password")
		if err != nil {
			w.t.Fatal(err)
		}
		form.Fill(map[string]string{"email": p.Email, "password": "Wrong-1!password"})
		if page, err = back.Browser.Submit(w.t.Context(), page, form, "", ""); err != nil { // after it the browser has a cookie to be known by
			w.t.Fatal(err)
		}
		if form, err = page.Form("email", "password"); err != nil {
			w.t.Fatal(err)
		}
		form.Fill(map[string]string{"email": p.Email, "password": p.Password})
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() { _, _ = back.Browser.Submit(w.t.Context(), page, form, "", "") })
		}
		both.Wait()
		const german = "Neue Anmeldung bei Ihrem Konto"
		testenv.Eventually(w.t, 30*time.Second, german, func() bool { return len(bag.to(p.Email, german)) > 0 })
		e := bag.to(p.Email, german)[0]
		if !strings.Contains(e.Text, "Firefox unter Linux") || !strings.Contains(e.HTML, `lang="de"`) || !strings.Contains(e.Text, "127.0.0.1") {
			w.t.Errorf("the email: %s", e.Text)
		}
		w.answer(back.Browser, "/settings/email/confirmation", nil) // a later email
		testenv.Eventually(w.t, 30*time.Second, "a later email", func() bool { return len(bag.to(p.Email, "Bestätigen Sie Ihre E-Mail-Adresse")) > 0 })
		if n := len(bag.to(p.Email, german)) + len(bag.to(p.Email, "New sign-in to your account")); n != 1 {
			w.t.Errorf("%d emails about sign-ins", n)
		}
	})
}
