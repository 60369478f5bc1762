package sso_test

import (
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/sso"
	"latchkey/pkg/fault"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

func (s *site) signedIn(b *actor.Browser) bool {
	s.Helper()
	return s.get(b, "/settings/identities").URL.Path == "/settings/identities"
}

func TestBrowserCreatesAnAccountAndComesBack(t *testing.T) {
	t.Parallel()
	each(t, nil, func(t *testing.T, s *site) {
		s.IDP.Person("g-1", "grace@example.com", true)
		b := actor.NewBrowser(s.URL)
		if page := s.get(b, "/signin?return_to=/settings/family"); !strings.Contains(page.Body, `href="/auth/work?return_to=%2Fsettings%2Ffamily"`) {
			t.Errorf("the sign-in page has no button: %s", page.Body)
		}
		page := s.viaProvider(b, "/auth/work?return_to=/settings/identities")
		if page.URL.Path != "/auth/finish" || !strings.Contains(page.Text(), "Work says you are grace@example.com") {
			t.Fatalf("%v %s", page.URL, page.Text())
		}
		page = s.submit(b, page, map[string]string{"first_name": "", "last_name": strings.Repeat("x", 300)}, "first_name")
		if page.Status != http.StatusUnprocessableEntity || !strings.Contains(page.Text(), "Last name is too long") {
			t.Fatalf("%d %s", page.Status, page.Text())
		}
		page = s.submit(b, page, map[string]string{"first_name": "Amazing", "last_name": "Grace"}, "first_name")
		if page.URL.Path != "/settings/identities" || !strings.Contains(page.Text(), "Amazing Grace") {
			t.Fatalf("%v %s", page.URL, page.Text())
		}
		again := actor.NewBrowser(s.URL)
		if page := s.viaProvider(again, "/auth/work?return_to=/settings/identities"); page.URL.Path != "/settings/identities" || !s.signedIn(again) {
			t.Errorf("%v", page.URL)
		}
		// The only way in stays.
		page = s.disconnect(again)
		if page.Status != http.StatusConflict || !strings.Contains(page.Text(), "only way to sign in") {
			t.Errorf("%d %s", page.Status, page.Text())
		}
		if page := s.get(actor.NewBrowser(s.URL), "/auth/finish"); page.URL.Path != "/signin" {
			t.Errorf("a browser that came from nowhere: %v", page.URL)
		}
	})
}

var identityPage = regexp.MustCompile(`/settings/identities/[0-9a-f-]{36}`)

// disconnect sends the form of the page that asks before the connection on the list ends.
func (s *site) disconnect(b *actor.Browser) *actor.Page {
	s.Helper()
	return s.submit(b, s.get(b, identityPage.FindString(s.get(b, "/settings/identities").Body)), nil, "id")
}

func TestBrowserConnectsAnAccount(t *testing.T) {
	t.Parallel()
	each(t, func(set *sso.Settings) { set.Create = sso.CreateNever }, func(t *testing.T, s *site) {
		ada := s.member("ada@example.com")
		show := s.secondFactor(ada)
		s.IDP.Person("g-1", "ada@example.com", true) // the same address is not enough
		b := actor.NewBrowser(s.URL)
		page := s.viaProvider(b, "/auth/work")
		if page.URL.Path != "/auth/finish" || strings.Contains(page.Text(), "New here") {
			t.Fatalf("%v %s", page.URL, page.Text())
		}
		page = s.submit(b, page, map[string]string{"email": "ada@example.com", "password": "wrong"}, "password")
		if page.Status != http.StatusUnauthorized || strings.Contains(page.Body, "wrong\"") {
			t.Fatalf("%d", page.Status)
		}
		page = s.submit(b, page, map[string]string{"password": password}, "password")
		page = s.submit(b, page, map[string]string{"password": password, "otp_code": show(0)}, "otp_code")
		if page.URL.Path != "/" || !s.signedIn(b) {
			t.Fatalf("%v %s", page.URL, page.Text())
		}
		again := actor.NewBrowser(s.URL)
		page = s.viaProvider(again, "/auth/work?return_to=/settings/identities")
		if page.URL.Path != "/signin/second-factor" || s.signedIn(again) {
			t.Fatalf("the second factor was not asked for: %v", page.URL)
		}
		page = s.submit(again, page, map[string]string{"otp_code": show(1)}, "otp_code")
		if page.URL.Path != "/settings/identities" || !strings.Contains(page.Text(), "Work ada@example.com") {
			t.Fatalf("%v %s", page.URL, page.Text())
		}
		page = s.disconnect(again)
		if page.Status != http.StatusOK || !strings.Contains(page.Text(), "No accounts are connected") {
			t.Errorf("%d %s", page.Status, page.Text())
		}
	})
}

func TestSettingsConnect(t *testing.T) {
	t.Parallel()
	each(t, nil, func(t *testing.T, s *site) {
		p := actor.NewPerson(s.URL)
		if _, err := p.SignUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.IDP.Person("g-1", "grace@example.com", true)
		connect := func(values map[string]string) *actor.Page {
			t.Helper()
			return s.submit(p.Browser, s.get(p.Browser, "/settings/identities"), values, "intent")
		}
		page := connect(nil)
		if page.Left == nil {
			t.Fatalf("%d %s", page.Status, page.Text())
		}
		form := s.get(p.Browser, "/settings/identities")
		if csp := form.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' http:;") {
			t.Error(csp)
		}
		back := s.IDP.SignIn(t, page.Left).String()
		if other := s.get(actor.NewBrowser(s.URL), back); other.Status != http.StatusForbidden || s.count(`SELECT count(*) FROM identities`) != 0 {
			t.Errorf("another browser: %d", other.Status)
		}
		if page = s.get(p.Browser, back); page.URL.Path != "/settings/identities" || !strings.Contains(page.Text(), "The account was connected.") {
			t.Errorf("%v %s", page.URL, page.Text())
		}
		// Somebody else cannot connect it too.
		q := actor.NewPerson(s.URL)
		if _, err := q.SignUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		page = s.submit(q.Browser, s.get(q.Browser, "/settings/identities"), nil, "intent")
		if page = s.get(q.Browser, s.IDP.SignIn(t, page.Left).String()); page.Status != http.StatusConflict {
			t.Errorf("connected twice: %d %s", page.Status, page.Text())
		}
		// Later, the password is asked for.
		s.clock.advance(time.Hour)
		if page = connect(map[string]string{"password": "wrong"}); page.Status != http.StatusUnprocessableEntity || page.Left != nil {
			t.Errorf("wrong password: %d", page.Status)
		}
		if page = connect(map[string]string{"password": p.Password}); page.Left == nil {
			t.Errorf("right password: %d %s", page.Status, page.Text())
		}
	})
}

