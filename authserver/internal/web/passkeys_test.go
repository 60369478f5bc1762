package web_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

// passkeySite is a site with a person who has signed up and has a device.
type passkeySite struct {
	*site
	t      *testing.T
	person *actor.Person
	device *actor.Authenticator
}

func newPasskeySite(t *testing.T, set testenv.Set) *passkeySite {
	t.Helper()
	s := &passkeySite{site: newSite(t, set, settings()), t: t}
	s.person, s.device = actor.NewPerson(s.URL), actor.NewAuthenticator(s.URL)
	if _, err := s.person.SignUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func eachPasskeySite(t *testing.T, fn func(s *passkeySite)) {
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) { fn(newPasskeySite(t, set)) })
}

// exec changes a row behind the site's back.
func (s *passkeySite) exec(text string, args ...any) {
	s.t.Helper()
	if _, err := s.DB.Exec(s.t.Context(), text, args...); err != nil {
		s.t.Fatal(err)
	}
}

func (s *passkeySite) get(b *actor.Browser, path string) *actor.Page {
	s.t.Helper()
	page, err := b.Get(s.t.Context(), path)
	if err != nil {
		s.t.Fatal(err)
	}
	return page
}

// ceremony is a form that waits for a passkey's answer.
type ceremony struct {
	s       *passkeySite
	b       *actor.Browser
	page    *actor.Page
	form    *actor.Form
	options []byte
}

// begin loads the page and asks for the options, as the script does.
func (s *passkeySite) begin(b *actor.Browser, path string, values map[string]string) *ceremony {
	s.t.Helper()
	c := &ceremony{s: s, b: b, page: s.get(b, path)}
	var err error
	if c.form, err = c.page.Form("credential"); err != nil {
		s.t.Fatal(err)
	}
	c.form.Fill(values)
	options, err := b.Post(s.t.Context(), c.form.Action+"/options", c.form.Values)
	if err != nil {
		s.t.Fatal(err)
	}
	if options.Status != http.StatusOK || !strings.HasPrefix(options.Header.Get("Content-Type"), "application/json") {
		s.t.Fatalf("options: %d %s", options.Status, options.Body)
	}
	c.options = []byte(options.Body)
	return c
}

func (c *ceremony) finish(answer string) *actor.Page {
	c.s.t.Helper()
	c.form.Values.Set("credential", answer)
	page, err := c.b.Submit(c.s.t.Context(), c.page, c.form, "", "")
	if err != nil {
		c.s.t.Fatal(err)
	}
	return page
}

// must unwraps an authenticator's answer.
func (s *passkeySite) must(answer string, err error) string {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	return answer
}

func (s *passkeySite) add(name string) *actor.Page {
	s.t.Helper()
	c := s.begin(s.person.Browser, "/settings/passkeys", map[string]string{"passkey_name": name})
	return c.finish(s.must(s.device.Create(c.options)))
}

func (s *passkeySite) signIn(b *actor.Browser) *actor.Page {
	s.t.Helper()
	c := s.begin(b, "/signin", nil)
	return c.finish(s.must(s.device.Get(c.options)))
}

func (s *passkeySite) signedIn(b *actor.Browser) bool {
	s.t.Helper()
	return strings.Contains(s.get(b, "/").Text(), "Hello, Ada")
}

func TestPasskeyInsteadOfPassword(t *testing.T) {
	t.Parallel()
	eachPasskeySite(t, func(s *passkeySite) {
		page := s.add("Blue phone")
		if page.Status != http.StatusOK || !strings.Contains(page.Text(), "Blue phone") || !strings.Contains(page.Text(), "never used") {
			s.t.Fatalf("%d %s", page.Status, page.Text())
		}
		// A device that has one for this account is told not to make another.
		c := s.begin(s.person.Browser, "/settings/passkeys", nil)
		if _, err := s.device.Create(c.options); err == nil {
			s.t.Error("the options do not exclude the passkey that exists")
		}
		b := actor.NewBrowser(s.URL)
		if page = s.signIn(b); page.Status != http.StatusOK || !s.signedIn(b) {
			s.t.Fatalf("%d %s", page.Status, page.Text())
		}
		if page = s.get(b, "/settings/passkeys"); !strings.Contains(page.Text(), "last used") {
			s.t.Errorf("the last use is not shown: %s", page.Text())
		}
		// Whoever was going somewhere gets there.
		b = actor.NewBrowser(s.URL)
		c = s.begin(b, "/signin?return_to=%2Fsettings%2Fsignins", nil)
		if page = c.finish(s.must(s.device.Get(c.options))); page.URL.Path != "/settings/signins" {
			s.t.Errorf("the sign-in led to %s", page.URL)
		}
	})
}

