package e2e

import (
	"net/http"
	"strings"
	"testing"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

// resetByEmail chooses a new password with the link of an email, and signs in.
func (w *world) resetByEmail(office *testenv.PostOffice, email string) *actor.Person {
	w.t.Helper()
	owner := &actor.Person{Email: email, Password: laterPassword, Browser: actor.NewBrowser(w.Auth.URL)}
	w.answer(owner.Browser, "/forgot", map[string]string{"email": email})
	w.answer(owner.Browser, w.linkFor(office, email, "/reset?"), map[string]string{"new_password": laterPassword})
	w.signingIn(owner)
	return owner
}

// TestA3_AResetForgetsASquattersApplications: whoever has signed up with somebody's
// address has the secrets of what was registered there.
func TestA3_AResetForgetsASquattersApplications(t *testing.T) {
	office := testenv.OpenPostOffice(t, "")
	ownWorld(t, stack.Setup{AuthEnv: mailing(office.Addr)}, func(w *world) {
		for _, confirmed := range []bool{false, true} {
			squatter, other := w.person(), w.person()
			if link := w.linkFor(office, squatter.Email, "/confirm?"); confirmed {
				w.answer(squatter.Browser, link, nil)
			}
			app := w.developed(squatter)
			pair := w.tokensOf(other, app, "read")
			owner := w.resetByEmail(office, squatter.Email)
			if alive := w.active(pair.Access); alive != confirmed {
				w.t.Errorf("confirmed %v: a token of the application is active: %v", confirmed, alive)
			}
			if again := w.refresh(app, pair.Refresh); (again.Status == http.StatusOK) != confirmed || again.Status >= http.StatusInternalServerError {
				w.t.Errorf("confirmed %v: a refresh: %s", confirmed, again)
			}
			if listed := strings.Contains(w.page(owner, "/settings/developer").Text(), racedApp); listed != confirmed {
				w.t.Errorf("confirmed %v: the application is listed: %v", confirmed, listed)
			}
			if told := strings.Contains(w.page(owner, "/settings/activity?kind=applications").Text(), " deleted"); told == confirmed {
				w.t.Errorf("confirmed %v: the activity tells it: %v", confirmed, told)
			}
			if page := w.page(other, "/settings/applications"); strings.Contains(page.Text(), racedApp) != confirmed {
				w.t.Errorf("confirmed %v: what the other has allowed: %s", confirmed, page.Text())
			}
		}
	})
}
