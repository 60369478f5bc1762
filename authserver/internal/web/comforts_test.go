package web_test

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/apikey"
	"latchkey/authserver/internal/web"
	"latchkey/pkg/keyuse"
	"latchkey/pkg/ratelimit"
	"latchkey/pkg/secret"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

type noPublisher struct{}

func (noPublisher) Publish(context.Context, []secret.Digest) {}

// withKeys lets the site have API keys, a hundred requests an hour each.
func withKeys(s *site, d *web.Dependencies) {
	d.APIURL = "https://api.example.com/"
	d.Keys = &apikey.Service{
		Store: s.Store, Publisher: noPublisher{}, Tiers: ratelimit.Tiers{authserver.TierStandard: 100},
		Events: s.events, Now: s.clock.now,
	}
}

func eachSite(t *testing.T, fn func(t *testing.T, s *site), change ...func(s *site, d *web.Dependencies)) {
	t.Helper()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) { fn(t, newSite(t, set, settings(), change...)) })
}

// makeKey makes an API key through the pages.
func makeKey(t *testing.T, b *actor.Browser, name string) (made *actor.Page, path string) {
	t.Helper()
	made = fill(t, b, open(t, b, "/settings/api_keys/new"), map[string]string{"name": name, "source": "web", "scopes": "read"})
	path = regexp.MustCompile(`/settings/api_keys/[0-9a-f-]{36}`).FindString(open(t, b, "/settings/api_keys").Body)
	if made.Status != http.StatusOK || path == "" {
		t.Fatalf("%d %s", made.Status, made.Text())
	}
	return made, path
}

// Reports may name a request twice; nobody is told of 101 of 100.
func TestE3_TheCountStopsAtTheLimit(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		p := signedUp(t, s)
		_, path := makeKey(t, p.Browser, "Nightly export")
		now := s.clock.now().UTC()
		for _, c := range []struct {
			more int64
			says []string
			not  string
		}{
			{84, []string{"84 of 100", `class="meter near"`, `width="84%"`}, "reached its limit"},
			{17, []string{"100 of 100", `class="meter full"`, "This key has reached its limit."}, "101 of"},
		} {
			use := keyuse.Use{ID: path[strings.LastIndex(path, "/")+1:], At: now, From: "192.0.2.7", Hour: now.Truncate(time.Hour), Count: c.more}
			if err := s.Store.StampUses(t.Context(), []keyuse.Use{use}); err != nil {
				t.Fatal(err)
			}
			page := open(t, p.Browser, path)
			for _, want := range c.says {
				if !strings.Contains(page.Body, want) && !strings.Contains(page.Text(), want) {
					t.Errorf("after %d more: no %q in %s", c.more, want, page.Text())
				}
			}
			if strings.Contains(page.Text(), c.not) {
				t.Errorf("after %d more: %q in %s", c.more, c.not, page.Text())
			}
		}
	}, withKeys)
}

// A key's pictures show what was answered and refused, by hour and day, in words and in
// a table too, and where it was used from.
func TestE5_TheUseOfAKeyIsDrawn(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		p := signedUp(t, s)
		_, path := makeKey(t, p.Browser, "Nightly export")
		now, id := s.clock.now().UTC(), path[strings.LastIndex(path, "/")+1:]
		var uses []keyuse.Use
		for i := range 30 {
			at := now.Add(-time.Duration(i) * 24 * time.Hour)
			uses = append(uses, keyuse.Use{ID: id, At: at, From: "192.0.2.7", Hour: at.Truncate(time.Hour), Count: 1200, Limited: 41, Forbidden: 2})
		}
		if err := s.Store.StampUses(t.Context(), uses); err != nil {
			t.Fatal(err)
		}
		page := open(t, p.Browser, path)
		for _, want := range []string{
			"35,940 answered, 1,290 refused", "1,198 answered, 43 refused", "Limit: 100 an hour", "Show as a table", "Used from", "192.0.2.7", "37,230",
		} {
			if !strings.Contains(page.Text(), want) {
				t.Errorf("no %q in %s", want, page.Text())
			}
		}
		if strings.Count(page.Body, `role="img"`) != 2 || strings.Count(page.Body, ` refused</title>`) != 31 || strings.Contains(page.Body, "style=") {
			t.Errorf("the pictures: %s", page.Body)
		}
		if n := s.weigh(t, page); n > maxPage {
			t.Errorf("the page has %d bytes", n)
		}
		if other, err := signedUp(t, s).Browser.Get(t.Context(), path); err != nil || other.Status != http.StatusNotFound {
			t.Errorf("somebody else sees it: %v %v", other, err)
		}
	}, withKeys)
}