// The person was verified by the device: nothing else is asked for.
func TestPasskeyIsBothFactors(t *testing.T) {
	t.Parallel()
	eachPasskeySite(t, func(s *passkeySite) {
		s.add("Phone")
		s.exec(`UPDATE users SET second_factor = true WHERE email = $1`, s.person.Email)
		b := actor.NewBrowser(s.URL)
		if page := s.signIn(b); !s.signedIn(b) {
			s.t.Errorf("%d %s", page.Status, page.Text())
		}
	})
}

func TestPasskeyAsSecondFactor(t *testing.T) {
	t.Parallel()
	eachPasskeySite(t, func(s *passkeySite) {
		s.add("Phone")
		s.exec(`UPDATE users SET second_factor = true WHERE email = $1`, s.person.Email)
		p := s.person.ElsewhereAs(s.URL)
		page, err := p.SignIn(s.t.Context())
		if err != nil || page.URL.Path != "/signin/second-factor" {
			s.t.Fatalf("%v %v", page, err)
		}
		s.device.Verifies = false // the password was the other factor
		c := s.begin(p.Browser, "/signin/second-factor?return_to=%2Fsettings%2Fsecurity", nil)
		answer := s.must(s.device.Get(c.options))
		if page = c.finish(answer); page.URL.Path != "/settings/security" || !s.signedIn(p.Browser) {
			s.t.Fatalf("%d %s %s", page.Status, page.URL, page.Text())
		}

		// Without a password there is no second step to take.
		b := actor.NewBrowser(s.URL)
		form, err := s.get(b, "/signin").Form("email")
		if err != nil {
			s.t.Fatal(err)
		}
		if page, err = b.Post(s.t.Context(), "/signin/second-factor/passkey/options", form.Values); err != nil || page.Status != http.StatusUnauthorized {
			s.t.Errorf("options without a password: %v %v", page, err)
		}
		form.Values.Set("credential", answer)
		page, err = b.Post(s.t.Context(), "/signin/second-factor/passkey", form.Values)
		if err != nil || page.URL.Path != "/signin" || s.signedIn(b) {
			s.t.Errorf("an answer without a password: %v %v", page, err)
		}
	})
}

// Another user's passkey is no second factor, even with a challenge of its own.
func TestPasskeyOfSomebodyElse(t *testing.T) {
	t.Parallel()
	eachPasskeySite(t, func(s *passkeySite) {
		s.add("Phone")
		other := &passkeySite{site: s.site, t: s.t, person: actor.NewPerson(s.URL), device: actor.NewAuthenticator(s.URL)}
		if _, err := other.person.SignUp(s.t.Context()); err != nil {
			s.t.Fatal(err)
		}
		other.add("Other phone")
		s.exec(`UPDATE users SET second_factor = true WHERE email = $1`, s.person.Email)
		p := s.person.ElsewhereAs(s.URL)
		if _, err := p.SignIn(s.t.Context()); err != nil {
			s.t.Fatal(err)
		}
		c := s.begin(p.Browser, "/signin/second-factor", nil)
		page := c.finish(s.must(other.device.Sign(other.device.Keys[0], challengeOf(s.t, c.options))))
		if page.Status != http.StatusUnauthorized || s.signedIn(p.Browser) {
			s.t.Errorf("second factor: %d %s", page.Status, page.Text())
		}
		// Signing in with a passkey that says it is another user's.
		key := *other.device.Keys[0]
		key.User = s.device.Keys[0].User
		b := actor.NewBrowser(s.URL)
		c = s.begin(b, "/signin", nil)
		page = c.finish(s.must(other.device.Sign(&key, challengeOf(s.t, c.options))))
		if page.Status != http.StatusUnauthorized || s.signedIn(b) {
			s.t.Errorf("user handle: %d %s", page.Status, page.Text())
		}
		// A passkey of the person's own cannot be registered by somebody else.
		c = other.begin(other.person.Browser, "/settings/passkeys", nil)
		if page = c.finish(s.must(s.device.Create(c.options))); page.Status != http.StatusOK {
			s.t.Errorf("a new passkey: %d %s", page.Status, page.Text())
		}
	})
}

func challengeOf(t *testing.T, options []byte) string {
	t.Helper()
	var o struct {
		PublicKey struct{ Challenge string } `json:"publicKey"`
	}
	if err := json.Unmarshal(options, &o); err != nil || len(o.PublicKey.Challenge) < 43 {
		t.Fatalf("a challenge of 32 bytes is expected: %s: %v", options, err)
	}
	return o.PublicKey.Challenge
}
