package web_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

func TestActivitySearch(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		p, stranger := signedUp(t, s), signedUp(t, s)
		makeKey(t, p.Browser, "Receipt scanner")
		makeKey(t, stranger.Browser, "Receipt printer")
		u := s.userOf(t, p)
		s.record(t, authserver.Event{
			Kind: authserver.EventPasswordChanged, UserID: u.ID,
			Origin: authserver.Origin{Address: "192.0.2.7", UserAgent: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) AppleWebKit/605 Version/17 Safari/605"},
		})
		for query, want := range map[string]string{
			"receipt": "Receipt scanner", "RECEIPT created": "Receipt scanner", "192.0.2.7": "changed your password",
			"safari macos": "changed your password", "read only": "Receipt scanner",
		} {
			text := open(t, p.Browser, "/settings/activity?q="+url.QueryEscape(query)).Text()
			if !strings.Contains(text, want) || strings.Contains(text, "created your account") || strings.Contains(text, "printer") {
				t.Errorf("%q: %s", query, text)
			}
		}
		page := open(t, p.Browser, "/settings/activity?q=%22%3Cb%3E&kind=keys")
		if !strings.Contains(page.Text(), "No event matches your search") || !strings.Contains(page.Body, `value="&#34;&lt;b&gt;"`) {
			t.Errorf("nothing found: %s", page.Body)
		}
		for _, query := range []string{"q=" + strings.Repeat("x", 201), "q=%ff", "q=%00", "q=x&days=3"} {
			for _, path := range []string{"/settings/activity?", "/settings/activity.csv?"} {
				if page, err := p.Browser.Get(t.Context(), path+query); err != nil || page.Status != http.StatusBadRequest {
					t.Errorf("%s%s: %d, %v", path, query, page.Status, err)
				}
			}
		}
	}, withKeys)
}

// A search looks through so many events and leads on from there. Whatever matches is told
// once, on some page.
func TestActivitySearchIsBounded(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		p := signedUp(t, s)
		u, now := s.userOf(t, p), s.clock.now().UTC().Truncate(time.Microsecond)
		s.many(t, 5600, `INSERT INTO events (id, at, kind, outcome, actor_id, user_id, family_id, client_id, subject_id, details, address, user_agent, request_id, mark)
			VALUES ($1, $2, 'password.changed', 'success', CAST($3 AS TEXT), CAST($3 AS TEXT), '', '', '', '{}', $4, '', '', $5)`,
			func(i int) []any {
				address := "192.0.2.1"
				if i%700 == 699 {
					address = fmt.Sprintf("198.51.100.%d", i/700)
				}
				return []any{fmt.Sprintf("00000000-0000-4000-8000-%012d", i), now.Add(-time.Duration(i) * time.Minute), u.ID, address, []byte{}}
			})
		first := open(t, p.Browser, "/settings/activity?q=198.51.100.")
		if !strings.Contains(first.Text(), "5,000 events searched") || strings.Count(first.Body, "<li>") == 0 {
			t.Errorf("the first page: %s", first.Text())
		}
		next := olderLink.FindStringSubmatch(first.Body)
		if next == nil {
			t.Fatal("no way on")
		}
		second := open(t, p.Browser, strings.ReplaceAll(next[1], "&amp;", "&"))
		for i := range 8 {
			address := fmt.Sprintf("198.51.100.%d", i)
			if n := strings.Count(first.Text()+second.Text(), address); n != 1 {
				t.Errorf("%s is told %d times", address, n)
			}
		}
		if olderLink.MatchString(second.Body) {
			t.Errorf("no end: %s", second.Text())
		}
		if text := open(t, p.Browser, "/settings/activity").Text(); !strings.Contains(text, "Events on this page: 25") {
			t.Errorf("more than can be counted: %s", text)
		}
	})
}

func TestActivityCount(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		p, stranger := signedUp(t, s), signedUp(t, s)
		u, theirs := s.userOf(t, p), s.userOf(t, stranger)
		for range 45 {
			s.record(t, authserver.Event{Kind: authserver.EventPasswordChanged, UserID: u.ID})
			s.record(t, authserver.Event{Kind: authserver.EventPasswordChanged, UserID: theirs.ID})
		}
		for query, want := range map[string]string{"": "25 of 46 events", "?kind=security": "25 of 45 events"} {
			if text := open(t, p.Browser, "/settings/activity"+query).Text(); !strings.Contains(text, want) {
				t.Errorf("%q: %s", query, text)
			}
		}
	})
}

