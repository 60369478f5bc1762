package web_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/pkg/testenv/actor"
)

// notMe follows "This wasn't me" beside the event that tells what.
func notMe(t *testing.T, b *actor.Browser, what string) *actor.Page {
	t.Helper()
	page := open(t, b, "/settings/activity")
	link := regexp.MustCompile(`href="(/settings/activity/not-me\?event=[0-9a-f-]{36})"[^>]*>[^<]*<span class="sr">: ` + what).FindStringSubmatch(page.Body)
	if link == nil {
		t.Fatalf("no way from %q: %s", what, page.Body)
	}
	return open(t, b, link[1])
}

// Whoever says "This wasn't me" reads what happened and where that can be ended; once it
// is over, that it is.
func TestNotMeLeadsToTheEndOfIt(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		p := signedUp(t, s)
		makeKey(t, p.Browser, "Night job")
		other := actor.NewBrowser(s.URL)
		fill(t, other, open(t, other, "/signin"), map[string]string{"email": p.Email, "password": p.Password})
		client := authserver.Client{ID: "buddy", Name: "Budget Buddy", RedirectURIs: []string{"https://buddy.example/cb"}}
		s.allowed(t, p.Email, client)
		u := s.userOf(t, p)
		s.record(t, authserver.Event{Kind: authserver.EventConsentGiven, UserID: u.ID, ActorID: u.ID, ClientID: client.ID, Details: map[string]string{"scope": "read"}})
		for _, c := range []struct{ what, told, button string }{
			{"You created the API key Night job", "You created the API key Night job Read only", "Revoke this API key…"},
			{"You allowed Budget Buddy", "You allowed Budget Buddy to see your household's finances", "Remove this application…"},
			{"New sign-in from a browser", "New sign-in from a browser we hadn't seen", "End this sign-in…"},
		} {
			help := notMe(t, p.Browser, c.what)
			if !strings.Contains(help.Text(), c.told) || !strings.Contains(help.Text(), c.button) || !strings.Contains(help.Text(), "Change your password") {
				t.Errorf("%s: %s", c.what, help.Text())
			}
			to := regexp.MustCompile(`class="button danger" href="([^"]+)"`).FindStringSubmatch(help.Body)
			if to == nil {
				t.Fatalf("%s: no way on", c.what)
			}
			fill(t, p.Browser, open(t, p.Browser, strings.ReplaceAll(to[1], "&amp;", "&")), nil)
			if help = notMe(t, p.Browser, c.what); !strings.Contains(help.Text(), "already ended") || strings.Contains(help.Body, "button danger") {
				t.Errorf("after it %s: %s", c.what, help.Text())
			}
		}
		if page := open(t, other, "/"); page.URL.Path != "/" || strings.Contains(page.Text(), "Sign out") {
			t.Errorf("the other browser is still signed in: %s", page.Text())
		}
	}, withKeys)
}

// An event of somebody else, and what is none, are not there.
func TestNotMeTellsOnlyOnesOwnEvents(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		p, stranger := signedUp(t, s), signedUp(t, s)
		s.record(t, authserver.Event{Kind: authserver.EventPasswordChanged, UserID: s.userOf(t, stranger).ID, ActorID: s.userOf(t, stranger).ID})
		theirs := s.userOf(t, stranger)
		found, err := s.events.OfUser(t.Context(), &theirs, false, authserver.EventFilter{Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{found[0].ID, uuid.NewString(), "x", "%ff", "%00", strings.Repeat("x", 5000)} {
			page, err := p.Browser.Get(t.Context(), "/settings/activity/not-me?event="+id)
			if err != nil || page.Status != http.StatusNotFound || strings.Contains(page.Text(), "password") {
				t.Errorf("%.40s: %d %v", id, page.Status, err)
			}
		}
		if help := notMe(t, stranger.Browser, "You changed your password"); strings.Contains(help.Body, "button danger") || strings.Contains(help.Text(), "already ended") {
			t.Errorf("what nothing came of: %s", help.Text())
		}
	})
}
