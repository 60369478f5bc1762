package web_test

import (
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"latchkey/authserver"
	"latchkey/pkg/testenv/actor"
)

// wantTold expects a form that was refused because somebody else was faster: it says so,
// with what was typed and what is there now.
func wantTold(t *testing.T, what string, page *actor.Page, texts ...string) {
	t.Helper()
	if page.Status != http.StatusConflict {
		t.Errorf("%s: %d %s", what, page.Status, page.Text())
	}
	for _, text := range texts {
		if !strings.Contains(strings.ReplaceAll(page.Body, "<wbr>", ""), text) { // a line may end there
			t.Errorf("%s does not show %q: %s", what, text, page.Text())
		}
	}
}

// developed registers an application of p and returns its id.
func developed(t *testing.T, s *site, p *actor.Person, method string) string {
	t.Helper()
	fill(t, p.Browser, open(t, p.Browser, "/settings/developer/new"), map[string]string{
		"name": "Budget Buddy", "redirect_uris": "https://app.example/cb", "auth_method": method, "scopes": "read",
	})
	return clientID(t, s, p.Email)
}

// An operator and the owner edit the same application: who is later is told, and replaces
// what is there only by sending the form again.
func TestNobodyOverwritesAnotherEdit(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		boss, p := signedUp(t, s), signedUp(t, s)
		id := developed(t, s, p, "none")
		own, operators := "/settings/developer/"+id, "/operator/applications/one/edit?client="+id
		shown, shownOwn := open(t, boss.Browser, operators), open(t, p.Browser, own)
		fill(t, p.Browser, shownOwn, map[string]string{"redirect_uris": "https://new.example/cb"})
		told := fill(t, boss.Browser, shown, map[string]string{"name": "Budget Friend"})
		wantTold(t, "the operator", told, "changed while you were editing it", "Budget Friend", "https://new.example/cb")
		c, err := s.Store.FindClient(t.Context(), id)
		if err != nil || c.Name != "Budget Buddy" || c.RedirectURIs[0] != "https://new.example/cb" {
			t.Errorf("%+v, %v", c, err)
		}
		wantText(t, fill(t, boss.Browser, told, nil), "Budget Friend", "https://app.example/cb")
		told = fill(t, p.Browser, shownOwn, map[string]string{"redirect_uris": "https://newer.example/cb"})
		wantTold(t, "the owner", told, "changed while you were editing it", "As it is now", "Budget Friend", "https://newer.example/cb")
		wantText(t, fill(t, p.Browser, told, map[string]string{"name": "Budget Friend"}), "https://newer.example/cb")
	}, withOperator)
}

// A page that says "saved" has saved: whoever comes too late with any other act is told.
func TestTheOperatorIsToldTheTruth(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		boss, p := signedUp(t, s), signedUp(t, s)
		id := developed(t, s, p, "client_secret_basic")
		ask := func(name string) *actor.Page {
			t.Helper()
			return open(t, boss.Browser, "/operator/applications/one/"+name+"?client="+id)
		}
		for _, name := range []string{"verify", "unverify", "disable", "enable"} {
			form := ask(name)
			if page := fill(t, boss.Browser, form, nil); page.Status != http.StatusOK {
				t.Errorf("%s: %d %s", name, page.Status, page.Text())
			}
			wantTold(t, name+" again", fill(t, boss.Browser, form, nil))
		}
		form, formOwn := ask("rotate"), open(t, p.Browser, "/settings/developer/"+id+"/rotate")
		secret := regexp.MustCompile(`ocs_\w{49}`)
		if made := fill(t, boss.Browser, form, nil); !secret.MatchString(made.Body) {
			t.Fatalf("%d %s", made.Status, made.Text())
		}
		for who, page := range map[string]*actor.Page{"the operator": fill(t, boss.Browser, form, nil), "the owner": fill(t, p.Browser, formOwn, nil)} {
			wantTold(t, who, page, "The secret was changed in the meantime")
			if secret.MatchString(page.Body) {
				t.Errorf("%s has another secret", who)
			}
		}
		makeKey(t, p.Browser, "Script")
		keys := regexp.MustCompile(`/operator/keys/[0-9a-f-]{36}`).FindString(open(t, boss.Browser, "/operator/keys?q=script&state=live").Body)
		tier := open(t, boss.Browser, keys+"/tier")
		fill(t, boss.Browser, tier, map[string]string{"tier": "premium"})
		wantTold(t, "tier", fill(t, boss.Browser, tier, map[string]string{"tier": "enterprise"}), "The tier was changed in the meantime")

		fill(t, boss.Browser, open(t, boss.Browser, "/operator/invites/new"), map[string]string{"days": "7"})
		revoke := open(t, boss.Browser, regexp.MustCompile(`/operator/invites/[0-9a-f-]{36}/revoke`).FindString(open(t, boss.Browser, "/operator/invites").Body))
		if _, err := s.DB.Exec(t.Context(), `UPDATE invites SET used_at = created_at`); err != nil {
			t.Fatal(err)
		}
		if page := fill(t, boss.Browser, revoke, nil); page.Status != http.StatusNotFound {
			t.Errorf("an invite that was used: %d %s", page.Status, page.Text())
		}
	}, withOperator)
}

