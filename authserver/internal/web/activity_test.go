package web_test

import (
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

func (s *site) userOf(t *testing.T, p *actor.Person) authserver.User {
	t.Helper()
	u, err := s.Store.FindUserByEmail(t.Context(), p.Email)
	if err != nil {
		t.Fatal(err)
	}
	return *u
}

func (s *site) record(t *testing.T, e authserver.Event) {
	t.Helper()
	if err := s.events.Record(t.Context(), e); err != nil {
		t.Fatal(err)
	}
}

func TestActivityPage(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		p := signedUp(t, s)
		makeKey(t, p.Browser, "Night <b>job</b>")
		other := actor.NewBrowser(s.URL)
		fill(t, other, open(t, other, "/signin"), map[string]string{"email": p.Email, "password": "wrong"})
		u := s.userOf(t, p)
		s.record(t, authserver.Event{
			Kind: authserver.EventGrantEnded, UserID: u.ID, ClientID: "gone", Outcome: authserver.OutcomeFailure,
			Details: map[string]string{"reason": "reused"},
		})
		s.record(t, authserver.Event{
			Kind: authserver.EventConsentGiven, UserID: u.ID, ClientID: "<script>alert(1)</script>",
			Origin: authserver.Origin{Address: "192.0.2.7", UserAgent: `<script>alert(2)</script> "Firefox/1 Linux`},
		})

		page := open(t, p.Browser, "/settings/activity")
		for _, want := range []string{
			"You created your account", "You created the API key Night <b>job</b>", "Wrong password", "127.0.0.1",
			"Access ended because a token was used twice", "The application no longer exists", "Firefox on Linux · 192.0.2.7", "This wasn't me",
		} {
			if !strings.Contains(page.Text(), want) {
				t.Errorf("lacks %q: %s", want, page.Text())
			}
		}
		if strings.Contains(page.Body, "<script>alert") || strings.Contains(page.Body, "<b>job") {
			t.Error("what others chose is markup")
		}
		if !regexp.MustCompile(`<time datetime="\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ?`).MatchString(page.Body) {
			t.Error("no time for machines")
		}
		if !strings.Contains(page.Body, `href="/settings/activity" aria-current="page"`) {
			t.Error("the navigation does not say where one is")
		}
		only := open(t, p.Browser, "/settings/activity?kind=keys&days=7").Text()
		if !strings.Contains(only, "You created the API key") || strings.Contains(only, "created your account") {
			t.Errorf("keys only: %s", only)
		}
		s.clock.advance(3 * 24 * time.Hour)
		if text := open(t, p.Browser, "/settings/activity?days=1").Text(); !strings.Contains(text, "Nothing happened") {
			t.Errorf("the last day: %s", text)
		}
		help := open(t, p.Browser, "/settings/activity/not-me")
		for _, to := range []string{"/settings/password", "/settings/signins", "/settings/security", "/settings/applications", "/settings/api_keys"} {
			if !strings.Contains(help.Body, `href="`+to+`"`) {
				t.Errorf("no way to %s", to)
			}
			open(t, p.Browser, to)
		}
	}, withKeys)
}

var olderLink = regexp.MustCompile(`href="(/settings/activity\?[^"]*before=[^"]*)"`)

