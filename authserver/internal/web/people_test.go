package web_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

// open fetches a page that must be there.
func open(t *testing.T, b *actor.Browser, path string) *actor.Page {
	t.Helper()
	page, err := b.Get(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if page.Status != http.StatusOK {
		t.Fatalf("%s: %d %s", path, page.Status, page.Text())
	}
	return page
}

// fill sends the form of page that has the named fields.
func fill(t *testing.T, b *actor.Browser, page *actor.Page, values map[string]string, button ...string) *actor.Page {
	t.Helper()
	names := []string{"csrf_token"}
	for name := range values {
		names = append(names, name)
	}
	button = append(button, "", "")
	if button[0] != "" {
		names = append(names, button[0])
	}
	form := formWith(t, page, names, button[0], button[1])
	form.Fill(values)
	next, err := b.Submit(t.Context(), page, form, button[0], button[1])
	if err != nil {
		t.Fatal(err)
	}
	return next
}

// formWith finds the first form that has the fields and the very button.
func formWith(t *testing.T, page *actor.Page, names []string, button, value string) *actor.Form {
	t.Helper()
	rest := page.Body
	for {
		_, after, found := strings.Cut(rest, "<form")
		if !found {
			t.Fatalf("%s: no form has %v and a button %s=%s", page.URL, names, button, value)
		}
		part := *page
		part.Body, rest = "<form"+after, after
		form, err := part.Form(names...)
		if err != nil {
			t.Fatal(err)
		}
		if button == "" || form.HasButton(button, value) {
			return form
		}
	}
}

func (s *site) code(t *testing.T, key string, steps int) string {
	t.Helper()
	code, err := totp.GenerateCode(key, s.clock.now().Add(time.Duration(steps)*30*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	return code
}

var (
	setupKey     = regexp.MustCompile(`<code class="key">([A-Z2-7 ]+)</code>`)
	recoveryCode = regexp.MustCompile(`<code>([a-z2-7]{4}(?:-[a-z2-7]{4}){3})</code>`)
)

// turnOn sets a second factor up through the pages.
func (s *site) turnOn(t *testing.T, p *actor.Person) (key string, codes []string) {
	t.Helper()
	page := open(t, p.Browser, "/settings/second-factor")
	found := setupKey.FindStringSubmatch(page.Body)
	if found == nil || !strings.Contains(page.Body, "<svg class=\"qr\"") {
		t.Fatalf("the page has no key or no QR code: %s", page.Text())
	}
	key = strings.ReplaceAll(found[1], " ", "")
	if again := fill(t, p.Browser, page, map[string]string{"otp_code": "123"}); again.Status != http.StatusUnprocessableEntity ||
		!strings.Contains(again.Body, found[1]) {
		t.Errorf("a wrong code: %d; the key must stay", again.Status)
	}
	before := p.Browser.Cookies()
	page = fill(t, p.Browser, page, map[string]string{"otp_code": s.code(t, key, 0)})
	for _, match := range recoveryCode.FindAllStringSubmatch(page.Body, -1) {
		codes = append(codes, match[1])
	}
	if page.Status != http.StatusOK || len(codes) != 10 {
		t.Fatalf("%d, %d recovery codes", page.Status, len(codes))
	}
	for i, c := range p.Browser.Cookies() {
		if i < len(before) && c.Name == "latchkey_signin" && c.Value == before[i].Value {
			t.Error("the sign-in was not renewed")
		}
	}
	return key, codes
}

func TestSecondFactorPages(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		p := signedUp(t, s)
		key, codes := s.turnOn(t, p)
		if text := open(t, p.Browser, "/settings/security").Text(); !strings.Contains(text, "Recovery codes left: 10") {
			t.Errorf("security page: %s", text)
		}
		elsewhere := p.ElsewhereAs(s.URL)
		start := open(t, elsewhere.Browser, "/signin?return_to=%2Fsettings%2Fsignins")
		step := fill(t, elsewhere.Browser, start, map[string]string{"email": p.Email, "password": p.Password})
		if step.URL.Path != "/signin/second-factor" {
			t.Fatalf("the right password led to %s", step.URL.Path)
		}
		if page := open(t, elsewhere.Browser, "/"); strings.Contains(page.Text(), "Hello") {
			t.Error("signed in without the second factor")
		}
		if page := fill(t, elsewhere.Browser, step, map[string]string{"otp_code": s.code(t, key, 0)}); page.Status != 422 {
			t.Errorf("the code used at setup: %d", page.Status)
		}
		page := fill(t, elsewhere.Browser, step, map[string]string{"otp_code": s.code(t, key, 1)})
		if page.Status != 200 || page.URL.Path != "/settings/signins" {
			t.Fatalf("the next code led to %d %s", page.Status, page.URL.Path)
		}
		if page, _ := elsewhere.Browser.Get(t.Context(), "/signin/second-factor"); page.URL.Path == "/signin/second-factor" {
			t.Error("the pending sign-in was not used up")
		}
		third := p.ElsewhereAs(s.URL)
		step = fill(t, third.Browser, open(t, third.Browser, "/signin"), map[string]string{"email": p.Email, "password": p.Password})
		if page := fill(t, third.Browser, step, map[string]string{"otp_code": codes[0]}); page.URL.Path != "/" {
			t.Errorf("a recovery code led to %d %s", page.Status, page.URL.Path)
		}
		s.turnOff(t, p, key, codes)
	})
}

func (s *site) turnOff(t *testing.T, p *actor.Person, key string, codes []string) {
	t.Helper()
	off := open(t, p.Browser, "/settings/second-factor/off")
	for name, values := range map[string]map[string]string{
		"wrong password": {"password": "x", "otp_code": codes[1]}, "wrong code": {"password": p.Password, "otp_code": "000000"},
		"used code": {"password": p.Password, "otp_code": codes[0]},
	} {
		if page := fill(t, p.Browser, off, values); page.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", name, page.Status)
		}
	}
	renew := fill(t, p.Browser, open(t, p.Browser, "/settings/second-factor/recovery"), map[string]string{"otp_code": codes[1]})
	fresh := recoveryCode.FindAllStringSubmatch(renew.Body, -1)
	if len(fresh) != 10 {
		t.Fatalf("%d new recovery codes", len(fresh))
	}
	if text := open(t, p.Browser, "/settings/activity?kind=security").Text(); !strings.Contains(text, "You renewed your recovery codes") {
		t.Errorf("the activity: %s", text)
	}
	if page := fill(t, p.Browser, off, map[string]string{"password": p.Password, "otp_code": codes[2]}); page.Status != 422 {
		t.Errorf("an old recovery code: %d", page.Status)
	}
	page := fill(t, p.Browser, off, map[string]string{"password": p.Password, "otp_code": fresh[0][1]})
	if page.Status != 200 || !strings.Contains(page.Text(), "The second factor was turned off") {
		t.Errorf("turning off: %d %s", page.Status, page.Text())
	}
	if _, err := p.ElsewhereAs(s.URL).SignIn(t.Context()); err != nil {
		t.Errorf("the password alone: %v", err)
	}
	_ = key
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		p := signedUp(t, s)
		other := p.ElsewhereAs(s.URL)
		if _, err := other.SignIn(t.Context()); err != nil {
			t.Fatal(err)
		}
		page := open(t, p.Browser, "/settings/password")
		next := "Another-" + p.Password
		if got := fill(t, p.Browser, page, map[string]string{"password": "x", "new_password": next}); got.Status != 422 {
			t.Errorf("wrong current password: %d", got.Status)
		}
		if got := fill(t, p.Browser, page, map[string]string{"password": p.Password, "new_password": "short"}); got.Status != 422 ||
			!strings.Contains(got.Text(), "at least 8 characters") {
			t.Errorf("weak new password: %d %s", got.Status, got.Text())
		}
		got := fill(t, p.Browser, page, map[string]string{"password": p.Password, "new_password": next})
		if got.Status != 200 || got.URL.Path != "/settings/security" {
			t.Fatalf("%d %s %s", got.Status, got.URL, got.Text())
		}
		if page, _ := other.Browser.Get(t.Context(), "/settings/security"); page.URL.Path != "/signin" {
			t.Error("the other browser is still signed in")
		}
		if _, err := p.ElsewhereAs(s.URL).SignIn(t.Context()); err == nil {
			t.Error("the old password still opens")
		}
		p.Password = next
		if _, err := p.ElsewhereAs(s.URL).SignIn(t.Context()); err != nil {
			t.Errorf("the new password: %v", err)
		}
	})
}

