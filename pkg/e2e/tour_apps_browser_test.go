//go:build browser

package e2e

import (
	"time"

	"latchkey/pkg/testenv/actor"
)

// tourApplications looks at what a person has allowed: in use, hardly needed any more,
// and ended. Elsewhere is another browser of theirs.
func (w *world) tourApplications(b *tab, at func(page, path string), elsewhere *actor.Person, app *actor.App) {
	ledger := w.client("https://ledger.example.com/callback", "--public", "--name", "Paper Ledger")
	gone := w.client("https://sheets.example.net/callback", "--public", "--name", "Sheet Sync")
	for _, one := range []*actor.App{app, app, ledger, gone} {
		w.tokensOf(elsewhere, one, "read")
	}
	long := time.Now().UTC().Add(-120 * 24 * time.Hour)
	if _, err := openDB(w.t, w.AuthDB).Exec(w.t.Context(), `UPDATE grants SET access_issued_at = $2, used_at = $2 WHERE client_id = $1`, ledger.Client.ID, long); err != nil {
		w.t.Fatal(err)
	}
	w.answer(elsewhere.Browser, "/settings/applications/one/remove?client_id="+gone.Client.ID, nil)
	at("applications-by-use", "/settings/applications")
	at("applications-ended", "/settings/applications?show=ended")
}

// tourConfirmedKey looks at the way to a key of somebody who signed in some time ago.
func (w *world) tourConfirmedKey(b *tab, look func(page string), p *actor.Person) {
	_, err := openDB(w.t, w.AuthDB).Exec(w.t.Context(), `UPDATE signins SET confirmed_at = $2 WHERE user_id = (SELECT id FROM users WHERE email = $1)`, p.Email, time.Now().UTC().Add(-time.Hour))
	if err != nil {
		w.t.Fatal(err)
	}
	b.visit(w.Auth.URL + "/settings/api_keys/new")
	b.typeIn("input[name=name]", "Phone widget")
	if _, err := ask[bool](b, `document.querySelector("input[value=mobile]").checked = true`); err != nil {
		w.t.Fatal(err)
	}
	b.press("main form button[type=submit]")
	b.until(`document.querySelector("input[name=password]") !== null`)
	look("key-confirm")
	b.typeIn("input[name=password]", p.Password)
	b.press("main form button[type=submit]")
	b.until(`document.querySelector("code#key") !== null`)
	look("key-confirmed")
}
