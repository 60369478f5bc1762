package web_test

import (
	"context"
	"encoding/csv"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/operator"
	"latchkey/authserver/internal/web"
	"latchkey/pkg/testenv/actor"
)

func withOperator(s *site, d *web.Dependencies) {
	withKeys(s, d)
	d.Operator = operator.New(operator.Dependencies{
		Store: s.Store, People: s.People, Recovery: d.Recovery, Clients: d.Clients, Consents: d.Consents, Keys: d.Keys,
		Now: s.clock.now, Version: "v1",
		Health: []operator.Probe{probe("authserver"), probe("resources"), probe("database"), probe("cache"), probe("email"), probe("erasure"), probe("events"), probe("sweep")},
	})
}

// probe is one whose component works, and has a fact of each kind.
func probe(name string) operator.Probe {
	return operator.Probe{Name: name, Ask: func(context.Context) authserver.Component {
		return authserver.Component{State: authserver.ComponentWorks, Facts: []authserver.HealthFact{
			{Name: "version", Text: name + " 1.2"},
			{Name: "kind", Word: "process"},
			{Name: "since", At: time.Now().Add(-time.Hour)},
			{Name: "memory", N: 61 << 20, Of: 256 << 20, Unit: authserver.UnitBytes},
			{Name: "lag", N: 1500, Unit: authserver.UnitMilliseconds},
			{Name: "waits", N: 12_345},
		}}
	}}
}

// userID is the id of somebody, as the operator's list has it.
func userID(t *testing.T, boss, p *actor.Person) string {
	t.Helper()
	found := personLink.FindStringSubmatch(open(t, boss.Browser, "/operator/people?q="+url.QueryEscape(p.Email)).Body)
	if found == nil {
		t.Fatalf("%s is not in the list", p.Email)
	}
	return found[1]
}

var personLink = regexp.MustCompile(`href="/operator/people/([0-9a-f-]{36})"`)

var resetPath = regexp.MustCompile(`/reset\?token=\w+`)

// The operator's pages are there for operators only.
func TestOperatorPagesAreClosed(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		boss, other := signedUp(t, s), signedUp(t, s)
		if page := open(t, boss.Browser, "/"); !strings.Contains(page.Body, `href="/operator"`) {
			t.Error("no way to the operator's pages")
		}
		if page := open(t, other.Browser, "/"); strings.Contains(page.Body, "/operator") {
			t.Error("somebody else is shown the way")
		}
		token, id := formTokenOf(t, other.Browser), userID(t, boss, boss)
		for _, p := range s.Pages.Pages() {
			if !strings.HasPrefix(p.Path, "/operator") {
				continue
			}
			path := variable.ReplaceAllString(p.Path, id)
			if got, err := other.Browser.Get(t.Context(), path); err != nil || got.Status != http.StatusNotFound {
				t.Errorf("GET %s: %v, %v", path, got.Status, err)
			}
			if !p.Post {
				continue
			}
			if got, err := other.Browser.Post(t.Context(), path, url.Values{"csrf_token": {token}}); err != nil || got.Status != http.StatusNotFound {
				t.Errorf("POST %s: %v, %v", path, got.Status, err)
			}
		}
		overview := open(t, boss.Browser, "/operator").Text()
		for _, want := range []string{"Latchkey v1", "database 1.2", "Working", "Details"} {
			if !strings.Contains(overview, want) {
				t.Errorf("the overview does not say %q: %s", want, overview)
			}
		}
	}, withOperator)
}