// An invitation is to the address the provider has verified; the person chooses
// whether to follow it.
func TestA14_BrowserWithInvitation(t *testing.T) {
	t.Parallel()
	each(t, func(set *sso.Settings) { set.Create = sso.CreateInvited }, func(t *testing.T, s *site) {
		admin := s.member("admin@example.com")
		for subject, choice := range map[string]string{"join": "join", "own": "own"} {
			email := subject + "@example.com"
			if _, err := s.People.Invite(t.Context(), admin, email, authserver.RoleGuest, ""); err != nil {
				t.Fatal(err)
			}
			s.IDP.Person(subject, email, true)
			b := actor.NewBrowser(s.URL)
			page := s.viaProvider(b, "/auth/work")
			// A14: the person is asked, and nobody else's family is the default.
			page = s.submit(b, page, nil, "family")
			if _, err := s.Store.FindUserByEmail(t.Context(), email); page.Status != 422 || !fault.Is(err, fault.NotFound) {
				t.Fatalf("%s: an account without a choice: %d, %v", subject, page.Status, err)
			}
			s.submit(b, page, map[string]string{"family": choice}, "family")
			u, err := s.Store.FindUserByEmail(t.Context(), email)
			if err != nil {
				t.Fatal(err)
			}
			if joined := u.FamilyID == admin.FamilyID && u.Role == authserver.RoleGuest; joined != (choice == "join") {
				t.Errorf("%s: family %s, role %s", choice, u.FamilyID, u.Role)
			}
		}
	})
}

func TestBrowserRefusals(t *testing.T) {
	s := newSite(t, testenv.Embedded, nil)
	for path, want := range map[string]int{
		"/auth/nobody": 404, "/auth/nobody/callback": 404, "/auth/work/callback": 403, "/auth/work/callback?state=a&state=b": 403,
		"/auth/work/callback?code=%00&state=%FF": 403, "/auth/work/callback?code=x&state=" + strings.Repeat("x", 8000): 403, "/auth/mobile": 404,
	} {
		if page := s.get(actor.NewBrowser(s.URL), path); page.Status != want || page.Heading() == "" {
			t.Errorf("%.60s: %d, want %d", path, page.Status, want)
		}
	}
	b := actor.NewBrowser(s.URL)
	if page, err := b.Post(t.Context(), "/auth/work", nil); err != nil || page.Status != http.StatusForbidden {
		t.Errorf("a form without token: %v %v", page, err)
	}
	s.IDP.Person("g-1", "grace@example.com", true)
	s.linked("grace@example.com")
	back := s.IDP.SignIn(t, s.depart(b, "/auth/work")).String()
	var mu sync.Mutex
	won := 0
	together(10, func() {
		page, err := b.Get(t.Context(), back)
		mu.Lock()
		defer mu.Unlock()
		if err == nil && page.Status == http.StatusOK && page.URL.Path == "/" {
			won++
		} else if err != nil || page.Status != http.StatusForbidden {
			t.Errorf("%v %v", page, err)
		}
	})
	if n := s.count(`SELECT count(*) FROM signins`); n != 1 || won != 1 {
		t.Errorf("%d sign-ins, %d winners of one state", n, won)
	}
}
