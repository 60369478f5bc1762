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

// refused checks that page is the answer to a sign-in of b that was refused.
func (s *passkeySite) refused(name string, page *actor.Page, b *actor.Browser) {
	s.t.Helper()
	if page.Status != http.StatusUnauthorized || s.signedIn(b) {
		s.t.Errorf("%s: %d, want 401: %s", name, page.Status, page.Text())
	}
}

func TestPasskeySignInRefusals(t *testing.T) {
	t.Parallel()
	eachPasskeySite(t, func(s *passkeySite) {
		s.add("Phone")
		for name, lie := range map[string]func(d *actor.Authenticator){
			"origin":        func(d *actor.Authenticator) { d.Origin = "https://evil.example" },
			"port":          func(d *actor.Authenticator) { d.Origin = "http://localhost:1" },
			"scheme":        func(d *actor.Authenticator) { d.Origin = strings.Replace(d.Origin, "http:", "https:", 1) },
			"relying party": func(d *actor.Authenticator) { d.RPID = "evil.example" },
			"not verified":  func(d *actor.Authenticator) { d.Verifies = false },
			"other key": func(d *actor.Authenticator) {
				made := actor.NewAuthenticator(s.URL)
				if _, err := made.Create([]byte(`{"publicKey":{"user":{"id":"AAAA"},"rp":{"id":"localhost"}}}`)); err != nil {
					s.t.Fatal(err)
				}
				key := *d.Keys[0]
				key.Private = made.Keys[0].Private
				d.Keys = []*actor.AuthenticatorKey{&key}
			},
			"unknown credential": func(d *actor.Authenticator) {
				key := *d.Keys[0]
				key.ID = []byte("nobody knows it")
				d.Keys = []*actor.AuthenticatorKey{&key}
			},
		} {
			liar := *s.device
			lie(&liar)
			b := actor.NewBrowser(s.URL)
			c := s.begin(b, "/signin", nil)
			s.refused(name, c.finish(s.must(liar.Get(c.options))), b)
		}
	})
}

func TestPasskeyChallengeRefusals(t *testing.T) {
	t.Parallel()
	eachPasskeySite(t, func(s *passkeySite) {
		s.add("Phone")
		b := actor.NewBrowser(s.URL)
		c := s.begin(b, "/signin", nil)
		s.refused("made-up challenge", c.finish(s.must(s.device.Sign(s.device.Keys[0], "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"))), b)

		// A challenge given to one browser, answered at another.
		elsewhere := s.begin(actor.NewBrowser(s.URL), "/signin", nil)
		s.refused("other browser", c.finish(s.must(s.device.Get(elsewhere.options))), b)

		// A challenge that was given out to register.
		registering := s.begin(s.person.Browser, "/settings/passkeys", nil)
		s.refused("other purpose", c.finish(s.must(s.device.Sign(s.device.Keys[0], challengeOf(s.t, registering.options)))), b)

		late := s.begin(b, "/signin", nil)
		answer := s.must(s.device.Get(late.options))
		s.clock.advance(5*time.Minute + time.Second)
		s.refused("expired", late.finish(answer), b)

		// A refused answer uses its challenge up as well.
		c = s.begin(b, "/signin", nil)
		s.device.Verifies = false
		s.refused("not verified", c.finish(s.must(s.device.Get(c.options))), b)
		s.device.Verifies = true
		s.refused("second try", c.finish(s.must(s.device.Get(c.options))), b)
	})
}

func TestPasskeyStateRefusals(t *testing.T) {
	t.Parallel()
	eachPasskeySite(t, func(s *passkeySite) {
		s.add("Phone")
		b := actor.NewBrowser(s.URL)
		// The counter of a copy does not go up.
		old := *s.device.Keys[0]
		s.signIn(actor.NewBrowser(s.URL))
		c := s.begin(b, "/signin", nil)
		s.refused("counter", c.finish(s.must(s.device.Sign(&old, challengeOf(s.t, c.options)))), b)
		old.Count = 0
		c = s.begin(b, "/signin", nil)
		s.refused("counter far back", c.finish(s.must(s.device.Sign(&old, challengeOf(s.t, c.options)))), b)

		s.exec(`UPDATE users SET deactivated_at = created_at WHERE email = $1`, s.person.Email)
		c = s.begin(b, "/signin", nil)
		s.refused("deactivated", c.finish(s.must(s.device.Get(c.options))), b)
		s.exec(`UPDATE users SET deactivated_at = NULL WHERE email = $1`, s.person.Email)
		if s.signIn(b); !s.signedIn(b) {
			s.t.Error("the passkey is of no use any more")
		}
	})
}

