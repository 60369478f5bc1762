package sso_test

import (
	"testing"

	"latchkey/authserver/internal/sso"
	"latchkey/pkg/e2e/openid"
	"latchkey/pkg/testenv/actor"
)

// TestAProviderTakesANewSecret while the server runs: in the place of the one that it
// was found with, and before it was found.
func TestAProviderTakesANewSecret(t *testing.T) {
	wrong := func(set *sso.Settings) { set.Providers[0].ClientSecret = "the one of last year" }
	each(t, wrong, func(t *testing.T, s *site) {
		s.IDP.Person("g-1", "grace@example.com", true)
		comes := func() bool {
			page := s.viaProvider(actor.NewBrowser(s.URL), "/auth/work")
			return page.URL.Path == "/auth/finish"
		}
		renew := func(secret string) { s.SSO.Renew([]sso.Provider{{Name: "gone"}, {Name: "work", ClientSecret: secret}}) }
		renew(openid.ClientSecret)
		if !comes() {
			t.Error("the secret was not taken before the provider was asked")
		}
		renew("the one of last year")
		if comes() {
			t.Error("the secret of before is still sent: this test cannot fail")
		}
		renew(openid.ClientSecret)
		if !comes() {
			t.Error("the secret was not taken after the provider was asked")
		}
	})
}
