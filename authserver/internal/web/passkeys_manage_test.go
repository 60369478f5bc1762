package web_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/authserver/internal/passkey"
	"latchkey/pkg/testenv/actor"
)

var passkeyLink = regexp.MustCompile(`/settings/passkeys/([0-9a-f-]{36})/remove`)

func (s *passkeySite) ids() []string {
	s.t.Helper()
	var ids []string
	for _, found := range passkeyLink.FindAllStringSubmatch(s.get(s.person.Browser, "/settings/passkeys").Body, -1) {
		if !slices.Contains(ids, found[1]) {
			ids = append(ids, found[1])
		}
	}
	return ids
}

// anotherDevice gives the person a new device, which makes a passkey of its own.
func (s *passkeySite) anotherDevice(name string) *actor.Page {
	s.t.Helper()
	s.device = actor.NewAuthenticator(s.URL)
	return s.add(name)
}

func (s *passkeySite) submit(b *actor.Browser, path string, values map[string]string) *actor.Page {
	s.t.Helper()
	page := s.get(b, path)
	form, err := page.Form("csrf_token")
	if err != nil {
		s.t.Fatal(err)
	}
	form.Fill(values)
	if page, err = b.Submit(s.t.Context(), page, form, "", ""); err != nil {
		s.t.Fatal(err)
	}
	return page
}

func TestPasskeyRegistrationRefusals(t *testing.T) {
	t.Parallel()
	eachPasskeySite(t, func(s *passkeySite) {
		b := s.person.Browser
		refused := func(name string, page *actor.Page) {
			s.t.Helper()
			if page.Status != http.StatusUnprocessableEntity {
				s.t.Errorf("%s: %d, want 422: %s", name, page.Status, page.Text())
			}
		}
		for name, lie := range map[string]func(d *actor.Authenticator){
			"origin":        func(d *actor.Authenticator) { d.Origin = "https://evil.example" },
			"relying party": func(d *actor.Authenticator) { d.RPID = "evil.example" },
			"not verified":  func(d *actor.Authenticator) { d.Verifies = false },
		} {
			liar := actor.NewAuthenticator(s.URL)
			lie(liar)
			c := s.begin(b, "/settings/passkeys", nil)
			refused(name, c.finish(s.must(liar.Create(c.options))))
		}
		// Somebody else's challenge, and one for signing in.
		other := actor.NewPerson(s.URL)
		if _, err := other.SignUp(s.t.Context()); err != nil {
			s.t.Fatal(err)
		}
		theirs := s.begin(other.Browser, "/settings/passkeys", nil)
		c := s.begin(b, "/settings/passkeys", nil)
		refused("another user's challenge", c.finish(s.must(s.device.Create(theirs.options))))

		c = s.begin(b, "/settings/passkeys", nil)
		answer := s.must(s.device.Create(c.options))
		s.clock.advance(5*time.Minute + time.Second)
		refused("expired", c.finish(answer))

		c = s.begin(b, "/settings/passkeys", nil)
		answer = s.must(actor.NewAuthenticator(s.URL).Create(c.options))
		if page := c.finish(answer); page.Status != http.StatusOK {
			s.t.Fatalf("%d %s", page.Status, page.Text())
		}
		refused("replayed", c.finish(answer))
		for _, name := range []string{strings.Repeat("x", 61), "a\u202eb"} {
			s.device = actor.NewAuthenticator(s.URL)
			page := s.add(name)
			refused("name", page)
		}
		if n := len(s.ids()); n != 1 {
			s.t.Errorf("%d passkeys, want 1", n)
		}
	})
}

func TestPasskeyNames(t *testing.T) {
	t.Parallel()
	eachPasskeySite(t, func(s *passkeySite) {
		s.add("")
		if page := s.anotherDevice(""); !strings.Contains(page.Text(), "Passkey 2") {
			s.t.Errorf("two passkeys of one make have one name: %s", page.Text())
		}
		id := s.ids()[0]
		page := s.submit(s.person.Browser, "/settings/passkeys/"+id, map[string]string{"passkey_name": " Old <b>phone</b> "})
		if page.URL.Path != "/settings/passkeys" || !strings.Contains(page.Body, "Old &lt;b&gt;phone&lt;/b&gt;") {
			s.t.Errorf("%d %s", page.Status, page.Body)
		}
		page = s.submit(s.person.Browser, "/settings/passkeys/"+id, map[string]string{"passkey_name": " "})
		if page.Status != http.StatusUnprocessableEntity || !strings.Contains(page.Text(), "Name can't be blank") {
			s.t.Errorf("%d %s", page.Status, page.Text())
		}
		other := actor.NewPerson(s.URL)
		if _, err := other.SignUp(s.t.Context()); err != nil {
			s.t.Fatal(err)
		}
		for _, path := range []string{id, id + "/remove", strings.Repeat("0", 36), "x", "%00"} {
			if page = s.get(other.Browser, "/settings/passkeys/"+path); page.Status != http.StatusNotFound {
				s.t.Errorf("somebody else at %s: %d", path, page.Status)
			}
		}
	})
}

func TestPasskeyRemoved(t *testing.T) {
	t.Parallel()
	eachPasskeySite(t, func(s *passkeySite) {
		s.add("Phone")
		id := s.ids()[0]
		b := actor.NewBrowser(s.URL)
		begun := s.begin(b, "/signin", nil) // before it is removed
		page := s.submit(s.person.Browser, "/settings/passkeys/"+id+"/remove", nil)
		if page.URL.Path != "/settings/passkeys" || len(s.ids()) != 0 || !strings.Contains(page.Text(), "The passkey was removed") {
			s.t.Fatalf("%d %s", page.Status, page.Text())
		}
		if page = begun.finish(s.must(s.device.Get(begun.options))); page.Status != http.StatusUnauthorized || s.signedIn(b) {
			s.t.Errorf("a removed passkey: %d %s", page.Status, page.Text())
		}
		if page = s.get(s.person.Browser, "/settings/passkeys/"+id+"/remove"); page.Status != http.StatusNotFound {
			s.t.Errorf("removed twice: %d", page.Status)
		}
	})
}

