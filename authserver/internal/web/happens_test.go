package web_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/grant"
	"latchkey/pkg/keyuse"
	"latchkey/pkg/scope"
)

// TestConfirmationsSayHowMuchEnds: before something ends for good, its page says of how
// many things, and offers the way back beside the red button.
func TestConfirmationsSayHowMuchEnds(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		boss, p := signedUp(t, s), signedUp(t, s)
		s.allowed(t, p.Email, authserver.Client{ID: "budget", Name: "Budget", RedirectURIs: []string{"https://app.example/cb"}})
		_, key := makeKey(t, p.Browser, "Script")
		id := strings.TrimPrefix(key, "/settings/api_keys/")
		fill(t, p.Browser, open(t, p.Browser, "/settings/developer/new"), map[string]string{
			"name": "Mine", "auth_method": "none", "scopes": "read", "redirect_uris": "https://mine.example/cb",
		})
		mine, err := s.Store.ListClients(t.Context(), userID(t, boss, p))
		if err != nil || len(mine) != 1 {
			t.Fatalf("%d, %v", len(mine), err)
		}
		now := s.clock.now()
		for back, count := range map[time.Duration]int64{0: 5, 2 * time.Hour: 7, 25 * time.Hour: 100} {
			at := now.Add(-back)
			use := keyuse.Use{ID: id, At: at, Hour: keyuse.Span(keyuse.KindKey, at), Count: count, Limited: 3, Forbidden: 1}
			if err := s.Store.StampUses(t.Context(), []keyuse.Use{use}); err != nil {
				t.Fatal(err)
			}
		}
		person := "/operator/people/" + userID(t, boss, p)
		budget := "/operator/applications/one/%s?" + url.Values{"client": {"budget"}}.Encode()
		asks := func(path string, want ...string) {
			t.Helper()
			b := p.Browser
			if strings.HasPrefix(path, "/operator") {
				b = boss.Browser
			}
			page := open(t, b, path)
			text := page.Text()
			for _, one := range append(want, "What will happen", "Cancel") {
				if !strings.Contains(text, one) {
					t.Errorf("%s does not say %q: %s", path, one, text)
				}
			}
			nothing := path == "/settings/signins/others" && strings.Contains(text, "No sign-in ends")
			if red := strings.Contains(page.Body, `class="button destroy"`); red == nothing && !strings.HasSuffix(path, "sign-out") {
				t.Errorf("%s: a red button: %v", path, red)
			}
		}
		asks("/settings/signins/others", "No sign-in ends", "You stay signed in here")
		asks("/settings/applications/one/remove?client_id=budget", "connected in one place, and loses access there", "It made no calls in the last 30 days", "Allowed on", "Cancel Remove ")
		asks("/settings/delete", "One sign-in ends", "One application loses access", "One API key stops working")
		asks(key+"/revoke", "10 requests were answered in the last 24 hours", "stop working, within a second", "The household keeps its data", "Revoke ")
		asks("/settings/developer/"+mine[0].ID+"/delete", "Nobody has allowed it", "Cancel Delete Mine")
		asks(person+"/deactivate", "One sign-in ends", "One application loses access", "One API key stops working")
		asks(person+"/sign-out", "One sign-in ends")
		asks(person+"/second-factor", "One sign-in ends")
		asks("/operator/keys/"+id+"/revoke", "10 requests were answered in the last 24 hours")
		for _, act := range []string{"delete", "disable"} {
			asks(strings.Replace(budget, "%s", act, 1), "One person loses access")
		}
		asks("/operator/people/"+userID(t, boss, boss)+"/deactivate", "One sign-in ends")
		s.many(t, 1, `DELETE FROM signins WHERE user_id = $1`, func(int) []any { return []any{userID(t, boss, p)} })
		s.many(t, 1, `DELETE FROM consents WHERE user_id = $1`, func(int) []any { return []any{userID(t, boss, p)} })
		s.many(t, 1, `DELETE FROM api_keys`, func(int) []any { return nil })
		asks(person+"/deactivate", "They have no sign-in, no application and no API key")
	}, withOperator)
}