func TestOperatorLists(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		boss := signedUp(t, s)
		people := []*actor.Person{boss}
		for range 3 {
			people = append(people, signedUp(t, s))
		}
		var seen []string
		next := "/operator/people?limit=2"
		for next != "" {
			page := open(t, boss.Browser, next)
			var rows []string
			for _, found := range personLink.FindAllStringSubmatch(page.Body, -1) {
				rows = append(rows, found[1]) // the name and the menu
			}
			seen = append(seen, slices.Compact(rows)...)
			next = ""
			if found := regexp.MustCompile(`href="([^"]*)" rel="next"`).FindStringSubmatch(page.Body); found != nil {
				next = strings.ReplaceAll(found[1], "&amp;", "&")
			}
		}
		if slices.Sort(seen); len(seen) != 4 || len(slices.Compact(seen)) != 4 {
			t.Errorf("%d people: %v", len(seen), seen)
		}
		for query, status := range map[string]int{
			"state=nonsense": 400, "order=x": 400, "limit=0": 400, "limit=1000": 400, "after=x": 400, "q=%00": 400, "q=%ff": 400,
			"q=" + strings.Repeat("x", 201): 400, "q=%25": 200, "q=%27+OR+1%3D1": 200, "state=operator": 200, "order=name": 200,
		} {
			for _, list := range []string{"people", "people.csv"} {
				if page, err := boss.Browser.Get(t.Context(), "/operator/"+list+"?"+query); err != nil || page.Status != status {
					t.Errorf("%s?%s: %v, %v", list, query, page.Status, err)
				}
			}
		}
		for _, path := range []string{"people/x", "people/" + strings.Repeat("0", 36), "families/x", "keys/x", "keys/x/tier", "applications/one?client=x", "applications/one"} {
			if page, err := boss.Browser.Get(t.Context(), "/operator/"+path); err != nil || page.Status != http.StatusNotFound {
				t.Errorf("%s: %v, %v", path, page.Status, err)
			}
		}
		fill(t, people[1].Browser, open(t, people[1].Browser, "/settings/account"), map[string]string{"first_name": "=1+1", "last_name": "<b>"})
		page := open(t, boss.Browser, "/operator/people.csv?state=active")
		rows, err := csv.NewReader(strings.NewReader(page.Body)).ReadAll()
		if err != nil || len(rows) != 5 || page.Header.Get("Content-Type") != "text/csv; charset=utf-8" {
			t.Fatalf("%v, %v", rows, err)
		}
		if !slices.ContainsFunc(rows, func(row []string) bool { return row[1] == people[1].Email && row[2] == "'=1+1" && row[3] == "<b>" }) {
			t.Errorf("%v", rows)
		}
		for list, column := range map[string]int{"families": 1, "servers": 1, "applications": 1, "keys": 1, "erasures": 0} { // each may be empty but families
			page := open(t, boss.Browser, "/operator/"+list+".csv")
			rows, err := csv.NewReader(strings.NewReader(page.Body)).ReadAll()
			if err != nil || len(rows) == 0 || list == "families" && len(rows) != 5 || page.Header.Get("Content-Type") != "text/csv; charset=utf-8" {
				t.Fatalf("%s: %v, %v", list, rows, err)
			}
			shown := open(t, boss.Browser, "/operator/"+list)
			if !strings.Contains(shown.Body, `href="/operator/`+list+`.csv"`) {
				t.Errorf("the list of %s does not lead to its file", list)
			}
			for _, row := range rows[1:] {
				if !strings.Contains(shown.Text(), row[column]) {
					t.Errorf("%s: %q is in the file only", list, row[column])
				}
			}
		}
		if page := open(t, boss.Browser, "/operator/people"); strings.Contains(page.Body, "<b>") {
			t.Error("a name is markup")
		}
	}, withOperator)
}

// act does something to somebody, and returns the page that follows.
func act(t *testing.T, boss *actor.Person, id, name string) *actor.Page {
	t.Helper()
	return fill(t, boss.Browser, open(t, boss.Browser, "/operator/people/"+id+"/"+name), nil)
}