// The command names the API's public address and never holds the key.
func TestE3_TryItKeepsTheKeyOutOfCommands(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		made, path := makeKey(t, signedUp(t, s).Browser, "Nightly export")
		key := regexp.MustCompile(secret.Pattern).FindString(made.Body)
		command := regexp.MustCompile(`<code id="command">([^<]*)</code>`).FindStringSubmatch(made.Body)
		if command == nil || !strings.HasPrefix(command[1], "curl https://api.example.com/api/v1/accounts ") || strings.Contains(command[1], key) {
			t.Errorf("the command for %s is %v", path, command)
		}
		if strings.Count(made.Body, key) != 1 || !strings.Contains(made.Body, `data-copy="key"`) || !strings.Contains(made.Body, `data-copy="command"`) {
			t.Errorf("%s", made.Body)
		}
	}, withKeys)
}

// Whoever is signed in finds the way on from an error page.
func TestE3_ErrorPagesKeepTheNavigation(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		p := signedUp(t, s)
		for _, path := range []string{"/nothing-here", "/settings/developer/nobody", "/settings/applications/one?client_id=nobody"} {
			for who, b := range map[string]*actor.Browser{"signed in": p.Browser, "nobody": actor.NewBrowser(s.URL)} {
				page, err := b.Get(t.Context(), path)
				if err != nil {
					t.Fatal(err)
				}
				if has := strings.Contains(page.Body, `href="/settings/applications"`); has != (who == "signed in") && page.URL.Path != "/signin" {
					t.Errorf("%s at %s (%d): navigation %v", who, path, page.Status, has)
				}
			}
		}
		s.breakDatabase(t)
		if page, err := p.Browser.Get(t.Context(), "/settings/account"); err != nil || page.Status < 500 || strings.Contains(page.Body, "/settings/applications") {
			t.Errorf("with a broken database: %v %v", page, err)
		}
	})
}

// breakDatabase takes the tables' server away.
func (s *site) breakDatabase(t *testing.T) {
	t.Helper()
	if err := s.DB.Close(); err != nil {
		t.Fatal(err)
	}
}

// Recovery codes can be copied, printed and kept as a file, the file without
// scripts.
func TestE3_RecoveryCodesCanBeKept(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		p := signedUp(t, s)
		key := strings.ReplaceAll(setupKey.FindStringSubmatch(open(t, p.Browser, "/settings/second-factor").Body)[1], " ", "")
		page := fill(t, p.Browser, open(t, p.Browser, "/settings/second-factor"), map[string]string{"otp_code": s.code(t, key, 0)})
		link := regexp.MustCompile(`download="latchkey-recovery-codes.txt" href="data:text/plain;charset=utf-8,([^"]*)"`).FindStringSubmatch(page.Body)
		if link == nil || !strings.Contains(page.Body, `data-copy="codes"`) || !strings.Contains(page.Body, "data-print") {
			t.Fatalf("%d %s", page.Status, page.Body)
		}
		file, err := url.PathUnescape(link[1])
		codes := recoveryCode.FindAllStringSubmatch(page.Body, -1)
		if err != nil || len(codes) != 10 {
			t.Fatalf("%d codes, %v", len(codes), err)
		}
		for _, code := range codes {
			if !strings.Contains(file, "\n"+code[1]+"\n") {
				t.Errorf("%s is not in the file %q", code[1], file)
			}
		}
	})
}
