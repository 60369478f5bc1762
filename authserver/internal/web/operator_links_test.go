package web_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"latchkey/pkg/secret"
	"latchkey/pkg/testenv/actor"
)

// TestA6_LinksEndWithTheOperator makes somebody an operator, who makes links to choose new
// passwords for others and keeps them.
func TestA6_LinksEndWithTheOperator(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		boss, second, p := signedUp(t, s), signedUp(t, s), signedUp(t, s)
		id, own, theirs := userID(t, boss, second), userID(t, boss, boss), userID(t, boss, p)
		link := func(by *actor.Person, id string) string {
			t.Helper()
			found := resetPath.FindString(act(t, by, id, "reset-link").Body)
			if found == "" {
				t.Fatal("no link")
			}
			return found
		}
		good := func(link string) bool {
			t.Helper()
			page, err := actor.NewBrowser(s.URL).Get(t.Context(), link)
			if err != nil || page.Status != http.StatusOK && page.Status != http.StatusNotFound {
				t.Fatalf("%v, %v", err, page)
			}
			return page.Status == http.StatusOK
		}
		appoint := func() {
			t.Helper()
			if page := act(t, boss, id, "appoint"); page.Status != http.StatusOK {
				t.Fatalf("%d %s", page.Status, page.Text())
			}
		}
		kept := link(boss, theirs)
		appoint()
		made := link(second, own)
		if !good(made) || !good(kept) {
			t.Fatal("the links are not good")
		}
		act(t, boss, id, "dismiss")
		if good(made) || !good(kept) {
			t.Error("after the dismissal")
		}
		appoint()
		made = link(second, own)
		reset := answer(t, actor.NewBrowser(s.URL), link(boss, id), map[string]string{"new_password": "Another-1!word"})
		if reset.Status != http.StatusOK || !strings.Contains(reset.Text(), "password") {
			t.Fatalf("%d %s", reset.Status, reset.Text())
		}
		if good(made) || !good(kept) {
			t.Error("after the operator's password was reset")
		}
	}, withOperator)
}

var handedOut = regexp.MustCompile(`(?:inv|iat)_[0-9A-Za-z]{40,}`)

// TestA6_WhatAnOperatorHandedOutEndsWithTheRight makes somebody an operator, who makes a
// code to sign up and a token to register applications, and keeps both.
func TestA6_WhatAnOperatorHandedOutEndsWithTheRight(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		boss, second := signedUp(t, s), signedUp(t, s)
		id := userID(t, boss, second)
		makes := func(by *actor.Person) (code, token string) {
			t.Helper()
			for path, into := range map[string]*string{"/operator/invites/new": &code, "/operator/registrations/new": &token} {
				made := fill(t, by.Browser, open(t, by.Browser, path), map[string]string{"days": "7"})
				if *into = handedOut.FindString(made.Body); *into == "" {
					t.Fatalf("%d %s", made.Status, made.Text())
				}
			}
			return code, token
		}
		signsUp := func(code string) bool {
			t.Helper()
			b := actor.NewBrowser(s.URL)
			email := strings.ToLower(code[4:14]) + "@example.com"
			page := answer(t, b, "/signup?invite_code="+code, map[string]string{"email": email, "password": "Str0ng!pass-word"})
			refused := strings.Contains(page.Text(), "Invalid invite code")
			if in := strings.Contains(page.Text(), email); in == refused {
				t.Fatalf("%d %s", page.Status, page.Text())
			}
			return !refused
		}
		registers := func(token string) bool {
			t.Helper()
			ok, err := s.Store.UseRegistrationToken(t.Context(), secret.DigestOf(token), s.clock.now())
			if err != nil {
				t.Fatal(err)
			}
			return ok
		}
		act(t, boss, id, "appoint")
		code, token := makes(second)
		kept, keptToken := makes(boss)
		if code == kept || token == keptToken {
			t.Fatal("two are the same")
		}
		act(t, boss, id, "dismiss")
		if signsUp(code) || registers(token) {
			t.Error("after the dismissal")
		}
		if !signsUp(kept) || !registers(keptToken) {
			t.Error("what another operator handed out ended too")
		}
		act(t, boss, id, "appoint")
		code, token = makes(second)
		act(t, boss, id, "deactivate")
		if signsUp(code) || registers(token) {
			t.Error("after the deactivation")
		}
	}, withOperator)
}
