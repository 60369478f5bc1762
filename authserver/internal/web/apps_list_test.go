package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/keyuse"
	"latchkey/pkg/testenv/actor"
)

// parts are what stands under the headings of a page.
func parts(t *testing.T, page *actor.Page, headings ...string) map[string]string {
	t.Helper()
	found, text := map[string]string{}, page.Text()
	for i, one := range headings {
		_, rest, ok := strings.Cut(text, " "+one+" ")
		if !ok {
			t.Fatalf("no %q: %s", one, text)
		}
		if i+1 < len(headings) {
			rest, _, _ = strings.Cut(rest, " "+headings[i+1]+" ")
		}
		found[one] = rest
	}
	return found
}

// The list of applications says which are in use and which are hardly needed any more.
func TestApplicationsByUse(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		p, other := signedUp(t, s), signedUp(t, s)
		grants := map[string]string{}
		allow := func(p *actor.Person, id, name, owner string) {
			access := s.allowed(t, p.Email, authserver.Client{ID: id, Name: name, OwnerID: owner, RedirectURIs: []string{"https://" + id + ".example/cb"}})
			c, err := s.Grants.Lookup(t.Context(), access)
			if err != nil {
				t.Fatal(err)
			}
			grants[id] = c.ID
		}
		allow(p, "budget", "Budget Buddy", "")
		me, err := s.Store.FindUserByEmail(t.Context(), p.Email)
		if err != nil {
			t.Fatal(err)
		}
		allow(p, "script", "Backup script", me.ID)
		allow(p, "ledger", "Paper Ledger", "")
		allow(p, "idle", "Idle One", "")
		allow(other, "foreign", "Foreign", "")
		now := s.clock.now().UTC()
		for id, n := range map[string]int64{"budget": 1204, "foreign": 9} {
			use := keyuse.Use{Kind: keyuse.KindGrant, ID: grants[id], At: now, Hour: keyuse.Span(keyuse.KindGrant, now), Count: n}
			if err := s.Store.StampUses(t.Context(), []keyuse.Use{use}); err != nil {
				t.Fatal(err)
			}
		}
		s.exec(t, `UPDATE grants SET access_issued_at = $2, used_at = $2 WHERE id = $1`, grants["ledger"], now.Add(-91*24*time.Hour))
		s.exec(t, `UPDATE grants SET ended_at = $2, end_reason = 'revoked' WHERE id = $1`, grants["idle"], now)

		list := parts(t, open(t, p.Browser, "/settings/applications"), "In use", "Not used for 90 days", "No active access")
		for part, want := range map[string][]string{
			"In use":               {"Budget Buddy", "budget.example · can see", "1 installation", "1,204 calls in 30 days", "Backup script Yours", "No calls in 30 days"},
			"Not used for 90 days": {"Paper Ledger", "Remove… Paper Ledger"},
			"No active access":     {"Idle One", "Remove… Idle One"},
		} {
			for _, one := range want {
				if !strings.Contains(list[part], one) {
					t.Errorf("%s does not say %q: %s", part, one, list[part])
				}
			}
		}
		if strings.Contains(list["In use"], "Remove") {
			t.Errorf("what is in use is offered for removal: %s", list["In use"])
		}
	})
}

// What has lost its access is remembered for a while, with why.
func TestEndedApplications(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		p, other := signedUp(t, s), signedUp(t, s)
		const ended = "/settings/applications?show=ended"
		wantText(t, open(t, p.Browser, ended), "Allowed 0", "Ended 0", "No application has lost its access lately")
		s.allowed(t, p.Email, authserver.Client{ID: "budget", Name: "Budget Buddy", RedirectURIs: []string{"https://budget.example/cb"}})
		s.allowed(t, other.Email, authserver.Client{ID: "foreign", Name: "Foreign", RedirectURIs: []string{"https://foreign.example/cb"}})
		answer(t, other.Browser, "/settings/applications/one/remove?client_id=foreign", nil)
		wantText(t, open(t, p.Browser, ended), "Allowed 1", "Ended 0")
		answer(t, p.Browser, "/settings/applications/one/remove?client_id=budget", nil)
		page := open(t, p.Browser, ended)
		wantText(t, page, "Allowed 0", "Ended 1", "Budget Buddy", "budget.example · you removed its access", "Ended just now")
		if strings.Contains(page.Text(), "Foreign") {
			t.Errorf("another's application: %s", page.Text())
		}
		if page, err := p.Browser.Get(t.Context(), "/settings/applications?show=x"); err != nil || page.Status != http.StatusBadRequest {
			t.Errorf("an unknown part: %v, %v", page, err)
		}
	})
}

// exec runs a statement.
func (s *site) exec(t *testing.T, statement string, args ...any) {
	t.Helper()
	if _, err := s.DB.Exec(t.Context(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