// Pages of activity tell each event once, and of nobody else's.
func TestActivityPages(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		p, stranger := signedUp(t, s), signedUp(t, s)
		u, theirs := s.userOf(t, p), s.userOf(t, stranger)
		for i := range 60 {
			for name, id := range map[string]string{"mine": u.ID, "theirs": theirs.ID} {
				c := authserver.Client{ID: fmt.Sprintf("%s-%02d", name, i), AuthMethod: authserver.AuthNone, CreatedAt: s.clock.now()}
				c.Name = c.ID
				if err := s.Store.CreateClient(t.Context(), &c); err != nil {
					t.Fatal(err)
				}
				s.record(t, authserver.Event{Kind: authserver.EventConsentGiven, UserID: id, ClientID: c.ID})
			}
		}
		seen, pages := "", 0
		for path := "/settings/activity?kind=applications"; path != ""; pages++ {
			page := open(t, p.Browser, path)
			seen, path = seen+page.Text(), ""
			if next := olderLink.FindStringSubmatch(page.Body); next != nil {
				path = strings.ReplaceAll(next[1], "&amp;", "&")
			}
		}
		for i := range 60 {
			if n := strings.Count(seen, fmt.Sprintf("mine-%02d", i)); n != 1 {
				t.Errorf("event %d is told %d times", i, n)
			}
		}
		if pages != 3 || strings.Contains(seen, "theirs") {
			t.Errorf("%d pages: %s", pages, seen)
		}
		found, err := s.events.OfUser(t.Context(), &theirs, false, authserver.EventFilter{})
		if err != nil {
			t.Fatal(err)
		}
		cursor := "/settings/activity?before=" + found[0].Place().String()
		if text := open(t, p.Browser, cursor).Text(); strings.Contains(text, "theirs") || !strings.Contains(text, "mine-58") {
			t.Errorf("from somebody else's event on: %s", text)
		}
	})
}

func TestActivityOfTheFamily(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		admin, member, stranger := signedUp(t, s), signedUp(t, s), signedUp(t, s)
		a, m := s.userOf(t, admin), s.userOf(t, member)
		if err := s.Store.MoveUser(t.Context(), m.ID, a.FamilyID, authserver.RoleMember); err != nil {
			t.Fatal(err)
		}
		s.record(t, authserver.Event{Kind: authserver.EventRoleChanged, ActorID: a.ID, UserID: m.ID, Details: map[string]string{"role": "member"}})
		s.record(t, authserver.Event{Kind: authserver.EventConsentGiven, UserID: s.userOf(t, stranger).ID, ClientID: "theirs"})

		text := open(t, admin.Browser, "/settings/activity?of=family").Text()
		if !strings.Contains(text, "You changed the role of Ada Lovelace Member") || strings.Contains(text, "theirs") {
			t.Errorf("the admin sees %s", text)
		}
		page := open(t, member.Browser, "/settings/activity")
		if !strings.Contains(page.Text(), "Role changed") || strings.Contains(page.Body, `name="of"`) || strings.Contains(page.Text(), "This wasn't me: Role changed") {
			t.Errorf("the member sees %s", page.Text())
		}
		if page, err := member.Browser.Get(t.Context(), "/settings/activity?of=family"); err != nil || page.Status != http.StatusForbidden {
			t.Errorf("the member asks for the family's: %d, %v", page.Status, err)
		}
		own := open(t, admin.Browser, "/settings/activity?of=me").Text()
		if strings.Contains(own, "Role changed") {
			t.Errorf("the admin's own: %s", own)
		}
	})
}

func TestActivityRefusesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		p := signedUp(t, s)
		at := func(moment, id string) string { return "before=" + authserver.Place{By: moment, ID: id}.String() }
		const first, last = "0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z"
		for _, query := range []string{
			"kind=nothing", "kind=keys'%20OR%201=1", "days=0", "days=-1", "days=99999999999999999999", "of=everybody", "before=x",
			"before=1", at(last, uuid.NewString()[:35]), at("1", uuid.NewString()), at("10000-01-01T00:00:00Z", uuid.NewString()),
			at(last, "urn:uuid:"+uuid.NewString()), at(last, "x"), at("", uuid.NewString()),
		} {
			page, err := p.Browser.Get(t.Context(), "/settings/activity?"+query)
			if err != nil || page.Status != http.StatusBadRequest {
				t.Errorf("%s: %d, %v", query, page.Status, err)
			}
		}
		for _, query := range []string{at(first, uuid.NewString()), at(last, strings.ToUpper(uuid.NewString()))} {
			open(t, p.Browser, "/settings/activity?"+query)
		}
	})
}

var kindConstant = regexp.MustCompile(`(?m)^\tEvent\w+\s+= "([\w.]+)"`)

