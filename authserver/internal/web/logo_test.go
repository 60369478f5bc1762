package web_test

import (
	"bytes"
	"image/png"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"latchkey/pkg/picture"
	"latchkey/pkg/testenv/actor"
)

var logoSrc = regexp.MustCompile(`<img src="(/logos/[\w-]{43})"`)

// drawn are the addresses of logos on a page.
func drawn(page *actor.Page) (list []string) {
	for _, found := range logoSrc.FindAllStringSubmatch(page.Body, -1) {
		list = append(list, found[1])
	}
	return list
}

// develops registers an application of p and returns its page.
func develops(t *testing.T, p *actor.Person, name string) string {
	t.Helper()
	made := fill(t, p.Browser, open(t, p.Browser, "/settings/developer/new"), map[string]string{
		"name": name, "redirect_uris": "https://app.example/cb", "auth_method": "none", "scopes": "read",
	})
	return regexp.MustCompile(`/settings/developer/[0-9a-f-]{36}`).FindString(made.Body)
}

func upload(t *testing.T, b *actor.Browser, path string, content []byte) *actor.Page {
	t.Helper()
	page := open(t, b, path)
	form, err := page.Form("logo", "csrf_token")
	if err != nil {
		t.Fatal(err)
	}
	next, err := b.Upload(t.Context(), page, form, "logo", content)
	if err != nil {
		t.Fatal(err)
	}
	return next
}

// fetched is what a browser gets at an address, as itself.
func fetched(t *testing.T, b *actor.Browser, path string) *actor.Page {
	t.Helper()
	page, err := b.Get(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// TestL1_ALogoIsSeenOnceAnOperatorHasLookedAtIt: before, and after any change of the
// picture or of the application, it is between those who look after it.
func TestL1_ALogoIsSeenOnceAnOperatorHasLookedAtIt(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		boss, p, other, anybody := signedUp(t, s), signedUp(t, s), signedUp(t, s), actor.NewBrowser(s.URL)
		path := develops(t, p, "Budget Buddy")
		id := strings.TrimPrefix(path, "/settings/developer/")
		s.consented(t, other.Email, id)
		act := func(name string, values map[string]string) *actor.Page {
			t.Helper()
			return fill(t, boss.Browser, open(t, boss.Browser, "/operator/applications/one/"+name+"?client="+id), values)
		}
		seen := func(want string) {
			t.Helper()
			var wanted []string
			status, cached := http.StatusNotFound, ""
			if want != "" {
				wanted, status, cached = []string{want}, http.StatusOK, "public"
			}
			for _, path := range []string{"/settings/applications", "/settings/applications/one?client_id=" + id, "/"} {
				if got := drawn(open(t, other.Browser, path)); !slices.Equal(got, wanted) {
					t.Errorf("%s shows %v, not %v", path, got, wanted)
				}
			}
			latest := drawn(open(t, p.Browser, path))
			if len(latest) != 1 {
				t.Fatalf("the developer sees %v", latest)
			}
			for _, b := range []*actor.Browser{anybody, other.Browser} {
				if res := fetched(t, b, latest[0]); res.Status != status || !strings.HasPrefix(res.Header.Get("Cache-Control"), cached) {
					t.Errorf("%d %v, not %d", res.Status, res.Header, status)
				}
			}
			for _, b := range []*actor.Browser{p.Browser, boss.Browser} {
				res := fetched(t, b, latest[0])
				if _, err := png.Decode(strings.NewReader(res.Body)); err != nil || res.Header.Get("Content-Type") != "image/png" || res.Header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(res.Header.Get("Cache-Control"), "immutable") {
					t.Errorf("%v, %v", err, res.Header)
				}
			}
		}
		if page := upload(t, p.Browser, path+"/logo", dot(t, 200, 120)); len(drawn(page)) != 1 || page.URL.Query().Get("done") != "saved" {
			t.Fatalf("%d %s", page.Status, page.Text())
		}
		first := drawn(open(t, p.Browser, path))[0]
		seen("")
		looked := open(t, boss.Browser, "/operator/applications/one/verify?client="+id)
		if got := drawn(looked); !slices.Equal(got, []string{first}) {
			t.Errorf("who verifies sees %v", got)
		}
		wantText(t, fill(t, boss.Browser, looked, nil), "Verified")
		seen(first)

		upload(t, p.Browser, path+"/logo", dot(t, 90, 120))
		second := drawn(open(t, p.Browser, path))[0]
		seen("")
		if res := fetched(t, boss.Browser, first); res.Status != http.StatusNotFound {
			t.Errorf("the picture before: %d", res.Status)
		}
		waits := open(t, boss.Browser, "/operator/applications/one?client="+id)
		wantText(t, waits, "Logo not checked", "Withdraw verification")
		again := open(t, boss.Browser, "/operator/applications/one/verify?client="+id)
		upload(t, p.Browser, path+"/logo", dot(t, 91, 120)) // between the look and the click
		if page := fill(t, boss.Browser, again, nil); page.Status != http.StatusConflict {
			t.Errorf("another picture than was looked at: %d %s", page.Status, page.Text())
		}
		seen("")
		act("verify", nil)
		third := drawn(open(t, p.Browser, path))[0]
		seen(third)
		if first == second || second == third {
			t.Error("two pictures have one name")
		}
		fill(t, p.Browser, open(t, p.Browser, path), map[string]string{"name": "Your Bank"})
		if got := drawn(open(t, other.Browser, "/settings/applications")); got != nil {
			t.Errorf("another name keeps the picture: %v", got)
		}
		act("verify", nil)
		seen(third)
		page := fill(t, p.Browser, open(t, p.Browser, path+"/logo/remove"), nil)
		if got := drawn(page); got != nil || fetched(t, anybody, third).Status != http.StatusNotFound {
			t.Errorf("removed: %v", got)
		}
		wantText(t, open(t, boss.Browser, "/operator/events?state=client.logo_changed&q="+id), boss.Email)
	}, withOperator)
}

