package sso_test

import (
	"strings"
	"testing"

	"latchkey/authserver/internal/account"
	"latchkey/pkg/testenv/actor"
)

// TestA3_AResetSuspendsIdentities resets the password of a person with an account at
// a provider that somebody else connected.
func TestA3_AResetSuspendsIdentities(t *testing.T) {
	t.Parallel()
	each(t, nil, func(t *testing.T, s *site) {
		s.IDP.Person("g-1", "a@example.com", true)
		u := s.linked("a@example.com")
		recovery := &account.Recovery{People: s.People, Links: s.Store}
		path, err := recovery.ResetLink(t.Context(), u.Email)
		if err != nil {
			t.Fatal(err)
		}
		if err := recovery.Reset(t.Context(), strings.TrimPrefix(path, account.ResetPath), "Another-1!password", "en"); err != nil {
			t.Fatal(err)
		}
		b := actor.NewBrowser(s.URL)
		if page := s.viaProvider(b, "/auth/work"); s.signedIn(b) || !strings.Contains(page.Text(), "turned off when your password was reset") {
			t.Fatalf("a suspended account signs in: %d %s", page.Status, page.Text())
		}
		if page, _ := s.app(""); page.Left == nil || page.Left.Query().Get("code") != "" {
			t.Errorf("a suspended account signs an app in: %v", page.Left)
		}
		if err := s.People.KeepSuspended(t.Context(), u, nil); err != nil {
			t.Fatal(err)
		}
		if n := s.count(`SELECT count(*) FROM identities WHERE user_id = $1`, u.ID); n != 0 {
			t.Errorf("%d identities are left that nobody restored", n)
		}
	})
}
