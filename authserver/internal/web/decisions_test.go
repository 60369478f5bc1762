package web_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/pkg/keyuse"
)

// refuse stores refused sign-ins, a minute apart.
func (s *site) refuse(t *testing.T, n int, user func(i int) string, address func(i int) string) {
	t.Helper()
	s.many(t, n, `INSERT INTO events (id, at, kind, outcome, actor_id, user_id, family_id, client_id, subject_id, details, address, user_agent, request_id, mark)
		VALUES ($1, $2, 'signin.failed', 'failure', '', $3, '', '', '', '{}', $4, '', '', $5)`, func(i int) []any {
		return []any{uuid.NewString(), s.clock.now().UTC().Add(-time.Duration(i+1) * time.Minute), user(i), address(i), []byte{}}
	})
}

func same(text string) func(int) string { return func(int) string { return text } }

// limited lets a key have been over its limit on so many of the last days.
func (s *site) limited(t *testing.T, key string, days int) {
	t.Helper()
	for i := range days {
		at := s.clock.now().UTC().Add(-time.Duration(i) * 24 * time.Hour)
		if err := s.Store.StampUses(t.Context(), []keyuse.Use{{ID: key, At: at, Hour: keyuse.Span(keyuse.KindKey, at), Count: 100, Limited: 5}}); err != nil {
			t.Fatal(err)
		}
	}
}

// The overview tells what waits for a decision, and leads to where that is made.
func TestOverviewNeedsDecisions(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		boss, ada := signedUp(t, s), signedUp(t, s)
		adaID := userID(t, boss, ada)
		s.allowed(t, ada.Email, authserver.Client{ID: "own-of-ada", Name: "Of nobody else", RedirectURIs: []string{"https://a.example/cb"}, OwnerID: adaID})
		s.allowed(t, ada.Email, authserver.Client{ID: "vouched", Name: "The operator's own", RedirectURIs: []string{"https://b.example/cb"}})
		_, path := makeKey(t, boss.Browser, "Rarely limited")
		s.limited(t, path[strings.LastIndex(path, "/")+1:], 2)
		s.refuse(t, 19, same(""), same("192.0.2.19"))
		if text := open(t, boss.Browser, "/operator").Text(); strings.Contains(text, "Needs a decision") {
			t.Fatalf("nothing waits: %s", text)
		}
		s.allowed(t, ada.Email, authserver.Client{ID: "used", Name: "Paper Ledger", RedirectURIs: []string{"https://c.example/cb"}, OwnerID: userID(t, boss, boss)})
		_, path = makeKey(t, ada.Browser, "Nightly export")
		key := path[strings.LastIndex(path, "/")+1:]
		s.limited(t, key, 4)
		s.refuse(t, 21, func(i int) string { return []string{"", uuid.NewString()}[i%2] }, same("203.0.113.77"))
		s.refuse(t, 25, same(adaID), func(i int) string { return []string{"198.51.100.1", "198.51.100.2"}[i%2] })
		page := open(t, boss.Browser, "/operator")
		for _, want := range []string{
			"Paper Ledger is in use, and nobody has verified it 1 person allows it",
			"203.0.113.77 is refused again and again 21 refused sign-ins on record in 24 hours · 10 accounts",
			ada.Email + " is tried again and again 25 refused sign-ins on record in 24 hours · from 2 addresses",
			"Nightly export reached its limit on 4 of the last 7 days " + ada.Email,
		} {
			if !strings.Contains(strings.Join(strings.Fields(page.Text()), " "), want) {
				t.Errorf("the overview does not say %q: %s", want, page.Text())
			}
		}
		for _, not := range []string{"Of nobody else", "The operator's own", "Rarely limited", "192.0.2.19"} {
			if strings.Contains(page.Text(), not) {
				t.Errorf("nobody decides about %q", not)
			}
		}
		for _, to := range []string{
			"/operator/applications/one?client=used", "/operator/events?q=203.0.113.77&amp;state=signin.failed", "/operator/events?q=" + adaID + "&amp;state=signin.failed", "/operator/keys/" + key,
		} {
			if !strings.Contains(page.Body, `href="`+to+`"`) {
				t.Errorf("no way to %s", to)
			}
			open(t, boss.Browser, strings.ReplaceAll(to, "&amp;", "&"))
		}
	}, withOperator)
}

// Work in progress tells how the erasure fares that is due next.
func TestOverviewTellsWorkInProgress(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		boss := signedUp(t, s)
		if text := open(t, boss.Browser, "/operator").Text(); !strings.Contains(text, "Work in progress") || strings.Contains(text, "Erasure of a household") {
			t.Error(text)
		}
		now := s.clock.now().UTC()
		s.many(t, 5, `INSERT INTO outbox (id, kind, subject, payload, created_at, next_at, attempts, failure) VALUES ($1, 'erase_family', $5, '', $2, $3, $4, 'unreachable')`,
			func(i int) []any {
				return []any{uuid.NewString(), now, now.Add(time.Duration(i) * time.Minute), i + 1, uuid.NewString()}
			})
		text := open(t, boss.Browser, "/operator").Text()
		if strings.Count(text, "Erasure of a household") != 1 || !strings.Contains(text, "1 attempt") || strings.Contains(text, "2 attempts") {
			t.Errorf("%d: %s", strings.Count(text, "Erasure of a household"), text)
		}
	}, withOperator)
}
