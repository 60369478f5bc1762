package web_test

import (
	"regexp"
	"strings"
	"testing"

	"latchkey/pkg/testenv/actor"
)

// What an operator switches off and what goes with its owner's account are two things:
// neither takes the other back.
func TestOperatorSwitchesOffWhatHasNoOwnerNow(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		boss, p := signedUp(t, s), signedUp(t, s)
		fill(t, p.Browser, open(t, p.Browser, "/settings/developer/new"), map[string]string{
			"name": "Budget Buddy", "redirect_uris": "https://app.example/cb", "auth_method": "none", "scopes": "read",
		})
		id, owner := clientID(t, s, p.Email), userID(t, boss, p)
		one := "/operator/applications/one"
		switches := func(name string) *actor.Page {
			t.Helper()
			return fill(t, boss.Browser, open(t, boss.Browser, one+"/"+name+"?client="+id), nil)
		}
		want := func(when string, on bool, badge string) {
			t.Helper()
			c, err := s.Store.FindClient(t.Context(), id)
			if err != nil || c.Disabled() == on {
				t.Errorf("%s: %+v, %v", when, c, err)
			}
			if page := open(t, boss.Browser, one+"?client="+id); !strings.Contains(page.Text(), badge) {
				t.Errorf("%s: no %q: %s", when, badge, page.Text())
			}
		}
		act(t, boss, owner, "deactivate")
		want("without its owner", false, "Off with its owner's account")
		if page := open(t, boss.Browser, one+"?client="+id); !regexp.MustCompile(`one/disable\?`).MatchString(page.Body) {
			t.Fatalf("it cannot be switched off: %s", page.Text())
		}
		switches("disable")
		want("switched off too", false, "Switch on again")
		act(t, boss, owner, "reactivate")
		want("its owner came back", false, "Switch on again")
		act(t, boss, owner, "deactivate")
		switches("enable")
		want("switched on while its owner is away", false, "Off with its owner's account")
		act(t, boss, owner, "reactivate")
		want("its owner came back again", true, "Registered by a person")
		switches("disable")
		act(t, boss, owner, "deactivate")
		act(t, boss, owner, "reactivate")
		want("switched off before its owner went", false, "Switch on again")
		switches("enable")
		want("switched on", true, "Registered by a person")
	}, withOperator)
}
