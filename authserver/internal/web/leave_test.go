package web_test

import (
	"net/http"
	"strings"
	"testing"

	"latchkey/pkg/testenv"
)

// Who leaves takes the applications they developed along; who is deactivated
// gets them back with the account.
func TestApplicationsFollowTheirDeveloper(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		p := signedUp(t, s)
		answer(t, p.Browser, "/settings/developer/new", map[string]string{
			"name": "Budget", "redirect_uris": "https://app.example/cb", "scopes": "read", "auth_method": "none",
		})
		id := clientID(t, s, p.Email)
		u, err := s.Store.FindUserByEmail(t.Context(), p.Email)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.People.Deactivate(t.Context(), u.ID); err != nil {
			t.Fatal(err)
		}
		if c, err := s.Store.FindClient(t.Context(), id); err != nil || !c.Disabled() {
			t.Errorf("of somebody deactivated: %+v %v", c, err)
		}
		if err := s.People.Reactivate(t.Context(), u.ID); err != nil {
			t.Fatal(err)
		}
		if c, err := s.Store.FindClient(t.Context(), id); err != nil || c.Disabled() {
			t.Errorf("of somebody reactivated: %+v %v", c, err)
		}
		if page := signInAs(t, s, p.Email, p.Password); page.Status != http.StatusOK || !strings.Contains(page.Text(), "Hello") {
			t.Fatalf("%d %s", page.Status, page.Text())
		}
		if err := s.People.Delete(t.Context(), u.ID); err != nil {
			t.Fatal(err)
		}
		if c, err := s.Store.FindClient(t.Context(), id); err == nil {
			t.Errorf("of somebody deleted: %+v", c)
		}
	})
}
