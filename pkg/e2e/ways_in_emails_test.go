package e2e

import (
	"strings"
	"testing"

	"latchkey/pkg/e2e/openid"
	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

// TestE1_EmailsAboutWaysIn: a mail server hears of a new passkey and of a new account at
// a provider.
func TestE1_EmailsAboutWaysIn(t *testing.T) {
	t.Parallel()
	office := testenv.OpenPostOffice(t, "")
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		provider := openid.New(t)
		w := startWorld(t, set, stack.Setup{AuthEnv: atAName(t).With(withProvider(provider)).With(mailing(office.Addr))})
		provider.Allow(w.Auth.URL + "/auth/work/callback")
		bag, p := w.mailbag(office), w.person()
		s := &waysIn{&endScene{world: w, person: p}, actor.NewAuthenticator(w.Auth.URL), provider}
		s.add("g-1")
		bag.want(p.Email, "A passkey was added to your account", "“"+passkeyName+"”", w.Auth.URL+"/settings/passkeys")
		bag.want(p.Email, "Your account was connected to a sign-in provider", w.Auth.URL+"/settings/identities")
	})
}

// TestE1_CommandsAreToldByEmail: what the operator does at the command line is left in
// the outbox by the command, and sent by the server. The email says who it was, and not
// from where.
func TestE1_CommandsAreToldByEmail(t *testing.T) {
	office := testenv.OpenPostOffice(t, "")
	ownWorld(t, stack.Setup{AuthEnv: mailing(office.Addr)}, func(w *world) {
		bag, p := w.mailbag(office), w.person()
		w.secondFactor(p)
		bag.want(p.Email, "The second factor was turned on")
		if out, err := w.CLI(w.t.Context(), "user", "drop-second-factor", p.Email); err != nil {
			w.t.Fatalf("%v: %s", err, out)
		}
		bag.wantElsewhere(p.Email, "The second factor was turned off", "Done by", "The operator of this server")
		back := p.ElsewhereAs(w.Auth.URL)
		w.signingIn(back)
		if text := w.page(back, "/settings/activity?kind=security").Text(); !strings.Contains(text, "Second factor turned off By the operator of this server") {
			w.t.Errorf("the activity: %s", text)
		}
	})
}
