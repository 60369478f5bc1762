package web_test

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"latchkey/authserver"
	"latchkey/pkg/testenv/actor"
)

func TestOperatorEndsAccess(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		boss, p := signedUp(t, s), signedUp(t, s)
		makeKey(t, p.Browser, "Script")
		found := regexp.MustCompile(`/operator/keys/[0-9a-f-]{36}`).FindString(open(t, boss.Browser, "/operator/keys?q=script&state=live").Body)
		if page := fill(t, boss.Browser, open(t, boss.Browser, found+"/tier"), map[string]string{"tier": "premium"}); !strings.Contains(page.Text(), "Tier Premium") {
			t.Errorf("%d %s", page.Status, page.Text())
		}
		if page := fill(t, boss.Browser, open(t, boss.Browser, found+"/tier"), map[string]string{"tier": "golden"}); page.Status != http.StatusUnprocessableEntity {
			t.Errorf("no such tier: %d", page.Status)
		}
		fill(t, boss.Browser, open(t, boss.Browser, found+"/revoke"), nil)
		if page := open(t, boss.Browser, "/operator/keys?state=ended"); !strings.Contains(page.Text(), "Script") {
			t.Errorf("%s", page.Text())
		}
		c := authserver.Client{ID: "https://app.example/client", Name: "An app"}
		s.allowed(t, p.Email, c)
		one := "/operator/applications/one"
		client := "?client=" + url.QueryEscape(c.ID)
		if page := open(t, boss.Browser, one+client); !strings.Contains(page.Text(), "An app") {
			t.Errorf("%s", page.Text())
		}
		s.stale()
		page := fill(t, boss.Browser, open(t, boss.Browser, one+"/delete"+client), nil)
		if page.Status != http.StatusUnprocessableEntity || !strings.Contains(page.Body, `name="password"`) {
			t.Fatalf("no confirmation: %d %s", page.Status, page.Text())
		}
		if page = fill(t, boss.Browser, page, map[string]string{"password": boss.Password}); !strings.Contains(page.Text(), "deleted") {
			t.Errorf("%d %s", page.Status, page.Text())
		}
		if page, _ := boss.Browser.Get(t.Context(), one+client); page.Status != http.StatusNotFound {
			t.Errorf("a deleted application: %d", page.Status)
		}
	}, withOperator)
}

func TestOperatorInvites(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		boss, guest := signedUp(t, s), actor.NewPerson(s.URL)
		form := func(days, email string) *actor.Page {
			return fill(t, boss.Browser, open(t, boss.Browser, "/operator/invites/new"), map[string]string{"days": days, "email": email, "note": "for <i>Noor</i>"})
		}
		for _, days := range []string{"", "0", "366", "x", "-1", "1e3"} {
			if page := form(days, ""); page.Status != http.StatusUnprocessableEntity {
				t.Errorf("%q days: %d", days, page.Status)
			}
		}
		if page := form("7", "no address"); page.Status != http.StatusUnprocessableEntity {
			t.Errorf("no address: %d", page.Status)
		}
		link := regexp.MustCompile(`/signup\?invite_code=inv_\w+`).FindString(form("7", guest.Email).Body)
		if page := open(t, guest.Browser, link); !strings.Contains(page.Body, "inv_") {
			t.Errorf("the link %s", link)
		}
		if page := open(t, boss.Browser, "/operator/invites/new"); strings.Contains(page.Body, "%!") {
			t.Errorf("%s", page.Text())
		}
		list := open(t, boss.Browser, "/operator/invites")
		if !strings.Contains(list.Text(), guest.Email) || strings.Contains(list.Body, "<i>") || strings.Contains(list.Body, "inv_") {
			t.Errorf("%s", list.Text())
		}
		revoke := regexp.MustCompile(`/operator/invites/[0-9a-f-]{36}/revoke`).FindString(list.Body)
		if page := fill(t, boss.Browser, open(t, boss.Browser, revoke), nil); !strings.Contains(page.Text(), "The invite was revoked") {
			t.Errorf("%d %s", page.Status, page.Text())
		}
		if page := open(t, boss.Browser, "/operator/invites"); strings.Contains(page.Body, revoke) {
			t.Errorf("it can be revoked again: %s", page.Text())
		}
	}, withOperator)
}

