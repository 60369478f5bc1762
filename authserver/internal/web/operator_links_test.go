package web_test

import (
	"net/http"
	"strings"
	"testing"

	"latchkey/pkg/testenv/actor"
)

// TestA6_LinksEndWithTheOperator makes somebody an operator, who makes links to choose new
// passwords for others and keeps them.
func TestA6_LinksEndWithTheOperator(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		boss, second, p := signedUp(t, s), signedUp(t, s), signedUp(t, s)
		id, own, theirs := userID(t, boss, second), userID(t, boss, boss), userID(t, boss, p)
		link := func(by *actor.Person, id string) string {
			t.Helper()
			found := resetPath.FindString(act(t, by, id, "reset-link").Body)
			if found == "" {
				t.Fatal("no link")
			}
			return found
		}
		good := func(link string) bool {
			t.Helper()
			page, err := actor.NewBrowser(s.URL).Get(t.Context(), link)
			if err != nil || page.Status != http.StatusOK && page.Status != http.StatusNotFound {
				t.Fatalf("%v, %v", err, page)
			}
			return page.Status == http.StatusOK
		}
		appoint := func() {
			t.Helper()
			if page := act(t, boss, id, "appoint"); page.Status != http.StatusOK {
				t.Fatalf("%d %s", page.Status, page.Text())
			}
		}
		kept := link(boss, theirs)
		appoint()
		made := link(second, own)
		if !good(made) || !good(kept) {
			t.Fatal("the links are not good")
		}
		act(t, boss, id, "dismiss")
		if good(made) || !good(kept) {
			t.Error("after the dismissal")
		}
		appoint()
		made = link(second, own)
		reset := answer(t, actor.NewBrowser(s.URL), link(boss, id), map[string]string{"new_password": "Another-1!word"})
		if reset.Status != http.StatusOK || !strings.Contains(reset.Text(), "password") {
			t.Fatalf("%d %s", reset.Status, reset.Text())
		}
		if good(made) || !good(kept) {
			t.Error("after the operator's password was reset")
		}
	}, withOperator)
}
