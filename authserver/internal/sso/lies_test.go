package sso_test

import (
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"latchkey/authserver/internal/sso"
	"latchkey/pkg/e2e/openid"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

// told what an app is told when its person comes back from the provider.
func (s *site) comesBack() string {
	s.Helper()
	page, _ := s.app("")
	q := s.told(page)
	switch {
	case q.Has("error"):
		return q.Get("error")
	case q.Has("code"):
		return "code"
	}
	return q.Get("status")
}

// A provider whose ID token says something else than it should.
func TestProviderLies(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	each(t, nil, func(t *testing.T, s *site) {
		s.IDP.Person("g-1", "grace@example.com", true)
		lie := func(name, want string, claims func(map[string]any)) {
			t.Helper()
			s.IDP.Set(func() { s.IDP.Claims = claims })
			if got := s.comesBack(); got != want {
				t.Errorf("%s: %s, want %s", name, got, want)
			}
		}
		set := func(name string, value any) func(map[string]any) { return func(c map[string]any) { c[name] = value } }
		now := time.Now().Unix()
		const refused, fine = "sso_invalid_response", "account_not_linked"
		lie("nothing changed", fine, func(map[string]any) {})
		lie("nonce", refused, set("nonce", "another"))
		lie("no nonce", refused, func(c map[string]any) { delete(c, "nonce") })
		lie("audience", refused, set("aud", "somebody-else"))
		lie("audience of several without azp", refused, func(c map[string]any) { c["aud"] = []string{openid.ClientID, "b"}; delete(c, "azp") })
		lie("azp", refused, set("azp", "somebody-else"))
		lie("audience of several with azp", fine, func(c map[string]any) { c["aud"], c["azp"] = []string{openid.ClientID, "b"}, openid.ClientID })
		lie("issuer", refused, set("iss", "https://accounts.google.com"))
		lie("expired", refused, set("exp", now-60))
		lie("from the future", refused, set("iat", now+3600))
		lie("no subject", refused, func(c map[string]any) { delete(c, "sub") })
		lie("subject with NUL", refused, set("sub", "a\x00b"))
		lie("long subject", refused, func(c map[string]any) { c["sub"] = string(make([]byte, 300)) })
		lie("subject of another person than userinfo", refused, set("sub", "g-2"))
		lie("access token", refused, set("at_hash", "AAAA"))
		lie("odd claims", refused, set("given_name", 5))
		s.IDP.Set(func() { s.IDP.Key = key })
		lie("key", refused, nil)
		s.IDP.Set(func() { s.IDP.Key = nil })
		lie("honest again", fine, nil)
		if n := s.count(`SELECT count(*) FROM identities`) + s.count(`SELECT count(*) FROM users`); n != 0 {
			t.Errorf("%d rows of people", n)
		}
	})
}

// RFC 9207: the answer in the address bar must be of the issuer that was asked.
func TestAnswerOfAnotherIssuer(t *testing.T) {
	s := newSite(t, testenv.Embedded, nil)
	s.IDP.Person("g-1", "grace@example.com", true)
	for iss, want := range map[string]string{"": "account_not_linked", s.IDP.URL: "account_not_linked", "https://evil.example": "sso_invalid_response"} {
		b := actor.NewBrowser(s.URL)
		back := s.IDP.SignIn(t, s.depart(b, "/auth/mobile/work?"+device))
		q := back.Query()
		if iss != "" {
			q.Set("iss", iss)
		}
		back.RawQuery = q.Encode()
		told := s.told(s.get(b, back.String()))
		if got := told.Get("error") + told.Get("status"); got != want {
			t.Errorf("iss %q: %s", iss, got)
		}
	}
}

func TestProviderThatPromisesIssuer(t *testing.T) {
	s := newSite(t, testenv.Embedded, nil)
	s.IDP.Person("g-1", "grace@example.com", true)
	s.IDP.Document = func(d map[string]any) { d["authorization_response_iss_parameter_supported"] = true }
	if got := s.comesBack(); got != "sso_invalid_response" {
		t.Errorf("no iss from a provider that promises one: %s", got)
	}
}

// A provider that is away stops neither the server nor anybody who signs in
// another way, and is asked again later.
func TestProviderIsDown(t *testing.T) {
	each(t, func(set *sso.Settings) { set.Timeout = 700 * time.Millisecond }, func(t *testing.T, s *site) {
		s.IDP.Person("g-1", "grace@example.com", true)
		const discovery, away = "/.well-known/openid-configuration", "sso_provider_unavailable"
		start := func() string {
			page := s.get(actor.NewBrowser(s.URL), "/auth/mobile/work?"+device)
			if page.Left != nil && "http://"+page.Left.Host == s.IDP.URL {
				return ""
			}
			return s.told(page).Get("error")
		}
		s.IDP.Set(func() { s.IDP.Fail[discovery] = 503 })
		for range 3 {
			if got := start(); got != away {
				t.Errorf("discovery fails: %q", got)
			}
		}
		if n := s.IDP.Asked[discovery]; n != 1 {
			t.Errorf("asked %d times within a moment", n)
		}
		page := s.get(actor.NewBrowser(s.URL), "/auth/work?return_to=/settings/family")
		if page.Status != http.StatusServiceUnavailable || page.Header.Get("Retry-After") == "" {
			t.Errorf("the page: %d", page.Status)
		}
		if form, err := page.Form("email", "password"); err != nil || form.Values.Get("return_to") != "/settings/family" {
			t.Errorf("the page offers no other way in: %v", err)
		}
		s.clock.advance(6 * time.Second)
		s.IDP.Set(func() {
			s.IDP.Document = func(d map[string]any) { d["issuer"] = "https://evil.example" }
			delete(s.IDP.Fail, discovery)
		})
		if got := start(); got != away {
			t.Errorf("discovery names another issuer: %q", got)
		}
		s.clock.advance(6 * time.Second)
		s.IDP.Set(func() { s.IDP.Document = func(d map[string]any) { d["token_endpoint"] = "file:///etc/passwd" } })
		if got := start(); got != away {
			t.Errorf("discovery names a token endpoint that is none: %q", got)
		}
		s.clock.advance(6 * time.Second)
		s.IDP.Set(func() { s.IDP.Document = nil })
		if got := s.comesBack(); got != "account_not_linked" {
			t.Errorf("up again: %s", got)
		}
		for path, status := range map[string]int{"/oauth/token": 500, "/userinfo": 502} {
			s.IDP.Set(func() { s.IDP.Fail[path] = status })
			if got := s.comesBack(); got != away {
				t.Errorf("%s fails: %s", path, got)
			}
			s.IDP.Set(func() { delete(s.IDP.Fail, path); s.IDP.Stall[path] = make(chan struct{}) })
			if got := s.comesBack(); got != away {
				t.Errorf("%s is slow: %s", path, got)
			}
			s.IDP.Set(func() { close(s.IDP.Stall[path]); delete(s.IDP.Stall, path) })
		}
		s.IDP.Set(func() { s.IDP.Fail["/userinfo"] = 403 })
		if got := s.comesBack(); got != "sso_invalid_response" {
			t.Errorf("userinfo refuses: %s", got)
		}
	})
}

func TestKeysCannotBeRead(t *testing.T) {
	s := newSite(t, testenv.Embedded, nil)
	s.IDP.Person("g-1", "grace@example.com", true)
	s.IDP.Set(func() { s.IDP.Fail["/keys"] = 503 })
	if got := s.comesBack(); got != "sso_provider_unavailable" {
		t.Errorf("keys fail: %s", got)
	}
}

// A discovery document cannot make the server ask, or send its secret, elsewhere
// inside the network: here everything but the provider's own host is inside.
func TestRedirectsAreNotFollowed(t *testing.T) {
	s := newSite(t, testenv.Embedded, nil)
	asked := false
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	t.Cleanup(other.Close)
	away := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	t.Cleanup(away.Close)
	s.IDP.Person("g-1", "grace@example.com", true)
	s.IDP.Document = func(d map[string]any) { d["token_endpoint"] = away.URL }
	if got := s.comesBack(); got != "sso_invalid_response" && got != "sso_provider_unavailable" {
		t.Errorf("%s", got)
	}
	if asked {
		t.Error("a redirect was followed to another host")
	}
}
