package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

// A link that is gone leads on to where its reader gets further, and says so.
func TestAGoneLinkLeadsOn(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		for path, onward := range map[string]string{
			"/join?code=inv_x": `href="/">Go to the home page`, "/restore?token=rsr_x": `href="/signin">Sign in`, "/deletion?token=del_x": `href="/signin">Sign in`,
			"/reset?token=rst_x": `href="/forgot">Request a new link`, "/confirm?token=x": `href="/settings/email/confirmation">Request a new link`,
		} {
			page, err := actor.NewBrowser(s.URL).Get(t.Context(), path)
			if err != nil || page.Status != http.StatusNotFound || !strings.Contains(page.Text(), "This link no longer works") || !strings.Contains(page.Body, onward) {
				t.Errorf("%s: %v, %d %s", path, err, page.Status, page.Text())
			}
		}
	})
}

// What is told of an application that was deleted names it or says that it is gone, and never
// by its id: to its developer, to somebody who had allowed it, and to the operator.
func TestEventsOfADeletedApplication(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		boss, p := signedUp(t, s), signedUp(t, s)
		fill(t, p.Browser, open(t, p.Browser, "/settings/developer/new"), map[string]string{
			"name": "Paper Ledger", "auth_method": "none", "scopes": "read", "redirect_uris": "https://mine.example/cb",
		})
		mine, err := s.Store.ListClients(t.Context(), userID(t, boss, p))
		if err != nil || len(mine) != 1 {
			t.Fatalf("%d, %v", len(mine), err)
		}
		id := mine[0].ID
		if err := s.events.Record(t.Context(), authserver.Event{Kind: authserver.EventConsentGiven, UserID: userID(t, boss, boss), ClientID: id}); err != nil {
			t.Fatal(err)
		}
		s.clock.advance(time.Minute)
		fill(t, p.Browser, open(t, p.Browser, "/settings/developer/"+id+"/delete"), nil)
		for where, want := range map[string][]string{
			"/settings/activity":             {"You deleted the application Paper Ledger", "You registered the application Paper Ledger"},
			"/settings/activity.csv?days=30": {"You deleted the application Paper Ledger", "You registered the application Paper Ledger"},
		} {
			page := open(t, p.Browser, where)
			wantText(t, page, want...)
			if strings.Contains(page.Text(), id) {
				t.Errorf("%s shows an id: %s", where, page.Text())
			}
		}
		for where, want := range map[string][]string{
			"/settings/activity": {"Application allowed", "The application no longer exists"}, "/": {"Application allowed", "The application no longer exists"},
			"/operator/events": {"Application deleted", "Paper Ledger No longer exists"},
		} {
			page := open(t, boss.Browser, where)
			wantText(t, page, want...)
			if strings.Contains(page.Text(), id) {
				t.Errorf("%s shows an id: %s", where, page.Text())
			}
		}
	}, withOperator)
}
