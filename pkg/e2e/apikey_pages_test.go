package e2e

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"latchkey/pkg/secret"
	"latchkey/pkg/testenv/actor"
)

const keyPages = "/settings/api_keys"

var shownKey = regexp.MustCompile(secret.Pattern)

func (w *world) page(p *actor.Person, path string) *actor.Page {
	w.t.Helper()
	page, err := p.Browser.Get(w.t.Context(), path)
	if err != nil {
		w.t.Fatal(err)
	}
	return page
}

// submit fills the first form of the page that has the fields and sends it.
func (w *world) submit(p *actor.Person, page *actor.Page, values map[string]string) *actor.Page {
	w.t.Helper()
	form, err := page.Form("csrf_token")
	if err != nil {
		w.t.Fatal(err)
	}
	form.Fill(values)
	next, err := p.Browser.Submit(w.t.Context(), page, form, "", "")
	if err != nil {
		w.t.Fatal(err)
	}
	return next
}

func TestK18_PagesOfKeys(t *testing.T) {
	eachWorld(t, func(w *world) {
		p := w.person()
		if page := w.browse(w.Auth.URL + keyPages); !strings.HasPrefix(page.URL.Path, "/signin") {
			w.t.Errorf("without a sign-in: %s", page.URL)
		}
		name := `<b onload=x>"Nightly" & 'more'`
		refused := w.submit(p, w.page(p, keyPages+"/new"), map[string]string{
			"name": name, "source": "web", "scopes": "read", "expires_at": "2020-01-01", "allowed_cidrs": "nowhere",
		})
		if refused.Status != http.StatusUnprocessableEntity || !strings.Contains(refused.Text(), "Expiry must be in the future") ||
			!strings.Contains(refused.Text(), "Allowed networks must be") || strings.Contains(refused.Body, "<b onload") {
			w.t.Errorf("refused: %d %s", refused.Status, refused.Text())
		}
		made := w.submit(p, refused, map[string]string{"expires_at": "2999-12-31", "allowed_cidrs": "127.0.0.1\n 10.0.0.0/8"})
		key := shownKey.FindString(made.Body)
		if made.Status != http.StatusOK || key == "" || made.Header.Get("Cache-Control") != "no-store" || strings.Contains(made.Body, "<b onload") ||
			!strings.Contains(made.Text(), "We can't show it again") {
			w.t.Fatalf("made: %d %s", made.Status, made.Text())
		}
		wantStatus(w.t, w.useAPI(http.MethodGet, accounts, key, nil), http.StatusOK)
		list := w.page(p, keyPages)
		id := regexp.MustCompile(keyPages + `/([0-9a-f-]{36})`).FindStringSubmatch(list.Body)
		if id == nil || strings.Contains(list.Body, key) || !strings.Contains(list.Text(), `"Nightly" & 'more'`) || !strings.Contains(list.Body, key[len(key)-4:]) {
			w.t.Fatalf("list: %s", list.Text())
		}
		one := keyPages + "/" + id[1]
		if shown := w.page(p, one); shown.Status != http.StatusOK || strings.Contains(shown.Body, key) || !strings.Contains(shown.Text(), "10.0.0.0/8") {
			w.t.Errorf("one key: %d %s", shown.Status, shown.Text())
		}
		second := w.submit(p, w.page(p, keyPages+"/new"), map[string]string{"name": "Second", "source": "web", "scopes": "read"})
		if second.Status != http.StatusUnprocessableEntity || !strings.Contains(second.Text(), "Rotate or revoke it first") {
			w.t.Errorf("a second key of one source: %d %s", second.Status, second.Text())
		}
		w.foreignPages(one)
		w.forgedForms(p, one)

		rotated := w.submit(p, w.page(p, one+"/rotate"), map[string]string{"overlap": "1"})
		next := shownKey.FindString(rotated.Body)
		if rotated.Status != http.StatusOK || next == "" || next == key || !strings.Contains(rotated.Text(), "It works until") || strings.Contains(rotated.Text(), " . ") {
			w.t.Fatalf("rotated: %d %s", rotated.Status, rotated.Text())
		}
		if bad := w.submit(p, w.page(p, one+"/revoke"), nil); bad.URL.Path != keyPages || !strings.Contains(bad.Text(), "The API key was revoked.") {
			w.t.Errorf("revoked: %s %s", bad.URL, bad.Text())
		}
		err := within(w.t.Context(), func() error {
			return want(w.useAPI(http.MethodGet, accounts, key, nil), http.StatusUnauthorized, nil)
		})
		if err != nil {
			w.t.Error(err)
		}
		wantStatus(w.t, w.useAPI(http.MethodGet, accounts, next, nil), http.StatusOK)
		if gone := w.page(p, one); gone.Status != http.StatusNotFound {
			w.t.Errorf("a revoked key's page: %d", gone.Status)
		}
	})
}

