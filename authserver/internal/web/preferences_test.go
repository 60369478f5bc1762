package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

// looks are what a page says of itself.
func looks(t *testing.T, p *actor.Page) (language, schemes, dark string) {
	t.Helper()
	between := func(before string) string {
		_, rest, _ := strings.Cut(p.Body, before)
		value, _, _ := strings.Cut(rest, `"`)
		return value
	}
	_, dark, _ = strings.Cut(p.Body, `/dark.css" media="`)
	dark, _, _ = strings.Cut(dark, `"`)
	return between(`<html lang="`), between(`<meta name="color-scheme" content="`), dark
}

// TestPreferencesOfABrowser: who is not signed in chooses for the browser, without a script.
func TestPreferencesOfABrowser(t *testing.T) {
	s := newSite(t, testenv.Embedded, settings())
	b := actor.NewBrowser(s.URL)
	page := open(t, b, "/signin?return_to=%2Fsettings%2Fsecurity")
	if language, schemes, dark := looks(t, page); language != "en" || schemes != "light dark" || dark != "screen and (prefers-color-scheme: dark)" {
		t.Errorf("%s, %s, %s", language, schemes, dark)
	}
	for _, c := range []struct{ theme, language, schemes, dark string }{{"dark", "de", "dark", "screen"}, {"light", "en", "light", ""}, {"", "", "light dark", "screen and (prefers-color-scheme: dark)"}} {
		landed := fill(t, b, open(t, b, "/preferences?return_to=%2Fforgot"), map[string]string{"theme": c.theme, "language": c.language})
		language, schemes, dark := looks(t, landed)
		if landed.URL.Path != "/forgot" || schemes != c.schemes || dark != c.dark || c.language != "" && language != c.language {
			t.Errorf("%+v: at %s: %s, %s, %s", c, landed.URL, language, schemes, dark)
		}
	}
	for field, value := range map[string]string{"theme": "blue", "language": "xx"} {
		refused := fill(t, b, open(t, b, "/preferences"), map[string]string{"theme": "dark", "language": "en", field: value})
		if refused.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s=%s: %d", field, value, refused.Status)
		}
	}
	if strings.Contains(open(t, b, "/preferences").Body, `name="time_zone"`) {
		t.Error("a browser is asked for a time zone, which nobody keeps")
	}
}

// TestThePreferencesCookie is HttpOnly and Lax, lasts, and holds nothing that a page draws.
func TestThePreferencesCookie(t *testing.T) {
	s := newSite(t, testenv.Embedded, settings())
	b := actor.NewBrowser(s.URL)
	fill(t, b, open(t, b, "/preferences"), map[string]string{"theme": "dark", "language": "de"})
	form := formWith(t, open(t, b, "/preferences"), []string{"csrf_token", "theme"}, "", "")
	values := url.Values{"theme": {"dark"}, "language": {"de"}, "csrf_token": {form.Values.Get("csrf_token")}}
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/preferences", strings.NewReader(values.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", s.URL)
	for _, one := range b.Cookies() {
		req.AddCookie(one)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	cookie := ""
	for _, one := range res.Header.Values("Set-Cookie") {
		if strings.HasPrefix(one, "latchkey_preferences=dark.de") {
			cookie = one
		}
	}
	for _, want := range []string{"HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=31536000"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("no %s in %q", want, cookie)
		}
	}
	for _, value := range []string{`blue.de`, `dark.<b>`, `"><script>`, `dark.de.x`, strings.Repeat("x", 4000)} {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/signin", nil)
		req.Header.Set("Cookie", "latchkey_preferences="+value)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body := read(t, res)
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK || !strings.Contains(body, `content="light dark"`) {
			t.Errorf("%.20s: %d", value, res.StatusCode)
		}
	}
}

// TestPreferencesOfAPerson are kept with the account: another browser knows them.
func TestPreferencesOfAPerson(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		p := actor.NewPerson(s.URL)
		if _, err := p.SignUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		b := p.Browser
		for zone, status := range map[string]int{"Europe/Nowhere": 422, "../etc/passwd": 422, "Local": 422, strings.Repeat("x", 100): 422, "Asia/Kolkata": 200} {
			if got := fill(t, b, open(t, b, "/preferences"), map[string]string{"theme": "dark", "language": "de", "time_zone": zone}); got.Status != status {
				t.Errorf("%.20s: %d", zone, got.Status)
			}
		}
		elsewhere := p.ElsewhereAs(s.URL)
		if _, err := elsewhere.SignIn(t.Context()); err != nil {
			t.Fatal(err)
		}
		other := elsewhere.Browser
		for path, want := range map[string]string{"/settings/activity": "Zeiten in Asia/Kolkata", "/settings/signins": " IST"} {
			page := open(t, other, path)
			language, schemes, _ := looks(t, page)
			if language != "de" || schemes != "dark" || !strings.Contains(page.Body, want) {
				t.Errorf("%s: %s, %s, no %q", path, language, schemes, want)
			}
		}
		missing, err := other.Get(t.Context(), "/nothing-here")
		if err != nil {
			t.Fatal(err)
		}
		if language, _, _ := looks(t, missing); language != "de" || !strings.Contains(missing.Text(), "Zeiten in") {
			t.Errorf("an error is in %s", language)
		}
	})
}

// TestTheWayBackHoldsNoSecret: what a link brought stays out of the address of the
// page that is asked for next.
func TestTheWayBackHoldsNoSecret(t *testing.T) {
	s := newSite(t, testenv.Embedded, settings())
	b := actor.NewBrowser(s.URL)
	for path, want := range map[string]string{
		"/signin": `href="/preferences?return_to=%2Fsignin"`, "/reset?token=rst_x": `href="/preferences"`, "/restore?token=x": `href="/preferences"`,
	} {
		page, err := b.Get(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(page.Body, want) {
			t.Errorf("%s: no %s", path, want)
		}
	}
}

// TestTheListOfTimeZonesIsSmall: with all it loads the page stays below 60 kB.
func TestTheListOfTimeZonesIsSmall(t *testing.T) {
	s := newSite(t, testenv.Embedded, settings())
	p := actor.NewPerson(s.URL)
	if _, err := p.SignUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if size := s.weigh(t, open(t, p.Browser, "/preferences")); size > maxPage || size < 30_000 {
		t.Errorf("%d bytes", size)
	}
}