func TestOperatorHelpsPeople(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		boss, p := signedUp(t, s), signedUp(t, s)
		s.turnOn(t, p)
		id, own := userID(t, boss, p), userID(t, boss, boss)
		if page := act(t, boss, id, "second-factor"); !strings.Contains(page.Text(), "The second factor is off") {
			t.Fatalf("%d %s", page.Status, page.Text())
		}
		if page, _ := p.Browser.Get(t.Context(), "/settings/account"); page.URL.Path != "/signin" {
			t.Errorf("still signed in: %s", page.URL)
		}
		if page := signInAs(t, s, p.Email, p.Password); page.URL.Path != "/" {
			t.Errorf("without the factor a sign-in leads to %s", page.URL)
		}
		if page := act(t, boss, id, "second-factor"); page.Status != http.StatusConflict {
			t.Errorf("twice: %d", page.Status)
		}
		link := resetPath.FindString(act(t, boss, id, "reset-link").Body)
		if page := answer(t, actor.NewBrowser(s.URL), link, map[string]string{"new_password": "Another-1!word"}); page.Status != http.StatusOK {
			t.Fatalf("the link %q: %d %s", link, page.Status, page.Text())
		}
		if page := signInAs(t, s, p.Email, "Another-1!word"); page.URL.Path != "/" {
			t.Errorf("with the new password: %s", page.URL)
		}
		if page := act(t, boss, id, "deactivate"); !strings.Contains(page.Text(), "The account is deactivated") {
			t.Fatalf("%d %s", page.Status, page.Text())
		}
		if page := signInAs(t, s, p.Email, "Another-1!word"); page.Status != http.StatusUnauthorized {
			t.Errorf("a deactivated person signs in: %d", page.Status)
		}
		for _, name := range []string{"reset-link", "deactivate", "appoint"} {
			if page := act(t, boss, id, name); page.Status != http.StatusConflict {
				t.Errorf("%s of a deactivated person: %d", name, page.Status)
			}
		}
		act(t, boss, id, "reactivate")
		if page := signInAs(t, s, p.Email, "Another-1!word"); page.URL.Path != "/" {
			t.Errorf("reactivated: %s", page.URL)
		}
		for _, name := range []string{"second-factor", "reset-link", "sign-out", "deactivate", "dismiss"} {
			if page := act(t, boss, own, name); page.Status != http.StatusUnprocessableEntity {
				t.Errorf("%s of oneself: %d", name, page.Status)
			}
		}
		again := actor.NewBrowser(s.URL)
		fill(t, again, open(t, again, "/signin"), map[string]string{"email": p.Email, "password": "Another-1!word"})
		if text := open(t, again, "/settings/activity").Text(); !strings.Contains(text, "Second factor turned off") || !strings.Contains(text, "By the operator of this server") {
			t.Errorf("the person's activity: %s", text)
		}
		wantActor(t, s, id, own, "second_factor.off", "signout.everywhere", "password.reset_requested", "user.deactivated", "user.reactivated")
	}, withOperator)
}

// wantActor holds that the events about a user say who did it.
func wantActor(t *testing.T, s *site, user, by string, kinds ...string) {
	t.Helper()
	for _, kind := range kinds {
		var n int
		if err := s.DB.QueryRow(t.Context(), `SELECT count(*) FROM events WHERE user_id = $1 AND actor_id = $2 AND kind = $3`, user, by, kind).Scan(&n); err != nil || n == 0 {
			t.Errorf("%s: %d events, %v", kind, n, err)
		}
	}
}

func TestOperatorsComeAndGo(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		boss, next := signedUp(t, s), signedUp(t, s)
		id, own := userID(t, boss, next), userID(t, boss, boss)
		act(t, boss, id, "appoint")
		open(t, next.Browser, "/operator")
		if page := act(t, next, own, "dismiss"); page.Status != http.StatusOK {
			t.Errorf("%d %s", page.Status, page.Text())
		}
		if page, _ := boss.Browser.Get(t.Context(), "/operator"); page.Status != http.StatusNotFound {
			t.Errorf("dismissed: %d", page.Status)
		}
		if page := act(t, next, id, "dismiss"); page.Status != http.StatusUnprocessableEntity {
			t.Errorf("the last one: %d", page.Status)
		}
		wantActor(t, s, id, own, "operator.appointed")
		wantActor(t, s, own, id, "operator.dismissed")
	}, withOperator)
}

// Of two operators who dismiss each other at once, one stays.
func TestTheLastOperatorStays(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		for range 10 {
			fresh := [2]*actor.Person{signedUp(t, s), signedUp(t, s)}
			var ids [2]string
			for i, p := range fresh {
				u, err := s.Store.FindUserByEmail(t.Context(), strings.ToLower(p.Email))
				if err != nil {
					t.Fatal(err)
				}
				ids[i] = u.ID
			}
			if _, err := s.DB.Exec(t.Context(), `UPDATE users SET operator = (id IN ($1, $2))`, ids[0], ids[1]); err != nil {
				t.Fatal(err)
			}
			done := make(chan struct{})
			for i, p := range fresh {
				token := formTokenOf(t, p.Browser)
				go func() {
					_, _ = p.Browser.Post(t.Context(), "/operator/people/"+ids[1-i]+"/dismiss", url.Values{"csrf_token": {token}})
					done <- struct{}{}
				}()
			}
			<-done
			<-done
			var left int
			if err := s.DB.QueryRow(t.Context(), `SELECT count(*) FROM users WHERE operator`).Scan(&left); err != nil || left != 1 {
				t.Fatalf("%d operators, %v", left, err)
			}
		}
	}, withOperator)
}