// An operator verifies, edits and switches off what others registered; each is an event
// with the operator as its actor. A verification is of what was looked at: another name
// is not verified.
func TestOperatorChangesApplications(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		boss, p := signedUp(t, s), signedUp(t, s)
		made := fill(t, p.Browser, open(t, p.Browser, "/settings/developer/new"), map[string]string{
			"name": "Budget Buddy", "redirect_uris": "https://app.example/cb", "auth_method": "client_secret_basic", "scopes": "read",
		})
		id := regexp.MustCompile(`/settings/developer/([0-9a-f-]{36})`).FindStringSubmatch(made.Body)[1]
		one := "/operator/applications/one"
		act := func(name string, values map[string]string) *actor.Page {
			t.Helper()
			return fill(t, boss.Browser, open(t, boss.Browser, one+"/"+name+"?client="+id), values)
		}
		wantText(t, act("verify", nil), "Budget Buddy", "Verified")
		wantText(t, act("disable", nil), "Switched off", "Switch on again")
		wantText(t, act("enable", nil), "Verified")
		if page := act("edit", map[string]string{"name": "", "redirect_uris": "x"}); page.Status != http.StatusUnprocessableEntity {
			t.Errorf("a bad name: %d", page.Status)
		}
		page := act("edit", map[string]string{"name": "Budget Friend", "redirect_uris": "https://app.example/cb"})
		if wantText(t, page, "Budget Friend"); strings.Contains(page.Text(), "Withdraw verification") {
			t.Errorf("another name is verified: %s", page.Text())
		}
		rotated := act("rotate", map[string]string{"overlap": "0"})
		if !regexp.MustCompile(`ocs_\w{49}`).MatchString(rotated.Body) {
			t.Errorf("%d %s", rotated.Status, rotated.Text())
		}
		wantText(t, act("verify", nil), "Withdraw verification")
		if page := act("unverify", nil); strings.Contains(page.Text(), "Withdraw verification") {
			t.Errorf("%s", page.Text())
		}
		for _, kind := range []string{"client.verified", "client.disabled", "client.enabled", "client.changed", "client.rotated", "client.unverified"} {
			wantText(t, open(t, boss.Browser, "/operator/events?q="+id+"&state="+kind), boss.Email, p.Email)
			wantText(t, open(t, boss.Browser, "/operator/events?q="+kind), boss.Email, p.Email)
		}
		file := open(t, boss.Browser, "/operator/events.csv?state=applications&q="+url.QueryEscape(p.Email))
		bossID := userID(t, boss, boss)
		rows, err := csv.NewReader(strings.NewReader(file.Body)).ReadAll()
		if err != nil || len(rows) < 7 {
			t.Fatalf("%d rows, %v", len(rows), err)
		}
		for _, row := range rows {
			if row[2] == "client.verified" && row[4] != bossID {
				t.Errorf("the actor is %s", row[4])
			}
		}
		if page := open(t, boss.Browser, "/operator/events?q=nobody-at-all"); strings.Contains(page.Body, "<tbody") {
			t.Errorf("%s", page.Text())
		}
		if page, err := boss.Browser.Get(t.Context(), "/operator/events?state=golden"); err != nil || page.Status != http.StatusBadRequest {
			t.Errorf("no such group: %v %v", page.Status, err)
		}
	}, withOperator)
}

// Tokens that let applications register themselves are made and revoked here.
func TestOperatorRegistrations(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		boss := signedUp(t, s)
		for _, bad := range []map[string]string{{"uses": "0", "days": "7"}, {"uses": "x", "days": "7"}, {"uses": "1", "days": "0"}} {
			if page := fill(t, boss.Browser, open(t, boss.Browser, "/operator/registrations/new"), bad); page.Status != http.StatusUnprocessableEntity {
				t.Errorf("%v: %d", bad, page.Status)
			}
		}
		made := fill(t, boss.Browser, open(t, boss.Browser, "/operator/registrations/new"), map[string]string{"uses": "3", "days": "7", "note": "for <i>Noor</i>"})
		if len(regexp.MustCompile(`iat_\w{49}`).FindAllString(made.Body, -1)) != 1 {
			t.Errorf("%s", made.Text())
		}
		list := open(t, boss.Browser, "/operator/registrations")
		if wantText(t, list, "used 0 of 3 times", "Valid"); strings.Contains(list.Body, "<i>") || strings.Contains(list.Body, "iat_") {
			t.Errorf("%s", list.Body)
		}
		revoke := regexp.MustCompile(`/operator/registrations/[0-9a-f-]{36}/revoke`).FindString(list.Body)
		wantText(t, fill(t, boss.Browser, open(t, boss.Browser, revoke), nil), "The registration token was revoked.", "Revoked")
		for _, kind := range []string{"registration_token.created", "registration_token.revoked"} {
			wantText(t, open(t, boss.Browser, "/operator/events?state="+kind), boss.Email)
		}
		wantText(t, open(t, boss.Browser, "/operator/servers"), "Resource servers")
	}, withOperator)
}

// Whoever registered an application may change it while an operator looks at it: what is
// verified is what the operator saw.
func TestOperatorVerifiesWhatWasShown(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		boss, p := signedUp(t, s), signedUp(t, s)
		made := fill(t, p.Browser, open(t, p.Browser, "/settings/developer/new"), map[string]string{
			"name": "Budget Buddy", "redirect_uris": "https://app.example/cb", "auth_method": "none", "scopes": "read",
		})
		id := regexp.MustCompile(`/settings/developer/([0-9a-f-]{36})`).FindStringSubmatch(made.Body)[1]
		shown := open(t, boss.Browser, "/operator/applications/one/verify?client="+id)
		fill(t, p.Browser, open(t, p.Browser, "/settings/developer/"+id), map[string]string{"name": "First Bank", "redirect_uris": "https://evil.example/cb"})
		again := fill(t, boss.Browser, shown, nil)
		if again.Status != http.StatusConflict {
			t.Errorf("%d", again.Status)
		}
		wantText(t, again, "changed in the meantime", "First Bank", "https://evil.example/cb")
		if page := open(t, boss.Browser, "/operator/applications/one?client="+id); strings.Contains(page.Text(), "Verified") {
			t.Errorf("another application was verified: %s", page.Text())
		}
		s.stale()
		page := fill(t, boss.Browser, fill(t, boss.Browser, again, nil), map[string]string{"password": boss.Password})
		wantText(t, page, "First Bank", "Verified")
	}, withOperator)
}