// consented lets somebody allow the application with id to read.
func (s *site) consented(t *testing.T, email, id string) {
	t.Helper()
	u, err := s.Store.FindUserByEmail(t.Context(), email)
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.Store.FindClient(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.DB.Exec(t.Context(), `INSERT INTO consents (user_id, client_id, scopes, created_at, updated_at) VALUES ($1, $2, 'read', $3, $3)`, u.ID, c.ID, s.clock.now().UTC()); err != nil {
		t.Fatal(err)
	}
}

// TestL2_BadPicturesAreRefused with the reason beside the field, and nothing is kept.
func TestL2_BadPicturesAreRefused(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		p := signedUp(t, s)
		path := develops(t, p, "Budget Buddy") + "/logo"
		bomb := bytes.Clone(dot(t, 8, 8))
		copy(bomb[16:], "\x00\x00\xea\x60\x00\x00\xea\x60") // 60000 by 60000 in its header
		for what, raw := range map[string][]byte{
			"nothing": nil, "text": []byte("hello"), "bomb": bomb, "large": make([]byte, picture.MaxBytes+1),
			"svg": []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), "page": []byte("<html><script>alert(1)</script>"),
		} {
			page := upload(t, p.Browser, path, raw)
			if page.Status != http.StatusUnprocessableEntity || !strings.Contains(page.Body, `id="logo-error"`) || drawn(page) != nil {
				t.Errorf("%s: %d %s", what, page.Status, page.Text())
			}
		}
		if page := upload(t, p.Browser, path, make([]byte, 900<<10)); page.Status != http.StatusUnprocessableEntity && page.Status != http.StatusRequestEntityTooLarge {
			t.Errorf("a very large file: %d", page.Status)
		}
		form, err := open(t, p.Browser, path).Form("logo")
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"", "!", "PHN2Zz4"} { // as a form without a file
			form.Values.Set("logo", text)
			if page, err := p.Browser.Post(t.Context(), path, form.Values); err != nil || page.Status != http.StatusUnprocessableEntity {
				t.Errorf("%q: %d %s %v", text, page.Status, page.Text(), err)
			}
		}
		form.Values.Set("csrf_token", "old")
		if page, err := p.Browser.Upload(t.Context(), open(t, p.Browser, path), form, "logo", dot(t, 20, 20)); err != nil || page.Status != http.StatusForbidden || drawn(page) != nil {
			t.Errorf("an expired form: %d %s %v", page.Status, page.Text(), err)
		}
	})
}

// TestL3_APictureOutlivesTheConfirmation: it is carried along, drawn anew, and is still
// nobody else's to change.
func TestL3_APictureOutlivesTheConfirmation(t *testing.T) {
	eachSite(t, func(t *testing.T, s *site) {
		p, other := signedUp(t, s), signedUp(t, s)
		path := develops(t, p, "Budget Buddy") + "/logo"
		page := open(t, p.Browser, path)
		form, err := page.Form("logo", "csrf_token")
		if err != nil {
			t.Fatal(err)
		}
		s.stale()
		asked, err := p.Browser.Upload(t.Context(), page, form, "logo", noise(t, 300))
		if err != nil || asked.Status != http.StatusUnprocessableEntity || !strings.Contains(asked.Body, `name="password"`) || len(asked.Body) > 60_000 {
			t.Fatalf("no confirmation: %v, %d bytes", err, len(asked.Body))
		}
		if done := fill(t, p.Browser, asked, map[string]string{"password": p.Password}); len(drawn(done)) != 1 {
			t.Errorf("%d %s", done.Status, done.Text())
		}
		if page := fetched(t, other.Browser, path); page.Status != http.StatusNotFound {
			t.Errorf("somebody else's page: %d", page.Status)
		}
		form, err = open(t, other.Browser, "/settings/developer/new").Form("csrf_token")
		if err != nil {
			t.Fatal(err)
		}
		form.Action = path
		if asked, err = other.Browser.Upload(t.Context(), page, form, "logo", dot(t, 20, 20)); err != nil {
			t.Fatal(err)
		}
		if done := fill(t, other.Browser, asked, map[string]string{"password": other.Password}); done.Status != http.StatusNotFound {
			t.Errorf("somebody else's picture: %d %s", done.Status, done.Text())
		}
	})
}
