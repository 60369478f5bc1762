package e2e

import (
	"regexp"
	"strings"
	"testing"
)

// TestA6_WhoMayComeBackCanBeRemoved removes members whose accounts are closed or
// deactivated: when they come back, they come to a family of their own.
func TestA6_WhoMayComeBackCanBeRemoved(t *testing.T) {
	eachWorld(t, func(w *world) {
		admin := w.person()
		family := w.familyOf(w.ownTokens(admin).Access)
		for _, how := range []string{"closed", "deactivated"} {
			p := w.member(admin, "admin")
			own := w.ownTokens(p)
			if w.familyOf(own.Access) != family {
				w.t.Fatal("not in the family")
			}
			if how == "closed" {
				w.closing(own.Access)
			} else if _, err := w.CLI(w.t.Context(), "user", "deactivate", p.Email); err != nil {
				w.t.Fatal(err)
			}
			page := w.page(admin, "/settings/family")
			if !strings.Contains(page.Text(), "Members who may come back") || !strings.Contains(page.Text(), p.Email) {
				w.t.Fatalf("%s: %s", how, page.Text())
			}
			remove := regexp.MustCompile(`/settings/family/[0-9a-f-]{36}/remove`).FindString(page.Body)
			page = w.answer(admin.Browser, remove, nil, "action", "remove")
			if strings.Contains(page.Text(), p.Email) || strings.Contains(page.Text(), "Members who may come back") {
				w.t.Errorf("%s: they are there still: %s", how, page.Text())
			}
			if how == "closed" {
				back := w.signingIn(p.ElsewhereAs(w.Auth.URL))
				if page := w.answer(p.Browser, back.URL.RequestURI(), nil); page.URL.Path != "/signin" {
					w.t.Fatalf("after restoring: %d %s", page.Status, page.Text())
				}
			} else if _, err := w.CLI(w.t.Context(), "user", "reactivate", p.Email); err != nil {
				w.t.Fatal(err)
			}
			if w.familyOf(w.ownTokens(p).Access) == family {
				w.t.Errorf("%s: who was removed is back", how)
			}
		}
	})
}