// Twenty answers to one challenge at once: one sign-in.
func TestPasskeyChallengeRace(t *testing.T) {
	t.Parallel()
	eachPasskeySite(t, func(s *passkeySite) {
		s.add("Phone")
		b := actor.NewBrowser(s.URL)
		c := s.begin(b, "/signin", nil)
		c.form.Values.Set("credential", s.must(s.device.Get(c.options)))
		const n = 20
		results := make(chan int, n)
		for range n {
			go func() {
				req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.URL+"/signin/passkey", strings.NewReader(c.form.Values.Encode()))
				if err != nil {
					results <- 0
					return
				}
				req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				for _, cookie := range b.Cookies() {
					req.AddCookie(cookie)
				}
				res, err := http.DefaultTransport.RoundTrip(req)
				if err != nil {
					results <- 0
					return
				}
				_ = res.Body.Close()
				results <- res.StatusCode
			}()
		}
		won := 0
		for range n {
			switch status := <-results; status {
			case http.StatusSeeOther:
				won++
			case http.StatusUnauthorized:
			default:
				s.t.Errorf("a loser got %d", status)
			}
		}
		if won != 1 {
			s.t.Errorf("%d sign-ins", won)
		}
	})
}

func TestPasskeyAnswersThatCannotBeRead(t *testing.T) {
	t.Parallel()
	eachPasskeySite(t, func(s *passkeySite) {
		s.add("Phone")
		b := actor.NewBrowser(s.URL)
		good := s.begin(b, "/signin", nil)
		answer := s.must(s.device.Get(good.options))
		for name, bad := range map[string]string{
			"nothing": "", "no JSON": "x", "null": "null", "number": "1", "array": "[]", "empty": "{}",
			"no response": `{"id":"AAAA","rawId":"AAAA","type":"public-key"}`,
			"wrong types": `{"id":1,"rawId":true,"type":[],"response":"x"}`,
			"cut short":   answer[:len(answer)/2], "with a tail": answer + answer,
			"deep":           strings.Repeat(`{"a":`, 2000) + "1" + strings.Repeat("}", 2000),
			"other type":     strings.Replace(answer, "public-key", "password", 1),
			"no base64":      strings.Replace(answer, `"authenticatorData":"`, `"authenticatorData":"!!`, 1),
			"a registration": `{"id":"AAAA","rawId":"AAAA","type":"public-key","response":{"clientDataJSON":"e30","attestationObject":"oA"}}`,
		} {
			values := url.Values{"csrf_token": good.form.Values["csrf_token"], "credential": {bad}}
			page, err := b.Post(s.t.Context(), "/signin/passkey", values)
			if err != nil {
				s.t.Fatal(err)
			}
			if page.Status != http.StatusBadRequest && page.Status != http.StatusUnauthorized {
				s.t.Errorf("/signin/passkey: %s: %d", name, page.Status)
			}
			c := s.begin(s.person.Browser, "/settings/passkeys", nil)
			if page := c.finish(bad); page.Status != http.StatusBadRequest && page.Status != http.StatusUnprocessableEntity {
				s.t.Errorf("/settings/passkeys: %s: %d", name, page.Status)
			}
		}
	})
}

func TestPasskeyAddressesAreGuarded(t *testing.T) {
	s := newPasskeySite(t, testenv.Embedded)
	for _, path := range []string{"/signin/passkey/options", "/signin/second-factor/passkey/options", "/settings/passkeys/options"} {
		page, err := s.person.Browser.Post(t.Context(), path, url.Values{})
		if err != nil || page.Status != http.StatusForbidden || !strings.Contains(page.Body, `"error":"forbidden"`) {
			t.Errorf("%s without a token: %v %v", path, page, err)
		}
		if page = s.get(s.person.Browser, path); page.Status != http.StatusMethodNotAllowed || page.Header.Get("Allow") != "POST" {
			t.Errorf("GET %s: %d", path, page.Status)
		}
	}
	b := actor.NewBrowser(s.URL)
	form, err := s.get(b, "/signin").Form("email")
	if err != nil {
		t.Fatal(err)
	}
	if page, err := b.Post(t.Context(), "/settings/passkeys/options", form.Values); err != nil || page.Status != http.StatusUnauthorized {
		t.Errorf("options to register without a sign-in: %v %v", page, err)
	}
	for _, path := range []string{"/settings/passkeys", "/settings/passkeys/" + strings.Repeat("0", 36), "/settings/passkeys/x/remove"} {
		if page := s.get(b, path); page.URL.Path != "/signin" {
			t.Errorf("%s without a sign-in: %d %s", path, page.Status, page.URL)
		}
	}
}
