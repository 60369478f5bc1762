package web_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/authserver/internal/grant"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

// allowed lets the person of an address allow a client of the operator, with one
// live grant, and returns the access token.
func (s *site) allowed(t *testing.T, email string, c authserver.Client) secret.Token {
	t.Helper()
	ctx, now := t.Context(), s.clock.now().UTC().Truncate(time.Microsecond)
	u, err := s.Store.FindUserByEmail(ctx, email)
	if err != nil {
		t.Fatal(err)
	}
	c.AuthMethod, c.Scopes, c.CreatedAt = authserver.AuthNone, scope.All, now
	if err := s.Store.CreateClient(ctx, &c); err != nil {
		t.Fatal(err)
	}
	if _, err := s.DB.Exec(ctx, `INSERT INTO consents (user_id, client_id, scopes, created_at, updated_at)
		VALUES ($1, $2, 'read', $3, $3)`, u.ID, c.ID, now); err != nil {
		t.Fatal(err)
	}
	tokens, err := s.Grants.Open(ctx, grant.Opening{UserID: u.ID, ClientID: c.ID, Scopes: scope.Read, Origin: authserver.OriginCode})
	if err != nil {
		t.Fatal(err)
	}
	return tokens.AccessToken
}

func TestRevokingAnApplication(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		p, other := signedUp(t, s), signedUp(t, s)
		if page, _ := p.Browser.Get(t.Context(), "/settings/applications"); !strings.Contains(page.Text(), "No application has access") {
			t.Errorf("without any: %s", page.Text())
		}
		access := s.allowed(t, p.Email, authserver.Client{ID: "budget/1?", Name: "<i>Budget\u202e", RedirectURIs: []string{"https://app.example/cb"}})
		page, err := p.Browser.Get(t.Context(), "/settings/applications")
		if err != nil || !strings.Contains(page.Text(), "<i>Budget") || !strings.Contains(page.Text(), "can see") {
			t.Fatalf("%v %s", err, page.Text())
		}
		one := "/settings/applications/one?client_id=budget%2F1%3F"
		if page, _ = other.Browser.Get(t.Context(), one); page.Status != http.StatusNotFound {
			t.Errorf("somebody else sees it: %d", page.Status)
		}
		ask := "/settings/applications/one/remove?client_id=budget%2F1%3F"
		if page = open(t, p.Browser, one); strings.Contains(page.Body, `type="submit"`) || !strings.Contains(page.Body, ask) {
			t.Errorf("the page of the application ends something at once: %s", page.Body)
		}
		if page, _ = other.Browser.Get(t.Context(), ask); page.Status != http.StatusNotFound {
			t.Errorf("somebody else is asked: %d", page.Status)
		}
		wantText(t, open(t, p.Browser, ask), "What will happen", "in one place, and loses access there", "It made no calls")
		page = answer(t, p.Browser, ask, map[string]string{"client_id": "budget/1?"})
		if !strings.Contains(page.Text(), "The application has lost access") || strings.Contains(page.Text(), "<i>Budget") {
			t.Errorf("after revoking: %s", page.Text())
		}
		if c, err := s.Grants.Lookup(t.Context(), access); err != nil || !c.Ended {
			t.Errorf("the token lives on: %+v %v", c, err)
		}
		for _, id := range []string{"", "nobody", "\x00", "\xff", strings.Repeat("x", 5000)} {
			if page, err := p.Browser.Get(t.Context(), "/settings/applications/one?client_id="+strings.ReplaceAll(id, "\x00", "%00")); err == nil && page.Status != http.StatusNotFound {
				t.Errorf("client id %.10q: %d", id, page.Status)
			}
		}
	})
}

func TestLastUseOfAnApplication(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		p := signedUp(t, s)
		access := s.allowed(t, p.Email, authserver.Client{ID: "budget", Name: "Budget", RedirectURIs: []string{"https://app.example/cb"}})
		c, err := s.Grants.Lookup(t.Context(), access)
		if err != nil {
			t.Fatal(err)
		}
		later := s.clock.now().UTC().Add(72 * time.Hour)
		if err := s.Store.StampGrants(t.Context(), []string{c.ID, uuid.NewString()}, later); err != nil {
			t.Fatal(err)
		}
		s.clock.advance(4 * 24 * time.Hour)
		wantText(t, open(t, p.Browser, "/settings/applications"), "Used yesterday, "+later.Format("15:04"))
	})
}

