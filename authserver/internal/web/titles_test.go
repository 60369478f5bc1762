package web_test

import (
	"html"
	"regexp"
	"strings"
	"testing"

	"latchkey/authserver"
)

var titleOf = regexp.MustCompile(`<title>([^<]*)</title>`)

// TestTitlesTellPagesApart, in the list of windows and in the history of a browser.
func TestTitlesTellPagesApart(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		boss, p := signedUp(t, s), signedUp(t, s)
		mine := develops(t, boss, "Mine")
		s.allowed(t, boss.Email, authserver.Client{ID: "budget", Name: "Budget", RedirectURIs: []string{"https://app.example/cb"}})
		_, key := makeKey(t, boss.Browser, "Script")
		anyKey, person := "/operator/keys/"+strings.TrimPrefix(key, "/settings/api_keys/"), "/operator/people/"+userID(t, boss, p)
		seen := map[string]string{}
		for _, path := range []string{
			"/", "/settings/account", "/settings/security", "/settings/password", "/settings/passkeys", "/settings/signins", "/settings/activity", "/settings/applications",
			"/settings/api_keys", "/settings/api_keys/new", "/settings/family", "/settings/developer", "/settings/developer/new", "/settings/export", "/settings/delete",
			mine, mine + "/try", mine + "/program", mine + "/delete", mine + "/logo", key, key + "/rotate", key + "/revoke",
			"/settings/applications/one?client_id=budget", "/settings/applications/one/remove?client_id=budget",
			"/operator", "/operator/people", "/operator/families", "/operator/applications", "/operator/keys", "/operator/invites", "/operator/invites/new",
			"/operator/servers", "/operator/registrations", "/operator/registrations/new", "/operator/events", "/operator/erasures",
			anyKey, anyKey + "/tier", anyKey + "/revoke", person, person + "/reset-link", person + "/sign-out", person + "/second-factor", person + "/appoint", person + "/deactivate",
			"/operator/applications/one?client=budget", "/operator/applications/one/edit?client=budget", "/operator/applications/one/disable?client=budget", "/operator/applications/one/delete?client=budget",
		} {
			found := titleOf.FindStringSubmatch(open(t, boss.Browser, path).Body)
			if found == nil {
				t.Fatalf("%s has no title", path)
			}
			title := html.UnescapeString(found[1])
			if other, twice := seen[title]; twice {
				t.Errorf("%s and %s are both %q", other, path, title)
			}
			if seen[title] = path; strings.HasPrefix(path, "/operator") != strings.HasSuffix(title, " · Operator · Latchkey") {
				t.Errorf("%s is %q", path, title)
			}
		}
	}, withOperator)
}
