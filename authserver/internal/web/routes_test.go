package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"latchkey/authserver/internal/apikey"
	"latchkey/authserver/internal/sso"
	"latchkey/authserver/internal/web"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

// withEveryPage lets the site have the pages of keys and of sign-in providers too.
func withEveryPage(s *site, d *web.Dependencies) {
	d.Keys = &apikey.Service{Store: s.Store, Events: s.events, Now: s.clock.now}
	withOperator(s, d)
	d.SSO = sso.New(sso.Dependencies{Store: s.Store, People: s.People, Events: s.events, Now: s.clock.now, Settings: sso.Settings{
		Issuer: s.URL, MobileRedirect: "sureapp://oauth/callback",
	}})
}

var variable = regexp.MustCompile(`\{\w+\}`)

// formTokenOf is the token that forms in b carry.
func formTokenOf(t *testing.T, b *actor.Browser) string {
	t.Helper()
	form, err := open(t, b, "/forgot").Form("csrf_token")
	if err != nil {
		t.Fatal(err)
	}
	return form.Values.Get("csrf_token")
}

// Every page of the table refuses a form without the token of the browser, a
// method it does not have, and, where it is a person's, whoever is not signed in.
func TestEveryPageIsGuarded(t *testing.T) {
	s := newSite(t, testenv.Embedded, settings(), withEveryPage)
	b := actor.NewBrowser(s.URL)
	token := formTokenOf(t, b)
	pages := s.Pages.Pages()
	if len(pages) < 45 {
		t.Fatalf("%d pages", len(pages))
	}
	for _, p := range pages {
		path := variable.ReplaceAllString(p.Path, "x")
		allow := "GET, HEAD"
		if p.Script {
			allow = "POST"
		} else if p.Post {
			allow += ", POST"
		}
		for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodPost} {
			if method == http.MethodPost && p.Post {
				continue
			}
			if res := ask(t, method, s.URL+path); res.StatusCode != http.StatusMethodNotAllowed || res.Header.Get("Allow") != allow {
				t.Errorf("%s %s: %d, Allow %q, want %q", method, path, res.StatusCode, res.Header.Get("Allow"), allow)
			}
		}
		if p.Post {
			for _, forged := range []string{"", "forged"} {
				if got, err := b.Post(t.Context(), path, url.Values{"csrf_token": {forged}}); err != nil || got.Status != http.StatusForbidden {
					t.Errorf("%s with the token %q: %v, %v", path, forged, got, err)
				}
			}
		}
		if p.ForPerson {
			guardedFromStrangers(t, b, p, path, token)
		}
	}
}

func ask(t *testing.T, method, target string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, target, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

func guardedFromStrangers(t *testing.T, b *actor.Browser, p web.Page, path, token string) {
	t.Helper()
	if p.Get {
		if got, err := b.Get(t.Context(), path); err != nil || got.URL.Path != "/signin" || got.URL.Query().Get("return_to") != path {
			t.Errorf("GET %s: %v, %v", path, got, err)
		}
	}
	if !p.Post {
		return
	}
	got, err := b.Post(t.Context(), path, url.Values{"csrf_token": {token}})
	switch {
	case err != nil:
		t.Errorf("POST %s: %v", path, err)
	case p.Script:
		if got.Status != http.StatusUnauthorized || !strings.HasPrefix(got.Header.Get("Content-Type"), "application/json") {
			t.Errorf("POST %s: %d %s", path, got.Status, got.Body)
		}
	case got.URL.Path != "/signin" || got.URL.Query().Get("return_to") != path:
		t.Errorf("POST %s led to %s", path, got.URL)
	}
}

// A form that the table says asks for a confirmation does nothing without one, a
// while after the sign-in.
func TestConfirmationsAreAskedFor(t *testing.T) {
	s := &passkeySite{site: newSite(t, testenv.Embedded, settings(), withEveryPage), t: t}
	s.person, s.device = signedUp(t, s.site), actor.NewAuthenticator(s.URL)
	s.add("Phone")
	id := s.ids()[0]
	s.turnOn(t, s.person)
	s.clock.advance(11 * time.Minute)
	b, asked := s.person.Browser, 0
	token := formTokenOf(t, b)
	for _, p := range s.Pages.Pages() {
		if !p.AsksConfirmation {
			continue
		}
		asked++
		path := variable.ReplaceAllString(p.Path, id)
		for _, password := range []string{"", "Wrong-1234"} {
			got, err := b.Post(t.Context(), path, url.Values{
				"csrf_token": {token}, "password": {password}, "otp_code": {password}, "id": {id},
				"email": {"next@example.com"}, "new_password": {"Another-1!password"},
			})
			if err != nil || got.Status != http.StatusUnprocessableEntity {
				t.Errorf("%s with the password %q: %v, %v", path, password, got, err)
			}
		}
	}
	if page := signInAs(t, s.site, s.person.Email, s.person.Password); page.URL.Path != "/signin/second-factor" || len(s.ids()) != 1 || asked < 7 {
		t.Errorf("%d forms asked; now a sign-in leads to %s, and there are %d passkeys", asked, page.URL, len(s.ids()))
	}
}
