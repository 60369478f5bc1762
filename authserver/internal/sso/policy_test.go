package sso_test

import (
	"testing"

	"latchkey/authserver"
	"latchkey/authserver/internal/sso"
	"latchkey/pkg/testenv"
)

// Who may get an account: docs/contract.md, "Single sign-on", by the operator's
// policy.
func TestCreationPolicy(t *testing.T) {
	for name, c := range map[string]struct {
		create   string
		verified bool
		email    string
		invited  bool
		allowed  bool
	}{
		"never":                     {sso.CreateNever, true, "a@example.com", true, false},
		"invited":                   {sso.CreateInvited, true, "a@example.com", true, true},
		"not invited":               {sso.CreateInvited, true, "a@example.com", false, false},
		"invited, unverified":       {sso.CreateInvited, false, "a@example.com", true, false},
		"domain":                    {sso.CreateDomains, true, "a@Example.com", false, true},
		"subdomain":                 {sso.CreateDomains, true, "a@x.example.com", false, false},
		"other domain":              {sso.CreateDomains, true, "a@example.org", false, false},
		"other domain, invited":     {sso.CreateDomains, true, "a@example.org", true, true},
		"domain, unverified":        {sso.CreateDomains, false, "a@example.com", false, false},
		"anyone":                    {sso.CreateAnyone, true, "a@example.net", false, true},
		"anyone, unverified":        {sso.CreateAnyone, false, "a@example.net", false, false},
		"anyone, without address":   {sso.CreateAnyone, true, "", false, false},
		"anyone, no address at all": {sso.CreateAnyone, true, "not an address", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, testenv.Embedded, func(set *sso.Settings) { set.Create, set.Domains = c.create, []string{"example.com"} })
			admin := s.member("admin@example.com")
			if c.invited {
				if _, err := s.People.Invite(t.Context(), admin, c.email, authserver.RoleGuest, ""); err != nil {
					t.Fatal(err)
				}
			}
			s.IDP.Person("g-1", c.email, c.verified)
			page, _ := s.app("")
			q := s.told(page)
			if got := q.Get("allow_account_creation") == "true"; got != c.allowed {
				t.Errorf("allow_account_creation is %s", q.Get("allow_account_creation"))
			}
			if got := q.Get("has_pending_invitation") == "true"; got != (c.invited && c.verified) {
				t.Errorf("has_pending_invitation is %s", q.Get("has_pending_invitation"))
			}
			a := s.post("sso_create_account", object{"linking_code": q.Get("linking_code")})
			if !c.allowed {
				s.want(a, 403, `{"error":"SSO account creation is disabled. Please contact an administrator."}`)
				return
			}
			s.opens(a)
			u, err := s.Store.FindUserByEmail(t.Context(), authserver.NormalizeEmail(c.email))
			if err != nil {
				t.Fatal(err)
			}
			if joined := u.FamilyID == admin.FamilyID && u.Role == authserver.RoleGuest; joined != c.invited {
				t.Errorf("family %s, role %s; invited into %s: %v", u.FamilyID, u.Role, admin.FamilyID, c.invited)
			}
		})
	}
}