// A while after the sign-in, the password is asked for again.
func TestPasskeyChangesAreConfirmed(t *testing.T) {
	t.Parallel()
	eachPasskeySite(t, func(s *passkeySite) {
		s.add("Phone")
		id := s.ids()[0]
		s.clock.advance(11 * time.Minute)
		b := s.person.Browser
		for _, password := range []string{"", "Wrong-1234"} {
			page := s.submit(b, "/settings/passkeys/"+id+"/remove", map[string]string{"password": password})
			if page.Status != http.StatusUnprocessableEntity || !strings.Contains(page.Text(), "The password is wrong") {
				s.t.Errorf("removal with password %q: %d %s", password, page.Status, page.Text())
			}
			form, err := s.get(b, "/settings/passkeys").Form("credential", "password")
			if err != nil {
				s.t.Fatal(err)
			}
			form.Fill(map[string]string{"password": password})
			page, err = b.Post(s.t.Context(), "/settings/passkeys/options", form.Values)
			if err != nil || page.Status != http.StatusUnprocessableEntity || !strings.Contains(page.Body, "The password is wrong") {
				s.t.Errorf("options with password %q: %v %v", password, page, err)
			}
		}
		s.device = actor.NewAuthenticator(s.URL)
		c := s.begin(b, "/settings/passkeys", map[string]string{"password": s.person.Password})
		if page := c.finish(s.must(s.device.Create(c.options))); page.Status != http.StatusOK || len(s.ids()) != 2 {
			s.t.Errorf("%d %s", page.Status, page.Text())
		}
		page := s.submit(b, "/settings/passkeys/"+id+"/remove", map[string]string{"password": s.person.Password})
		if page.Status != http.StatusOK || len(s.ids()) != 1 {
			s.t.Errorf("%d %s", page.Status, page.Text())
		}
	})
}

// Whoever has no password keeps one passkey, even when the last two are removed
// at once.
func TestLastPasskeyStays(t *testing.T) {
	t.Parallel()
	eachPasskeySite(t, func(s *passkeySite) {
		s.add("Phone")
		s.anotherDevice("Laptop")
		s.exec(`UPDATE users SET password_hash = '' WHERE email = $1`, s.person.Email)
		ids, b := s.ids(), s.person.Browser
		pages := make(chan *actor.Page, len(ids))
		for _, id := range ids {
			go func() {
				page, err := b.Get(s.t.Context(), "/settings/passkeys/"+id+"/remove")
				if err == nil {
					var form *actor.Form
					if form, err = page.Form("csrf_token"); err == nil {
						page, err = b.Submit(s.t.Context(), page, form, "", "")
					}
				}
				if err != nil {
					page = nil
				}
				pages <- page
			}()
		}
		refused := 0
		for range ids {
			page := <-pages
			if page == nil {
				s.t.Fatal("a removal got no answer")
			}
			if page.Status == http.StatusConflict && strings.Contains(page.Text(), "your only way to sign in") {
				refused++
			}
		}
		if refused != 1 || len(s.ids()) != 1 {
			s.t.Errorf("%d removals were refused, %d passkeys are left", refused, len(s.ids()))
		}
		s.clock.advance(11 * time.Minute)
		page := s.submit(b, "/settings/passkeys/"+s.ids()[0]+"/remove", nil)
		if page.Status != http.StatusForbidden || !strings.Contains(page.Text(), "signed in within the last ten minutes") {
			s.t.Errorf("%d %s", page.Status, page.Text())
		}
	})
}

func TestPasskeysAreBounded(t *testing.T) {
	t.Parallel()
	eachPasskeySite(t, func(s *passkeySite) {
		for range 19 {
			s.anotherDevice("")
		}
		// Two that begin with one place left.
		one, two := s.begin(s.person.Browser, "/settings/passkeys", nil), s.begin(s.person.Browser, "/settings/passkeys", nil)
		if page := one.finish(s.must(actor.NewAuthenticator(s.URL).Create(one.options))); page.Status != http.StatusOK {
			s.t.Errorf("the twentieth: %d %s", page.Status, page.Text())
		}
		if page := two.finish(s.must(actor.NewAuthenticator(s.URL).Create(two.options))); page.Status != http.StatusConflict {
			s.t.Errorf("the twenty-first: %d %s", page.Status, page.Text())
		}
		page, err := s.person.Browser.Post(s.t.Context(), "/settings/passkeys/options", two.form.Values)
		if err != nil || page.Status != http.StatusConflict {
			s.t.Errorf("options for one more: %v %v", page, err)
		}
	})
}

// Browsers refuse passkeys at addresses without a name, so nothing offers them.
func TestPasskeysNeedAName(t *testing.T) {
	for issuer, want := range map[string]bool{
		"http://127.0.0.1:8080": false, "https://192.0.2.1": false, "https://[::1]:8443": false, "http://auth.example": false,
		"http://localhost:8080": true, "https://auth.example": true, "https://auth.example:8443": true,
	} {
		s, err := passkey.New(passkey.Dependencies{Issuer: issuer})
		if err != nil || s.Available() != want {
			t.Errorf("%s: %v, %v", issuer, s.Available(), err)
		}
	}
	if _, err := passkey.New(passkey.Dependencies{Issuer: "/"}); err == nil {
		t.Error("a path is taken for an address")
	}
}
