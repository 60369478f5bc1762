package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

// seed is the key that the set-up of the second factor shows at a browser.
func seed(t *testing.T, b *actor.Browser) string {
	t.Helper()
	page := open(t, b, "/settings/second-factor")
	found := setupKey.FindStringSubmatch(page.Body)
	if found == nil {
		t.Fatalf("no key: %s", page.Text())
	}
	return strings.ReplaceAll(found[1], " ", "")
}

// Whoever has seen a seed at one browser does not know the one that the account
// gets at another, later, or after a reset.
func TestA11_ASeedIsOfOneSigninAndTenMinutes(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		p := signedUp(t, s)
		first := seed(t, p.Browser)
		there := p.ElsewhereAs(s.URL)
		if _, err := there.SignIn(t.Context()); err != nil {
			t.Fatal(err)
		}
		second := seed(t, there.Browser)
		if second == first {
			t.Error("another browser shows the same seed")
		}
		if seed(t, p.Browser) != first || seed(t, there.Browser) != second {
			t.Error("a page that is loaded again shows another seed")
		}
		s.clock.advance(9*time.Minute + 59*time.Second)
		if seed(t, p.Browser) != first {
			t.Error("within ten minutes the seed changed")
		}
		page := open(t, p.Browser, "/settings/second-factor")
		s.clock.advance(2 * time.Second)
		late := fill(t, p.Browser, fill(t, p.Browser, page, map[string]string{"otp_code": s.code(t, first, 0)}), map[string]string{"password": p.Password})
		if late.Status != http.StatusUnprocessableEntity || !strings.Contains(late.Text(), "That took too long") || recoveryCode.MatchString(late.Body) {
			t.Errorf("a seed of ten minutes ago: %d %s", late.Status, late.Text())
		}
		third := seed(t, p.Browser)
		if third == first {
			t.Error("after ten minutes the seed is the same")
		}
		forgot(t, s, p.Email)
		answer(t, actor.NewBrowser(s.URL), s.email(t, authserver.EmailMessageReset, p.Email).Path, map[string]string{"new_password": p.Password})
		if _, err := p.SignIn(t.Context()); err != nil {
			t.Fatal(err)
		}
		if fourth := seed(t, p.Browser); fourth == first || fourth == second || fourth == third {
			t.Error("after a reset a seed of before is shown")
		}
		key, _ := s.turnOn(t, p)
		off := fill(t, p.Browser, open(t, p.Browser, "/settings/second-factor/off"), map[string]string{
			"password": p.Password, "otp_code": s.code(t, key, 1),
		})
		if off.URL.Path != "/settings/security" || seed(t, p.Browser) == key {
			t.Errorf("turned off and on, the seed is the same: %d %s", off.Status, off.URL)
		}
	})
}
