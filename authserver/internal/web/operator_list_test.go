package web_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/pkg/testenv/actor"
)

var pagerWay = map[string]*regexp.Regexp{
	"next": regexp.MustCompile(`href="([^"]*)" rel="next"`), "prev": regexp.MustCompile(`href="([^"]*)" rel="prev"`),
}

// way is the address of the page before or after; "": none is shown.
func way(page *actor.Page, rel string) string {
	if found := pagerWay[rel].FindStringSubmatch(page.Body); found != nil {
		return strings.ReplaceAll(found[1], "&amp;", "&")
	}
	return ""
}

// crowd adds people to the family of p who signed in so many days ago; -1: never.
func (s *site) crowd(t *testing.T, p *actor.Person, days ...int) []string {
	t.Helper()
	now, emails, family := s.clock.now().UTC(), make([]string, len(days)), familyOf(t, s, p)
	s.many(t, len(days), `INSERT INTO users (id, family_id, role, email, created_at, signed_in_at) VALUES ($1, $2, 'member', $3, $4, $5)`, func(i int) []any {
		emails[i] = fmt.Sprintf("crowd-%02d-%s@example.com", i, uuid.NewString()[:8])
		at := now.Add(-time.Duration(days[i])*24*time.Hour - time.Minute)
		if days[i] < 0 {
			at = authserver.NeverSignedIn
		}
		return []any{uuid.NewString(), family, emails[i], now, at}
	})
	return emails
}

// TestOperatorListsForthAndBack turns the pages of a list forth and back while rows come and
// go, with what was asked for kept.
func TestOperatorListsForthAndBack(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		boss := signedUp(t, s)
		emails := s.crowd(t, boss, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14)
		shown := func(page *actor.Page) (list []string) {
			for _, one := range emails {
				if strings.Contains(page.Text(), one) {
					list = append(list, one)
				}
			}
			return list
		}
		page := open(t, boss.Browser, "/operator/people?q=crowd&factor=off")
		if got := shown(page); !slices.Equal(got, emails[:10]) || way(page, "prev") != "" || !strings.Contains(page.Text(), "1–10 of 14 · rows: 10 , 25 , 100") {
			t.Fatalf("%v %s", got, page.Text())
		}
		next := way(page, "next")
		if !strings.Contains(next, "q=crowd") || !strings.Contains(next, "factor=off") {
			t.Errorf("the next page: %s", next)
		}
		s.many(t, 1, `UPDATE users SET signed_in_at = $1 WHERE email = $2`, func(int) []any { return []any{s.clock.now(), emails[12]} })
		page = open(t, boss.Browser, next)
		if got := shown(page); !slices.Equal(got, []string{emails[10], emails[11], emails[13]}) || way(page, "next") != "" || !strings.Contains(page.Text(), "12–14 of 14") {
			t.Fatalf("%v %s", got, page.Text())
		}
		page = open(t, boss.Browser, way(page, "prev"))
		if got := shown(page); !slices.Equal(got, emails[:10]) || !strings.Contains(page.Text(), "2–11 of 14") {
			t.Fatalf("%v %s", got, page.Text())
		}
		page = open(t, boss.Browser, way(page, "prev"))
		if got := shown(page); !slices.Equal(got, emails[12:13]) || way(page, "prev") != "" || !strings.Contains(page.Text(), "1–1 of 14") {
			t.Fatalf("%v %s", got, page.Text())
		}
		page = open(t, boss.Browser, "/operator/people?q=crowd&limit=25&order=name")
		if got := shown(page); !slices.Equal(got, emails) || way(page, "next") != "" || !strings.Contains(page.Body, `name="limit" value="25"`) || !strings.Contains(page.Body, `aria-sort="ascending"`) {
			t.Errorf("%v %s", got, page.Text())
		}
		for _, list := range []string{"people", "families", "applications", "keys", "servers", "erasures", "events"} {
			for _, query := range []string{"after=x", "before=x", "before=" + strings.TrimPrefix(next[strings.Index(next, "after="):], "after=")[:8], "limit=101", "limit=x", "factor=maybe", "signin=8"} {
				if page, err := boss.Browser.Get(t.Context(), "/operator/"+list+"?"+query); err != nil || page.Status != http.StatusBadRequest {
					t.Errorf("%s?%s: %v, %v", list, query, page.Status, err)
				}
			}
		}
		if page, err := boss.Browser.Get(t.Context(), next+"&"+strings.Replace(next[strings.Index(next, "after="):], "after", "before", 1)); err != nil || page.Status != http.StatusBadRequest {
			t.Errorf("both ways: %v, %v", page.Status, err)
		}
	}, withOperator)
}