// The file has what the page shows, of nobody else's, and no cell is a formula.
func TestActivityFile(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		p, member, stranger := signedUp(t, s), signedUp(t, s), signedUp(t, s)
		u, m := s.userOf(t, p), s.userOf(t, member)
		makeKey(t, p.Browser, "=1+1")
		for range 600 {
			s.record(t, authserver.Event{Kind: authserver.EventPasswordChanged, UserID: u.ID})
		}
		s.record(t, authserver.Event{Kind: authserver.EventConsentGiven, UserID: s.userOf(t, stranger).ID, ClientID: "theirs"})
		page := open(t, p.Browser, "/settings/activity?kind=keys&q=created")
		if !strings.Contains(page.Body, `href="/settings/activity.csv?days=30&amp;kind=keys&amp;q=created" download`) {
			t.Errorf("no way to the file: %s", page.Body)
		}
		rows := sheetOf(t, p.Browser, "/settings/activity.csv?kind=keys&q=created")
		if len(rows) != 2 || rows[1][1] != "apikey.created" || rows[1][3] != "You created the API key =1+1" {
			t.Errorf("chosen: %q", rows)
		}
		if rows = sheetOf(t, p.Browser, "/settings/activity.csv"); len(rows) != 603 {
			t.Errorf("%d rows", len(rows))
		}
		if err := s.Store.MoveUser(t.Context(), m.ID, u.FamilyID, authserver.RoleMember); err != nil {
			t.Fatal(err)
		}
		s.record(t, authserver.Event{
			Kind: authserver.EventSignin, UserID: m.ID, FamilyID: u.FamilyID,
			Origin: authserver.Origin{Address: "192.0.2.9", UserAgent: "Firefox/1 Linux"},
		})
		if ok, err := s.Store.SetNames(t.Context(), &m, "=HYPERLINK(1)", "Lovelace"); err != nil || !ok {
			t.Fatal(ok, err)
		}
		family := fmt.Sprint(sheetOf(t, p.Browser, "/settings/activity.csv?of=family"))
		if !strings.Contains(family, "192.0.2.9") || strings.Contains(family, "theirs") || !strings.Contains(family, "'=HYPERLINK(1)") || strings.Contains(family, " =HYPER") {
			t.Error("not the family's, or more")
		}
		if page, err := member.Browser.Get(t.Context(), "/settings/activity.csv?of=family"); err != nil || page.Status != http.StatusForbidden {
			t.Errorf("a member asks for the family's: %d, %v", page.Status, err)
		}
		if own := fmt.Sprint(sheetOf(t, member.Browser, "/settings/activity.csv")); strings.Contains(own, "password.changed") {
			t.Errorf("the member's: %s", own)
		}
		if page := open(t, actor.NewBrowser(s.URL), "/settings/activity.csv"); page.URL.Path != "/signin" {
			t.Errorf("nobody is answered at %s", page.URL)
		}
	}, withKeys)
}

func sheetOf(t *testing.T, b *actor.Browser, path string) [][]string {
	t.Helper()
	page := open(t, b, path)
	rows, err := csv.NewReader(strings.NewReader(page.Body)).ReadAll()
	if err != nil || page.Header.Get("Content-Type") != "text/csv; charset=utf-8" || !strings.Contains(page.Header.Get("Content-Disposition"), "attachment") {
		t.Fatalf("%s: %v, %v", path, err, page.Header)
	}
	return rows
}

// What a page of activity asks the database goes by index, whoever asks.
func TestActivityGoesByIndex(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		for _, one := range []struct{ statement, index string }{
			{`SELECT id FROM events WHERE user_id = $1 AND kind IN ('signin') AND at >= $2 ORDER BY at DESC, id DESC LIMIT 26`, "events_user"},
			{`SELECT count(*) FROM (SELECT id FROM events WHERE user_id = $1 AND at >= $2 LIMIT 1001) AS chosen`, "events_user"},
			{`SELECT id FROM events WHERE family_id = $1 AND at >= $2 ORDER BY at DESC, id DESC LIMIT 26`, "events_family"},
		} {
			how := testenv.Plan(t, s.DB, one.statement, "x", time.Now())
			if !strings.Contains(how, one.index) || strings.Contains(how, "TEMP B-TREE") {
				t.Errorf("%s: %s", one.statement, how)
			}
		}
	})
}