// foreignPages asks for a key's pages as somebody else, and for no key's.
func (w *world) foreignPages(one string) {
	stranger := w.person()
	for _, path := range []string{one, one + "/rotate", one + "/revoke", keyPages + "/x", keyPages + "/00000000-0000-4000-8000-000000000000", keyPages + "/%27/revoke"} {
		if page := w.page(stranger, path); page.Status != http.StatusNotFound {
			w.t.Errorf("%s as somebody else: %d", path, page.Status)
		}
	}
}

// forgedForms posts without the page's own token, and with what no page offers.
func (w *world) forgedForms(p *actor.Person, one string) {
	for _, path := range []string{one + "/revoke", one + "/rotate", keyPages + "/new"} {
		for _, token := range []string{"", "x"} {
			page, err := p.Browser.Post(w.t.Context(), path, url.Values{"csrf_token": {token}, "overlap": {"0"}, "name": {"n"}, "source": {"mobile"}, "scopes": {"read"}})
			if err != nil || page.Status != http.StatusForbidden {
				w.t.Errorf("%s with the token %q: %v %v", path, token, page, err)
			}
		}
	}
	form, err := w.page(p, one+"/rotate").Form("csrf_token")
	if err != nil {
		w.t.Fatal(err)
	}
	csrf := form.Values.Get("csrf_token")
	for _, c := range []struct {
		path   string
		values url.Values
		status int
	}{
		{one + "/rotate", url.Values{"overlap": {"9999"}}, http.StatusBadRequest},
		{one + "/rotate", url.Values{}, http.StatusBadRequest},
		{keyPages + "/new", url.Values{}, http.StatusUnprocessableEntity},
		{keyPages + "/new", url.Values{"name": {"n"}, "scopes": {"admin"}, "source": {"desk"}}, http.StatusUnprocessableEntity},
		{keyPages + "/new", url.Values{"name": {strings.Repeat("x", 5000)}, "scopes": {"read"}}, http.StatusUnprocessableEntity},
		{keyPages + "/new", url.Values{"name": {"n"}, "scopes": {"read", "read_write"}}, http.StatusBadRequest},
		{one, url.Values{}, http.StatusBadRequest},
	} {
		c.values.Set("csrf_token", csrf)
		page, err := p.Browser.Post(w.t.Context(), c.path, c.values)
		if err != nil || page.Status != c.status {
			w.t.Errorf("%s with %v: got %d, want %d: %v", c.path, c.values, page.Status, c.status, err)
		}
	}
}

// TestA4_KeysSayWhoMadeThem: on the page, in JSON and at the command line, whoever made
// the key and with whatever it was made or rotated.
func TestA4_KeysSayWhoMadeThem(t *testing.T) {
	eachWorld(t, func(w *world) {
		k := w.keeper()
		id := w.userID(k.person)
		says := func(key apiKey, with *string, words string) {
			w.t.Helper()
			for _, one := range k.list() {
				if one.ID == key.ID && (one.MadeBy == nil || *one.MadeBy != id || (one.MadeWith == nil) != (with == nil) || with != nil && *one.MadeWith != *with) {
					w.t.Errorf("the list: %+v", one)
				}
			}
			if text := w.page(k.person, keyPages+"/"+key.ID).Text(); !strings.Contains(text, words) {
				w.t.Errorf("the page does not say %q: %s", words, text)
			}
			out, err := w.CLI(w.t.Context(), "apikey", "list", "--user", id, "--json")
			var listed []apiKey
			if err := errors.Join(err, json.Unmarshal(out, &listed)); err != nil {
				w.t.Fatal(err)
			}
			for _, one := range listed {
				if one.ID == key.ID && (*one.MadeBy != id || with != nil && *one.MadeWith != *with) {
					w.t.Errorf("the command line: %s", out)
				}
			}
		}
		app := "latchkey-first-party"
		key := k.newKey("Night", "read", "web", nil)
		says(key, &app, "By you, with the app")
		w.answer(k.person.Browser, keyPages+"/"+key.ID+"/rotate", map[string]string{"overlap": "0"})
		list := k.list()
		if len(list) != 1 || list[0].ID == key.ID {
			w.t.Fatalf("%+v", list)
		}
		says(list[0], nil, "By you, on these pages")
		says(k.read(k.manage(http.MethodPost, apiKeys+"/"+list[0].ID+"/rotate", members{}), http.StatusCreated), &app, "By you, with the app")
	})
}
