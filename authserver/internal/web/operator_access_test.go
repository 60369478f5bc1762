package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"latchkey/authserver"
	"latchkey/pkg/testenv/actor"
)

func TestOperatorEndsAccess(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		boss, p := signedUp(t, s), signedUp(t, s)
		makeKey(t, p.Browser, "Script")
		found := regexp.MustCompile(`/operator/keys/[0-9a-f-]{36}`).FindString(open(t, boss.Browser, "/operator/keys?q=script&state=live").Body)
		if page := fill(t, boss.Browser, open(t, boss.Browser, found+"/tier"), map[string]string{"tier": "premium"}); !strings.Contains(page.Text(), "premium") {
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