// Every kind has a group to be asked for by, but for those that are in the log only,
// and words for people. A newer program's kind does not break the page.
func TestActivityHasWordsForEveryKind(t *testing.T) {
	source, err := os.ReadFile("../../event.go")
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, testenv.Embedded, settings(), withKeys)
	p := signedUp(t, s)
	u := s.userOf(t, p)
	found := kindConstant.FindAllStringSubmatch(string(source), -1)
	for _, one := range found {
		kind := one[1]
		if kind == authserver.EventGrantOpened || kind == authserver.EventClientRefused {
			continue
		}
		if authserver.EventGroupOf(kind) == "" {
			t.Errorf("%s is in no group", kind)
		}
		s.record(t, authserver.Event{Kind: kind, UserID: u.ID})
		s.clock.advance(time.Minute)
		if text := open(t, p.Browser, "/settings/activity").Text(); strings.Contains(text, "Something changed") {
			t.Errorf("no words for %s", kind)
		}
	}
	if len(found) < 40 {
		t.Errorf("%d kinds", len(found))
	}
	s.record(t, authserver.Event{Kind: "moon.full", UserID: u.ID})
	if text := open(t, p.Browser, "/settings/activity").Text(); !strings.Contains(text, "Something changed") {
		t.Errorf("a new kind: %s", text)
	}
}

// Several wrong passwords in a row from one place are one row; from another place, for
// another reason or on another day they are not.
func TestActivityTellsWrongPasswordsTogether(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		p := signedUp(t, s)
		u := s.userOf(t, p)
		wrong := func(times int, reason, address string) {
			for range times {
				s.record(t, authserver.Event{
					Kind: authserver.EventSigninFailed, Outcome: authserver.OutcomeFailure, UserID: u.ID, Details: map[string]string{"reason": reason},
					Origin: authserver.Origin{Address: address, UserAgent: "Firefox/1 Linux"},
				})
				s.clock.advance(time.Second)
			}
		}
		wrong(2, "password", "192.0.2.1")
		s.clock.advance(48 * time.Hour)
		wrong(3, "password", "192.0.2.1")
		wrong(1, "password", "192.0.2.2")
		wrong(2, "second factor", "192.0.2.2")
		text := open(t, p.Browser, "/settings/activity").Text()
		for _, want := range []string{
			"Wrong code, 2 times Firefox on Linux · 192.0.2.2", "Wrong password Firefox on Linux · 192.0.2.2",
			"Wrong password, 3 times Firefox on Linux · 192.0.2.1", "Wrong password, 2 times Firefox on Linux · 192.0.2.1",
		} {
			if strings.Count(text, want) != 1 {
				t.Errorf("not once %q: %s", want, text)
			}
		}
		wrong(8, "password", "192.0.2.3")
		if text := open(t, p.Browser, "/").Text(); !strings.Contains(text, "Wrong password, 8 times") {
			t.Errorf("at home: %s", text)
		}
		if day := s.clock.now().Add(-48*time.Hour).Weekday().String() + ", "; !strings.Contains(text, day) {
			t.Errorf("no %s: %s", day, text)
		}
	})
}

// A sign-in at a browser that was not seen before stands out, but not to who sits there.
func TestActivityPointsOutNewBrowsers(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		p := signedUp(t, s)
		other := actor.NewBrowser(s.URL)
		fill(t, other, open(t, other, "/signin"), map[string]string{"email": p.Email, "password": p.Password})
		noted := regexp.MustCompile(`(?s)<li class="noted">.*?</li>`)
		row := noted.FindString(open(t, p.Browser, "/settings/activity").Body)
		if !strings.Contains(row, "New sign-in from a browser we hadn") || !strings.Contains(row, `class="button small"`) {
			t.Errorf("the row: %s", row)
		}
		if page := open(t, other, "/settings/activity"); noted.MatchString(page.Body) || !strings.Contains(page.Text(), "You signed in") {
			t.Errorf("at that browser: %s", page.Text())
		}
	})
}
