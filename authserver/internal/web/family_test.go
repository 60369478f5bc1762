package web_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"latchkey/authserver"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

var joinLink = regexp.MustCompile(`http://[^<]*(/join\?code=inv_[0-9A-Za-z]+)`)

var removeLink = regexp.MustCompile(`/settings/family/[0-9a-f-]{36}/remove`)

func TestE2_FamilyPages(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		admin, guest := signedUp(t, s), actor.NewPerson(s.URL)
		family := func() *actor.Page { return open(t, admin.Browser, "/settings/family") }
		if page := fill(t, admin.Browser, family(), map[string]string{"email": "no address", "role": "guest"}, "action", "invite"); page.Status != 422 {
			t.Errorf("inviting nobody: %d", page.Status)
		}
		page := fill(t, admin.Browser, family(), map[string]string{"email": guest.Email, "role": "guest"}, "action", "invite")
		email := s.email(t, authserver.EmailMessageInvited, guest.Email)
		link := email.Path
		if email.By != "" || strings.Contains(page.Body, link) || !joinLink.MatchString(page.Body) || !strings.Contains(page.Text(), "We are sending a link to "+guest.Email) {
			t.Errorf("the email: %+v; the page: %s", email, page.Text())
		}
		page = open(t, guest.Browser, link)
		if !strings.Contains(page.Text(), "Lovelace family") || !strings.Contains(page.Text(), "guest") {
			t.Errorf("join page: %s", page.Text())
		}
		_, after, _ := strings.Cut(page.Body, `href="/signup?`)
		target, _, _ := strings.Cut(after, `"`)
		page = open(t, guest.Browser, "/signup?"+strings.ReplaceAll(target, "&amp;", "&"))
		if page = fill(t, guest.Browser, page, map[string]string{"email": guest.Email, "password": guest.Password}); page.Status != 200 {
			t.Fatalf("joining: %d %s", page.Status, page.Text())
		}
		page = open(t, guest.Browser, "/settings/family")
		if !strings.Contains(page.Text(), admin.Email) || strings.Contains(page.Body, `value="remove"`) || strings.Contains(page.Body, `value="invite"`) {
			t.Errorf("a guest's view: %s", page.Text())
		}
		if page, _ := guest.Browser.Get(t.Context(), link); page.Status != http.StatusNotFound {
			t.Errorf("a used invitation: %d", page.Status)
		}
		if page := fill(t, admin.Browser, family(), map[string]string{"family_name": "  "}, "action", "rename"); page.Status != 422 {
			t.Errorf("no name: %d", page.Status)
		}
		if page := fill(t, admin.Browser, family(), map[string]string{"family_name": "The <b>Byrons</b>"}, "action", "rename"); !strings.Contains(page.Text(), "The <b>Byrons</b>") {
			t.Errorf("renamed: %s", page.Text())
		}
		if page := fill(t, admin.Browser, family(), map[string]string{"role": "nonsense"}, "action", "role"); page.Status != 422 {
			t.Errorf("unknown role: %d", page.Status)
		}
		if page := fill(t, admin.Browser, family(), map[string]string{"role": "admin"}, "action", "role"); page.Status != 200 {
			t.Errorf("role: %d", page.Status)
		}
		removal := removeLink.FindString(family().Body)
		if strings.Contains(family().Body, `value="remove"`) || removal == "" {
			t.Fatal("E2: the page of the family removes a member at once")
		}
		page = open(t, admin.Browser, removal)
		if !strings.Contains(page.Text(), "from the family?") || !strings.Contains(page.Text(), "loses access to this household, within a second") {
			t.Errorf("E2: what will happen: %s", page.Text())
		}
		if page, _ := guest.Browser.Get(t.Context(), removal); page.Status != http.StatusNotFound {
			t.Errorf("E2: the page of one's own removal: %d", page.Status)
		}
		page = open(t, admin.Browser, removal)
		fill(t, admin.Browser, page, nil, "action", "remove")
		if page, _ := guest.Browser.Get(t.Context(), "/settings/family"); page.URL.Path != "/signin" {
			t.Error("a removed member is still signed in")
		}
	})
}

func TestDeleteAccountPage(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		p := signedUp(t, s)
		page := open(t, p.Browser, "/settings/delete")
		if got := fill(t, p.Browser, page, map[string]string{"password": "x"}); got.Status != 422 {
			t.Errorf("wrong password: %d", got.Status)
		}
		got := fill(t, p.Browser, page, map[string]string{"password": p.Password})
		if got.Status != 200 || !strings.Contains(got.Text(), "Your account was deleted") {
			t.Errorf("%d %s", got.Status, got.Text())
		}
		if _, err := p.ElsewhereAs(s.URL).SignIn(t.Context()); err == nil {
			t.Error("a deleted account signs in")
		}
		if _, err := p.SignUp(t.Context()); err != nil {
			t.Errorf("the address is not free: %v", err)
		}
	})
}

// A page that needs a sign-in is where the sign-in leads.
func TestPagesResume(t *testing.T) {
	s := newSite(t, testenv.Embedded, settings())
	p := signedUp(t, s)
	b := actor.NewBrowser(s.URL)
	page := open(t, b, "/settings/family?done=role")
	if page = fill(t, b, page, map[string]string{"email": p.Email, "password": p.Password}); page.URL.RequestURI() != "/settings/family?done=role" {
		t.Errorf("sign-in led to %s", page.URL)
	}
}

func TestE2_NoDangerWithoutAnElsewhere(t *testing.T) {
	s := newSite(t, testenv.Embedded, settings())
	p := signedUp(t, s)
	red := func() bool {
		return strings.Contains(open(t, p.Browser, "/settings/signins").Body, `<a class="button danger" href="/settings/signins/others">`)
	}
	if red() {
		t.Error("there is nowhere else, and something leads to its end")
	}
	wantText(t, open(t, p.Browser, "/settings/signins"), "You aren't signed in anywhere else")
	if _, err := p.ElsewhereAs(s.URL).SignIn(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !red() {
		t.Error("there is a sign-in elsewhere, and nothing leads to its end")
	}
	asked := func() bool {
		return strings.Contains(open(t, p.Browser, "/settings/signins/others").Body, `class="button destroy"`)
	}
	if !asked() {
		t.Error("no way to end the sign-in elsewhere")
	}
	fill(t, p.Browser, open(t, p.Browser, "/settings/signins/others"), nil)
	if asked() {
		t.Error("there is nothing to end, and a button for it")
	}
}
