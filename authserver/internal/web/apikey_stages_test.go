package web_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"latchkey/pkg/secret"
	"latchkey/pkg/testenv/actor"
)

// The way to a key says how far one is; the password is a step of it only where it is
// asked for.
func TestTheWayToAKeyHasStages(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		p := signedUp(t, s)
		stages := func(page *actor.Page) string {
			_, rest, ok := strings.Cut(page.Body, `<ol class="stages"`)
			if !ok {
				t.Fatalf("%s has no stages: %s", page.URL, page.Text())
			}
			list, _, _ := strings.Cut(rest, "</ol>")
			for _, one := range []struct{ from, to string }{{`<li class="done"><span class="sr">Done: </span>`, "+"}, {`<li aria-current="step">`, "*"}, {"<li>", ""}, {"</li>", " "}} {
				list = strings.ReplaceAll(list, one.from, one.to)
			}
			return strings.TrimSpace(strings.ReplaceAll(list[strings.Index(list, ">")+1:], "&#39;", "'"))
		}
		want := func(page *actor.Page, want string) *actor.Page {
			t.Helper()
			if got := stages(page); got != want {
				t.Errorf("%s: %q, want %q", page.URL, got, want)
			}
			return page
		}
		asked := want(open(t, p.Browser, "/settings/api_keys/new"), "*Describe Save the key")
		made := want(fill(t, p.Browser, asked, map[string]string{"name": "Nightly export"}), "+Describe *Save the key")
		wantText(t, made, "100 requests an hour", "Python and JavaScript", "I've saved the key")
		if key := regexp.MustCompile(secret.Pattern).FindString(made.Body); strings.Count(made.Body, key) != 1 {
			t.Errorf("the key is %d times on the page", strings.Count(made.Body, key))
		}
		s.clock.advance(11 * time.Minute)
		asked = want(open(t, p.Browser, "/settings/api_keys/new"), "*Describe Confirm it's you Save the key")
		confirm := want(fill(t, p.Browser, asked, map[string]string{"name": "Phone", "source": "mobile"}), "+Describe *Confirm it's you Save the key")
		want(fill(t, p.Browser, confirm, map[string]string{"password": p.Password}), "+Describe +Confirm it's you *Save the key")
		s.clock.advance(11 * time.Minute)
		rotate := open(t, p.Browser, regexp.MustCompile(`/settings/api_keys/[0-9a-f-]{36}`).FindString(open(t, p.Browser, "/settings/api_keys").Body)+"/rotate")
		confirm = want(fill(t, p.Browser, want(rotate, "*Rotate Confirm it's you Save the key"), nil), "+Rotate *Confirm it's you Save the key")
		want(fill(t, p.Browser, confirm, map[string]string{"password": p.Password}), "+Rotate +Confirm it's you *Save the key")
	}, withKeys)
}

// A key ends with the day that was entered, as the person's clock has it, and pages name
// that day.
func TestAKeyEndsWithTheDayThatWasEntered(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		for zone, end := range map[string]string{
			"": "2099-12-31T23:59:59Z", "Asia/Kolkata": "2099-12-31T18:29:59Z", "America/New_York": "2100-01-01T04:59:59Z",
		} {
			p := signedUp(t, s)
			if _, err := s.DB.Exec(t.Context(), `UPDATE users SET time_zone = $1 WHERE email = $2`, zone, p.Email); err != nil {
				t.Fatal(err)
			}
			made := fill(t, p.Browser, open(t, p.Browser, "/settings/api_keys/new"), map[string]string{"name": "Export", "expires_at": "2099-12-31"})
			wantText(t, made, "Expires 31 Dec 2099")
			path := regexp.MustCompile(`/settings/api_keys/[0-9a-f-]{36}`).FindString(open(t, p.Browser, "/settings/api_keys").Body)
			if shown := open(t, p.Browser, path); !strings.Contains(shown.Body, `datetime="`+end+`"`) || !strings.Contains(shown.Text(), "31 Dec 2099") {
				t.Errorf("%q: %s", zone, shown.Text())
			}
		}
	}, withKeys)
}
