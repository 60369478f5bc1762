package web_test

import (
	"net/http"
	"strings"
	"testing"

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