// TestOperatorFindsWhoSignedIn filters people by when they signed in last, which signing in
// makes now.
func TestOperatorFindsWhoSignedIn(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		boss, p := signedUp(t, s), signedUp(t, s)
		s.turnOn(t, p)
		emails := append(s.crowd(t, boss, 3, 20, 60, 200, -1), p.Email)
		for query, want := range map[string][]int{
			"signin=7": {0, 5}, "signin=30": {0, 1, 5}, "signin=90": {0, 1, 2, 5}, "signin=not90": {3, 4}, "signin=never": {4}, "factor=on": {5},
			"factor=off&signin=7": {0}, "state=no_factor&signin=7": {0}, "state=deactivated": {}, "q=crowd": {0, 1, 2, 3, 4},
		} {
			page, file := open(t, boss.Browser, "/operator/people?"+query), open(t, boss.Browser, "/operator/people.csv?"+query)
			for i, one := range emails {
				if seen := strings.Contains(page.Text(), one); seen != slices.Contains(want, i) || seen != strings.Contains(file.Body, one) {
					t.Errorf("%s: %d %v", query, i, seen)
				}
			}
			if chosen := strings.Count(page.Body, "selected"); query != "q=crowd" && chosen != strings.Count(query, "=")+strings.Count(query, "no_factor") {
				t.Errorf("%s: %d are chosen", query, chosen)
			}
		}
		s.clock.advance(100 * 24 * time.Hour)
		if page := signInAs(t, s, boss.Email, boss.Password); page.Status != http.StatusOK {
			t.Fatal(page.Status)
		}
		var at time.Time
		var with string
		if err := s.DB.QueryRow(t.Context(), `SELECT signed_in_at, signed_in_with FROM users WHERE email = $1`, strings.ToLower(boss.Email)).Scan(&at, &with); err != nil || s.clock.now().Sub(at) > time.Hour || with == "" {
			t.Errorf("signed in at %s with %q: %v", at, with, err)
		}
	}, withOperator)
}

// TestOperatorMenus: the menu of a person offers what the person is in a state for.
func TestOperatorMenus(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		boss, plain, factor, gone := signedUp(t, s), signedUp(t, s), signedUp(t, s), signedUp(t, s)
		s.turnOn(t, factor)
		act(t, boss, userID(t, boss, gone), "deactivate")
		for _, c := range []struct {
			p    *actor.Person
			want []string
		}{
			{boss, nil},
			{plain, []string{"reset-link", "sign-out", "deactivate"}},
			{factor, []string{"reset-link", "second-factor", "sign-out", "deactivate"}},
			{gone, []string{"reactivate"}},
		} {
			id := userID(t, boss, c.p)
			page := open(t, boss.Browser, "/operator/people?q="+id)
			var offered []string
			for _, found := range regexp.MustCompile(`<li[^>]*><a[^>]* href="/operator/people/`+id+`/([a-z-]+)"|<li[^>]*><a href="/operator/people/`+id+`/([a-z-]+)"`).FindAllStringSubmatch(page.Body, -1) {
				offered = append(offered, found[1]+found[2])
			}
			if !slices.Equal(offered, c.want) {
				t.Errorf("%v, want %v", offered, c.want)
			}
			for _, name := range offered {
				open(t, boss.Browser, "/operator/people/"+id+"/"+name)
			}
		}
	}, withOperator)
}

// TestOperatorEventsHaveNames: what an event tells of is called by its name, also after its end.
func TestOperatorEventsHaveNames(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		boss := signedUp(t, s)
		_, key := makeKey(t, boss.Browser, "Nightly export")
		fill(t, boss.Browser, open(t, boss.Browser, "/operator"+strings.Replace(key, "/settings/api_keys", "/keys", 1)+"/revoke"), nil)
		fill(t, boss.Browser, open(t, boss.Browser, "/operator/invites/new"), map[string]string{"note": "For the plumber"})
		text := open(t, boss.Browser, "/operator/events").Text()
		for _, want := range []string{"API key created " + boss.Email + " Nightly export", "Nightly export", "For the plumber"} {
			if !strings.Contains(text, want) {
				t.Errorf("no %q: %s", want, text)
			}
		}
		stranger := actor.NewBrowser(s.URL)
		fill(t, stranger, open(t, stranger, "/signin"), map[string]string{"email": boss.Email, "password": "wrong"})
		if text = open(t, boss.Browser, "/operator/events?state=signin.failed").Text(); !strings.Contains(text, "Sign-in failed Wrong password "+boss.Email) {
			t.Errorf("a sign-in that failed: %s", text)
		}
		s.many(t, 1, `DELETE FROM api_keys`, func(int) []any { return nil })
		text = open(t, boss.Browser, "/operator/events?state=keys").Text()
		if !strings.Contains(text, "API key No longer exists") || strings.Contains(text, "…") {
			t.Errorf("a key that is gone: %s", text)
		}
	}, withOperator)
}