// TestIdentifiersCanBeCopied: each has a button of its own, that says what it copies and is
// hidden until a script shows it.
func TestIdentifiersCanBeCopied(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		boss := signedUp(t, s)
		s.allowed(t, boss.Email, authserver.Client{ID: "budget", Name: "Budget", RedirectURIs: []string{"https://app.example/cb", "https://app.example/two"}})
		_, key := makeKey(t, boss.Browser, "Script")
		id, keyID := userID(t, boss, boss), strings.TrimPrefix(key, "/settings/api_keys/")
		for _, shown := range []struct {
			path string
			want []string
		}{
			{"/settings/account", []string{"Your ID", "Family ID"}},
			{"/settings/applications/one?client_id=budget", []string{"Client ID"}},
			{"/settings/second-factor", []string{"the key"}},
			{key, []string{"Key ID"}},
			{"/operator/people/" + id, []string{"Email", "ID"}},
			{"/operator/applications/one?client=budget", []string{"Redirect URI", "Redirect URI", "ID"}},
			{"/operator/keys/" + keyID, []string{"ID"}},
			{"/nowhere", []string{"Request ID"}},
		} {
			path, want := shown.path, shown.want
			page, err := boss.Browser.Get(t.Context(), path)
			if err != nil || page.Status >= http.StatusInternalServerError {
				t.Fatalf("%s: %d %v", path, page.Status, err)
			}
			for _, what := range want {
				button := `hidden>Copy<span class="sr"> ` + what + `</span></button>`
				if strings.Count(page.Body, button) == 0 {
					t.Errorf("%s: nothing copies %q", path, what)
				}
			}
		}
	}, withOperator)
}

// TestNothingEndsByOneClick: what leads to an end is a link to a page that asks, and a red
// button is on no other page.
func TestNothingEndsByOneClick(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		boss, p := signedUp(t, s), signedUp(t, s)
		path := develops(t, p, "Budget Buddy")
		upload(t, p.Browser, path+"/logo", dot(t, 50, 50))
		access := s.allowed(t, p.Email, authserver.Client{ID: "budget", Name: "Budget", RedirectURIs: []string{"https://app.example/cb"}})
		u := userID(t, boss, p)
		if _, err := s.Grants.Open(t.Context(), grant.Opening{UserID: u, ClientID: "budget", Scopes: scope.Read, Origin: authserver.OriginCode}); err != nil {
			t.Fatal(err)
		}
		if _, err := p.ElsewhereAs(s.URL).SignIn(t.Context()); err != nil {
			t.Fatal(err)
		}
		fill(t, p.Browser, open(t, p.Browser, "/settings/family"), map[string]string{"email": "bob@example.com"}, "action", "invite")
		ends := map[string]string{
			"/settings/applications/one?client_id=budget": `/settings/applications/one/(?:end\?[^"]+|remove\?[^"]+)`,
			"/settings/signins":                           `/settings/signins/[a-z0-9-]+`,
			"/settings/family":                            `/settings/family/invitations/[a-z0-9-]+`,
			path + "/logo":                                path + `/logo/remove`,
			"/operator/applications/one/logo?client=" + strings.TrimPrefix(path, "/settings/developer/"): `/operator/applications/one/logo/remove\?[^"]+`,
		}
		for from, to := range ends {
			b := p.Browser
			if strings.HasPrefix(from, "/operator") {
				b = boss.Browser
			}
			shown := open(t, b, from)
			if strings.Contains(shown.Body, `class="button destroy"`) {
				t.Errorf("%s has a red button", from)
			}
			found := regexp.MustCompile(`href="(`+to+`)"`).FindAllStringSubmatch(shown.Body, -1)
			if len(found) == 0 {
				t.Errorf("%s leads to no end: %s", from, shown.Body)
			}
			for _, link := range found {
				asked := open(t, b, html.UnescapeString(link[1]))
				if !strings.Contains(asked.Body, `class="button destroy"`) || !strings.Contains(asked.Text(), "Cancel") || !strings.HasSuffix(asked.Heading(), "?") {
					t.Errorf("%s asks nothing: %s", link[1], asked.Text())
				}
			}
		}
		if c, err := s.Grants.Lookup(t.Context(), access); err != nil || c.Ended {
			t.Errorf("looking has ended something: %+v, %v", c, err)
		}
		end := regexp.MustCompile(`/settings/applications/one/end\?[^"]+`).FindString(open(t, p.Browser, "/settings/applications/one?client_id=budget").Body)
		fill(t, p.Browser, open(t, p.Browser, html.UnescapeString(end)), nil)
		wantText(t, open(t, p.Browser, "/settings/applications/one/remove?client_id=budget"), "connected in one place, and loses access there")
	}, withOperator)
}
