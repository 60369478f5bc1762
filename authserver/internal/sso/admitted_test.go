package sso_test

import (
	"net/http"
	"strings"
	"testing"

	"latchkey/authserver/internal/account"
	"latchkey/pkg/testenv/actor"
)

// TestA2AnAccountIsConnectedByWhoIsStillThere resets the password of somebody while the
// provider is asked about the account that is to be connected.
func TestA2AnAccountIsConnectedByWhoIsStillThere(t *testing.T) {
	t.Parallel()
	each(t, nil, func(t *testing.T, s *site) {
		p := actor.NewPerson(s.URL)
		if _, err := p.SignUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.IDP.Person("g-1", "mallory@example.com", true)
		page := s.submit(p.Browser, s.get(p.Browser, "/settings/identities"), nil, "intent")
		recovery := &account.Recovery{People: s.People, Links: s.Store}
		path, err := recovery.ResetLink(t.Context(), p.Email)
		if err != nil || page.Left == nil {
			t.Fatalf("%v, %d %s", err, page.Status, page.Text())
		}
		s.IDP.Set(func() {
			s.IDP.Claims = func(map[string]any) {
				if err := recovery.Reset(t.Context(), strings.TrimPrefix(path, account.ResetPath), "Another-1!password", "en"); err != nil {
					t.Error(err)
				}
			}
		})
		page = s.get(p.Browser, s.IDP.SignIn(t, page.Left).String())
		if page.Status != http.StatusUnauthorized || !strings.Contains(page.Text(), "You are no longer signed in") {
			t.Errorf("%d %s", page.Status, page.Text())
		}
		if n := s.count(`SELECT count(*) FROM identities`); n != 0 {
			t.Errorf("%d accounts are connected", n)
		}
	})
}