func TestSigninsPage(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		p := signedUp(t, s)
		here := func() *actor.Page { return open(t, p.Browser, "/settings/signins") }
		others := []*actor.Person{p.ElsewhereAs(s.URL), p.ElsewhereAs(s.URL), p.ElsewhereAs(s.URL)}
		for _, o := range others {
			if _, err := o.SignIn(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		count := func() (n int) {
			for _, o := range others {
				if page, err := o.Browser.Get(t.Context(), "/settings/signins"); err == nil && page.URL.Path == "/settings/signins" {
					n++
				}
			}
			return n
		}
		page := here()
		links := endsOf(page)
		if got := len(links); got != 3 || strings.Count(page.Text(), "This browser") != 1 {
			t.Fatalf("%d other sign-ins on the page: %s", got, page.Text())
		}
		asked := open(t, p.Browser, links[0])
		wantText(t, asked, "Sign out", "Last seen")
		fill(t, p.Browser, asked, map[string]string{"id": "not an id"})
		if count() != 3 {
			t.Error("an unknown id ended a sign-in")
		}
		if fill(t, p.Browser, asked, nil); count() != 2 {
			t.Errorf("%d others after one was ended", count())
		}
		stranger := signedUp(t, s)
		left := endsOf(here())[0]
		if page, err := stranger.Browser.Get(t.Context(), left); err != nil || page.Status != http.StatusNotFound {
			t.Errorf("a stranger is asked: %v, %v", page, err)
		}
		fill(t, stranger.Browser, open(t, stranger.Browser, endsOf(mustHaveOther(t, s, stranger))[0]), map[string]string{"id": left[strings.LastIndex(left, "/")+1:]})
		if count() != 2 {
			t.Error("a stranger ended a sign-in")
		}
		asked = open(t, p.Browser, "/settings/signins/others")
		wantText(t, asked, "2 sign-ins end")
		if fill(t, p.Browser, asked, nil); count() != 0 {
			t.Errorf("%d others after all were ended", count())
		}
		if page := here(); page.URL.Path != "/settings/signins" {
			t.Error("this browser was signed out")
		}
		u, err := s.Store.FindUserByEmail(t.Context(), p.Email)
		if err != nil {
			t.Fatal(err)
		}
		wantActor(t, s, u.ID, u.ID, "signin.ended", "signout.others")
		if text := open(t, p.Browser, "/settings/activity?kind=signins").Text(); !strings.Contains(text, "You signed out another browser") || !strings.Contains(text, "You signed out everywhere else") {
			t.Errorf("the activity: %s", text)
		}
	})
}

var endsSignin = regexp.MustCompile(`href="(/settings/signins/[0-9a-f-]{36})"`)

// endsOf are the pages that ask before the sign-ins on a page end.
func endsOf(page *actor.Page) (paths []string) {
	for _, match := range endsSignin.FindAllStringSubmatch(page.Body, -1) {
		paths = append(paths, match[1])
	}
	return paths
}

// mustHaveOther is the page of a person who is signed in twice.
func mustHaveOther(t *testing.T, s *site, p *actor.Person) *actor.Page {
	t.Helper()
	if _, err := p.ElsewhereAs(s.URL).SignIn(t.Context()); err != nil {
		t.Fatal(err)
	}
	return open(t, p.Browser, "/settings/signins")
}