// Names of a family and of oneself, in two tabs.
func TestNobodyOverwritesAnotherName(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		p := signedUp(t, s)
		family, profile := open(t, p.Browser, "/settings/family"), open(t, p.Browser, "/settings/account")
		rename := func(page *actor.Page, name string) *actor.Page {
			t.Helper()
			return fill(t, p.Browser, page, map[string]string{"family_name": name}, "action", "rename")
		}
		rename(family, "Lovelace")
		told := rename(family, "Byron")
		wantTold(t, "family", told, "Someone else renamed the family", "Lovelace", `value="Byron"`)
		wantText(t, rename(told, "Byron"), "Byron")

		fill(t, p.Browser, profile, map[string]string{"first_name": "Annabella", "last_name": "Byron"})
		told = fill(t, p.Browser, profile, map[string]string{"first_name": "Augusta"})
		wantTold(t, "profile", told, "Your name was changed in the meantime", `value="Augusta"`)
		fill(t, p.Browser, told, nil)
		if page := open(t, p.Browser, "/settings/account"); !strings.Contains(page.Body, `value="Augusta"`) {
			t.Errorf("%s", page.Text())
		}
	}, withOperator)
}

// joined is a guest in the family of admin.
func joined(t *testing.T, s *site, admin *actor.Person) *actor.Person {
	t.Helper()
	guest := actor.NewPerson(s.URL)
	fill(t, admin.Browser, open(t, admin.Browser, "/settings/family"), map[string]string{"email": guest.Email, "role": "guest"}, "action", "invite")
	_, after, _ := strings.Cut(open(t, guest.Browser, s.email(t, authserver.EmailMessageInvited, guest.Email).Path).Body, `href="/signup?`)
	query, _, _ := strings.Cut(after, `"`)
	signup := open(t, guest.Browser, "/signup?"+html.UnescapeString(query))
	if page := fill(t, guest.Browser, signup, map[string]string{"email": guest.Email, "password": guest.Password}); page.Status != http.StatusOK {
		t.Fatalf("%d %s", page.Status, page.Text())
	}
	return guest
}

// The role of a member, and the name of a passkey, in two tabs.
func TestNobodyOverwritesAnotherChoice(t *testing.T) {
	t.Parallel()
	eachPasskeySite(t, func(s *passkeySite) {
		t, p := s.t, s.person
		member := joined(t, s.site, p)
		family := open(t, p.Browser, "/settings/family")
		choose := func(page *actor.Page, role string) *actor.Page {
			t.Helper()
			return fill(t, p.Browser, page, map[string]string{"role": role}, "action", "role")
		}
		choose(family, "member")
		told := choose(family, "admin")
		wantTold(t, "a role", told, "Someone else changed this role", `<option value="admin" selected>`, `<p class="fine">Member`)
		wantText(t, open(t, member.Browser, "/settings/family"), member.Email+" You Member")
		wantText(t, choose(told, "admin"), member.Email+" Admin")

		s.add("Phone")
		passkey := open(t, p.Browser, "/settings/passkeys/"+s.ids()[0])
		rename := func(page *actor.Page, name string) *actor.Page {
			t.Helper()
			return fill(t, p.Browser, page, map[string]string{"passkey_name": name})
		}
		rename(passkey, "Old phone")
		told = rename(passkey, "New phone")
		wantTold(t, "a passkey", told, "This passkey was renamed in the meantime", "Old phone", `value="New phone"`)
		wantText(t, open(t, p.Browser, "/settings/passkeys"), "Old phone")
		wantText(t, rename(told, "New phone"), "New phone")
	})
}

// The form that renames a family has the name, also where another form of the page was
// sent.
func TestTheFamilyKeepsItsNameInTheForm(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		p := signedUp(t, s)
		invite := func(email string) *actor.Page {
			t.Helper()
			return fill(t, p.Browser, open(t, p.Browser, "/settings/family"), map[string]string{"email": email}, "action", "invite")
		}
		for what, page := range map[string]*actor.Page{
			"as it is":             open(t, p.Browser, "/settings/family"),
			"an invitation":        invite("bob@example.com"),
			"a refused invitation": invite("nobody"),
		} {
			form := formWith(t, page, []string{"family_name"}, "action", "rename")
			if form.Values.Get("family_name") == "" {
				t.Errorf("%s: the name is empty: %d %s", what, page.Status, page.Text())
			}
		}
	}, withOperator)
}

// What is verified is what may be asked for too.
func TestMoreScopeEndsAVerification(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		boss, p := signedUp(t, s), signedUp(t, s)
		id := developed(t, s, p, "none")
		verify := "/operator/applications/one/verify?client=" + id
		edit := func(scopes string) {
			t.Helper()
			fill(t, p.Browser, open(t, p.Browser, "/settings/developer/"+id), map[string]string{"scopes": scopes})
		}
		want := func(when string, verified bool) {
			t.Helper()
			if c, err := s.Store.FindClient(t.Context(), id); err != nil || c.Verified() != verified {
				t.Errorf("%s: %+v, %v", when, c, err)
			}
		}
		shown := open(t, boss.Browser, verify)
		wantText(t, shown, "Maximum permission Read")
		edit("read read_write")
		wantTold(t, "more since it was shown", fill(t, boss.Browser, shown, nil), "changed in the meantime", "Read and write")
		want("more since it was shown", false)
		fill(t, boss.Browser, open(t, boss.Browser, verify), nil)
		want("looked at", true)
		edit("read")
		want("less", true)
		edit("read read_write")
		want("no more than was verified", true)
		if _, err := s.DB.Exec(t.Context(), `UPDATE clients SET device_grant = $1 WHERE id = $2`, true, id); err != nil {
			t.Fatal(err)
		}
		want("devices too", false)
	}, withOperator)
}