func TestDevelopingAnApplication(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		p, other := signedUp(t, s), signedUp(t, s)
		page := answer(t, p.Browser, "/settings/developer/new", map[string]string{
			"name": " ", "redirect_uris": "http://app.example/cb\njavascript:alert(1)\nhttps://app.example/#x", "scopes": "everything", "auth_method": "magic",
		})
		if page.Status != http.StatusUnprocessableEntity {
			t.Errorf("nonsense: %d", page.Status)
		}
		for _, words := range []string{"Name must have 1 to 100", "plain http is for loopback", "javascript:alert(1)", "must not have a fragment"} {
			if !strings.Contains(page.Text(), words) {
				t.Errorf("the page does not say %q: %s", words, page.Text())
			}
		}
		page = answer(t, p.Browser, "/settings/developer/new", map[string]string{
			"name": "Budget", "redirect_uris": " https://app.example/cb \r\n\r\nhttp://127.0.0.1/cb", "scopes": "read read_write", "auth_method": "client_secret_basic",
		})
		first := secretOn(t, page)
		if page.Status != http.StatusOK || page.Header.Get("Cache-Control") != "no-store" {
			t.Fatalf("%d %s", page.Status, page.Text())
		}
		id := clientID(t, s, p.Email)
		path := "/settings/developer/" + id
		page, _ = p.Browser.Get(t.Context(), path)
		if strings.Contains(page.Body, first) || !strings.Contains(page.Body, "http://127.0.0.1/cb") {
			t.Errorf("the page of the application: %s", page.Text())
		}
		for _, elsewhere := range []string{path, path + "/rotate", path + "/delete", "/settings/developer/nobody", "/settings/developer/latchkey-first-party"} {
			if page, _ := other.Browser.Get(t.Context(), elsewhere); page.Status != http.StatusNotFound {
				t.Errorf("somebody else at %s: %d", elsewhere, page.Status)
			}
		}
		second := secretOn(t, answer(t, p.Browser, path+"/rotate", map[string]string{"overlap": "1"}))
		for at, want := range map[time.Duration][2]bool{0: {true, true}, time.Hour + time.Second: {false, true}} {
			c, err := s.Store.FindClient(t.Context(), id)
			if err != nil || c.SecretMatches(first, s.clock.now().Add(at)) != want[0] || c.SecretMatches(second, s.clock.now().Add(at)) != want[1] {
				t.Errorf("%s after the rotation: %+v %v", at, c, err)
			}
		}
		page = answer(t, p.Browser, path, map[string]string{"name": "Budget 2", "redirect_uris": "https://app.example/new", "scopes": "read"})
		if c, err := s.Store.FindClient(t.Context(), id); err != nil || c.Name != "Budget 2" || len(c.RedirectURIs) != 1 || c.Scopes != scope.Read || !c.SecretMatches(second, s.clock.now()) {
			t.Errorf("after the change: %+v %v: %s", c, err, page.Text())
		}
		page = answer(t, p.Browser, path+"/delete", nil)
		if !strings.Contains(page.Text(), "The application was deleted") {
			t.Errorf("after deleting: %s", page.Text())
		}
		if page, _ = p.Browser.Get(t.Context(), path); page.Status != http.StatusNotFound {
			t.Errorf("the deleted one: %d", page.Status)
		}
	})
}

func secretOn(t *testing.T, page *actor.Page) string {
	t.Helper()
	for _, word := range strings.Fields(page.Text()) {
		if _, err := secret.Parse(secret.ClientSecret, word); err == nil {
			return word
		}
	}
	t.Fatalf("no secret on the page: %d %s", page.Status, page.Text())
	return ""
}

func clientID(t *testing.T, s *site, email string) string {
	t.Helper()
	u, err := s.Store.FindUserByEmail(t.Context(), email)
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.Store.ListClients(t.Context(), u.ID)
	if err != nil || len(list) != 1 {
		t.Fatalf("%v %v", list, err)
	}
	return list[0].ID
}

// Of rotations that come together one shows a secret, and that one works.
func TestRotationsOfASecretHaveOneWinner(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		p := signedUp(t, s)
		answer(t, p.Browser, "/settings/developer/new", map[string]string{"name": "B", "redirect_uris": "https://a.example/", "scopes": "read", "auth_method": "client_secret_post"})
		id := clientID(t, s, p.Email)
		page, err := p.Browser.Get(t.Context(), "/settings/developer/"+id+"/rotate")
		if err != nil {
			t.Fatal(err)
		}
		form, err := page.Form("overlap")
		if err != nil {
			t.Fatal(err)
		}
		var (
			running sync.WaitGroup
			mu      sync.Mutex
			shown   []string
		)
		for range 10 {
			running.Go(func() {
				got, err := p.Browser.Submit(t.Context(), page, form, "", "")
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err != nil:
					t.Error(err)
				case got.Status == http.StatusOK:
					shown = append(shown, secretOn(t, got))
				case got.Status != http.StatusConflict:
					t.Errorf("%d %s", got.Status, got.Text())
				}
			})
		}
		running.Wait()
		c, err := s.Store.FindClient(t.Context(), id)
		if err != nil || len(shown) == 0 || !c.SecretMatches(shown[len(shown)-1], s.clock.now()) && len(shown) == 1 {
			t.Errorf("%d were shown; %v", len(shown), err)
		}
	})
}
