//go:build browser

package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

// tour opens every page of the authorization server in b, in every state a
// person can bring it to, and calls look with the page open.
func (w *world) tour(b *tab, look func(page string)) {
	at := func(page, path string) {
		b.visit(w.Auth.URL + path)
		look(page)
	}
	at("landing", "/")
	at("signup", "/signup")
	at("signin", "/signin")
	at("forgot", "/forgot")
	at("preferences-signed-out", "/preferences")
	at("forgot-sent", "/forgot?sent")
	at("reset-gone", "/reset?token=x")
	at("not-found", "/nothing-here")
	at("refused-request", "/oauth/authorize?client_id=nobody")
	b.visit(w.Auth.URL + "/signup")
	b.typeIn("input[name=email]", "no address")
	b.typeIn("input[name=password]", "weak")
	b.press("main form button[type=submit]")
	b.until(`document.querySelectorAll(".errors").length === 2`)
	look("signup-refused")
	b.visit(w.Auth.URL + "/signin")
	b.typeIn("input[name=email]", "nobody@example.com")
	b.typeIn("input[name=password]", "Not the password 1!")
	b.press("main form button[type=submit]")
	b.until(`document.querySelector("[role=alert]") !== null`)
	look("signin-refused")

	app, p := newCallbackApp(w), actor.NewPerson(w.Auth.URL)
	consent := func(scope string) string {
		return strings.TrimPrefix(app.AuthorizeURL(actor.NewPKCE(), scope, "s", nil), w.Auth.URL)
	}
	at("signin-for-an-application", consent("read"))
	b.signUp(w, p)
	at("confirm-address", w.linkFor(w.office, p.Email, "/confirm?"))
	at("settings-email-confirmation", "/settings/email/confirmation")
	at("settings-email-confirmation-sent", "/settings/email/confirmation?sent")
	at("consent", consent("read"))
	b.press("button[name=decision][value=allow]")
	b.arrive("/callback")
	at("consent-more", consent("read_write"))
	if heading, err := ask[string](b, `document.documentElement.lang + " " + document.querySelector("h1").textContent`); err != nil ||
		heading != "en Allow Budget Buddy to change your household's finances too?" && heading != "de Budget Buddy die Finanzen Ihres Haushalts auch ändern lassen?" {
		w.t.Errorf("who allowed read is asked for read_write by %q: %v", heading, err)
	}
	b.visit(w.Auth.URL + consent("read_write"))
	b.press("button[name=decision][value=allow]")
	b.arrive("/callback")

	elsewhere := p.ElsewhereAs(w.Auth.URL)
	w.signingIn(elsewhere)
	w.tourClients(b, look, app)
	w.tourSettings(b, at, look, app)
	w.tourDeveloper(b, at, look)
	w.tourKeys(b, look)
	w.tourConfirmedKey(b, look, p)
	w.tourApplications(b, at, elsewhere, app.App)
	w.tourActivity(b, at, p)
	w.tourOperator(b, at, look)
	w.tourSecondFactor(b, at, look, p)
	w.tourReset(b, look, p)
	leaves := w.person()
	at("deletion", w.answer(leaves.Browser, "/settings/delete", map[string]string{"password": leaves.Password}).URL.RequestURI())
}

// tourSettings opens what a person finds without doing anything.
func (w *world) tourSettings(b *tab, at func(page, path string), look func(page string), app *callbackApp) {
	at("home", "/")
	for _, page := range []string{
		"account", "email", "export", "security", "password", "passkeys", "signins", "activity", "activity/not-me", "applications", "family", "family/time-zone",
		"developer", "developer/new", "api_keys", "api_keys/new", "delete",
	} {
		at("settings-"+strings.ReplaceAll(page, "/", "-"), "/settings/"+page)
	}
	at("application", "/settings/applications/one?client_id="+app.Client.ID)
	at("application-remove", "/settings/applications/one/remove?client_id="+app.Client.ID)
	at("signins-others", "/settings/signins/others")
	b.visit(w.Auth.URL + "/settings/signins")
	b.press(`main a[href$="/recognise"]`)
	b.until(`location.pathname.endsWith("/recognise")`)
	look("signin-recognise")
	at("email-sent", "/settings/email?sent")
	at("preferences", "/preferences")
	at("signout", "/signout")
	at("not-yours", "/settings/developer/nobody")
	b.visit(w.Auth.URL + "/settings/password")
	b.press("main form button[type=submit]")
	b.until(`document.querySelector(".errors") !== null`)
	look("password-refused")
	b.visit(w.Auth.URL + "/settings/family")
	b.typeIn("input[name=email]", "guest@example.com")
	b.press("button[value=invite]")
	b.until(`document.body.textContent.includes("guest@example.com")`)
	look("family-invited")
	b.press(`main a[href^="/settings/family/invitations/"]`)
	b.until(`location.pathname.startsWith("/settings/family/invitations/")`)
	look("invitation-end")
	at("join-signed-in", w.linkFor(w.office, "guest@example.com", "/join?"))
}

// tourOperator opens the pages of the person in charge, who signed up first.
func (w *world) tourOperator(b *tab, at func(page, path string), look func(page string)) {
	w.person()
	at("operator-quiet", "/operator")
	w.crowd()
	w.busy("instance", "signins", "refused", "tokens")
	w.slow()
	w.longAgo()
	for _, page := range []string{"?period=24h", "?period=7d", "?period=year", "?table=latency"} {
		at("operator-"+strings.NewReplacer("?period=", "", "?table=", "table-").Replace(page), strings.Replace("/operator/"+page, "/?", "?", 1))
	}
	at("operator-busy", "/operator")
	w.undelivered()
	w.guessed()
	for _, page := range []string{"", "health", "look", "people", "people?q=nobody-at-all", "families", "applications", "keys", "invites", "invites/new", "servers", "registrations", "registrations/new", "events", "erasures"} {
		at("operator-"+strings.NewReplacer("/", "-", "?q=", "-").Replace(page), strings.TrimSuffix("/operator/"+page, "/"))
	}
	b.visit(w.Auth.URL + "/operator/people?q=Noor") // what is open covers no other row
	if _, err := ask[bool](b, `document.querySelector("tbody tr:has(.ends) .act").open = true`); err != nil {
		w.t.Fatal(err)
	}
	look("operator-people-menu")
	for list, pages := range map[string][]string{
		"people": {"", "/deactivate", "/reset-link"}, "families": {""}, "applications": {""}, "keys": {"", "/tier", "/revoke"},
	} {
		b.visit(w.Auth.URL + "/operator/" + list)
		path, err := ask[string](b, `document.querySelector("tbody th a").getAttribute("href")`)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, page := range pages {
			at("operator-"+list+"-one"+strings.ReplaceAll(page, "/", "-"), path+page)
		}
	}
}

// tourDeveloper registers an application and deletes it.
func (w *world) tourDeveloper(b *tab, at func(page, path string), look func(page string)) {
	b.visit(w.Auth.URL + "/settings/developer/new")
	b.press("main form button[type=submit]")
	b.until(`document.querySelectorAll(".errors").length === 2`)
	look("client-refused")
	b.typeIn("input[name=name]", "My own app")
	b.typeIn("textarea[name=redirect_uris]", "https://app.example/callback")
	b.tabTo("input[name=auth_method]")
	if _, err := ask[bool](b, `document.querySelector("[value=client_secret_basic]").checked = true`); err != nil {
		w.t.Fatal(err)
	}
	b.press("main form button[type=submit]")
	b.until(`document.querySelector("code#secret") !== null`)
	look("client-secret")
	b.press("main a.button.primary")
	b.until(`location.pathname.startsWith("/settings/developer/") && document.querySelector(".chart") !== null`)
	look("client")
	path, err := ask[string](b, "location.pathname")
	if err != nil {
		w.t.Fatal(err)
	}
	at("client-rotate", path+"/rotate")
	at("clients", "/settings/developer")
	own := &actor.App{Issuer: w.Auth.URL, Client: actor.Credential{ID: path[strings.LastIndex(path, "/")+1:]}, RedirectURI: "https://app.example/callback"}
	at("client-program", path+"/program")
	w.tourTestRun(b, look, own)
	b.visit(own.AuthorizeURL(actor.NewPKCE(), "read", "s", nil))
	look("consent-own")
	at("client-delete", path+"/delete")
	b.press("main form button[type=submit]")
	b.arrive("/settings/developer")
	look("client-deleted")
}

// tourTestRun tries one's own application, with a wrong secret, and looks at what its
// page says of that.
func (w *world) tourTestRun(b *tab, look func(page string), own *actor.App) {
	path := "/settings/developer/" + own.Client.ID
	b.visit(w.Auth.URL + path)
	b.press(`main a[href$="/try"]`)
	b.arrive(path + "/try")
	look("test-run")
	b.typeIn("input[name=client_secret]", "not the secret")
	b.press("main form button[type=submit]")
	b.until(`document.querySelector(".run") !== null`)
	look("test-run-refused")
	wrong := *own
	wrong.RedirectURI = "https://app.example/calback"
	w.browse(wrong.AuthorizeURL(actor.NewPKCE(), "read", "s", nil))
	w.busy("client", own.Client.ID)
	b.visit(w.Auth.URL + path)
	look("client-errors")
}

// tourKeys makes an API key and looks at it.
func (w *world) tourKeys(b *tab, look func(page string)) {
	b.visit(w.Auth.URL + "/settings/api_keys/new")
	b.typeIn("input[name=name]", "Nightly export")
	b.press("main form button[type=submit]")
	b.until(`document.querySelector("code#key") !== null`)
	look("key-made")
	key, err := ask[string](b, `document.querySelector("code#key").textContent`)
	if err != nil {
		w.t.Fatal(err)
	}
	for range 103 { // three more than it may
		w.useAPI(http.MethodGet, "/api/v1/accounts", key, nil)
	}
	b.visit(w.Auth.URL + "/settings/api_keys")
	look("keys")
	b.press(".rows .open")
	b.until(`location.pathname.startsWith("/settings/api_keys/")`)
	look("key")
	path, err := ask[string](b, "location.pathname")
	if err != nil {
		w.t.Fatal(err)
	}
	w.busy("key", path[strings.LastIndex(path, "/")+1:])
	w.usedFrom(path[strings.LastIndex(path, "/")+1:])
	b.visit(w.Auth.URL + path)
	look("key-busy")
	b.visit(w.Auth.URL + "/")
	look("home-busy")
	for _, page := range []string{"rotate", "revoke"} {
		b.visit(w.Auth.URL + path + "/" + page)
		look("key-" + page)
	}
}

// tourSecondFactor turns one on and meets it at sign-in.
func (w *world) tourSecondFactor(b *tab, at func(page, path string), look func(page string), p *actor.Person) {
	at("second-factor", "/settings/second-factor")
	w.setUpSecondFactor(b)
	look("recovery-codes")
	at("security-on", "/settings/security")
	at("second-factor-off", "/settings/second-factor/off")
	at("second-factor-recovery", "/settings/second-factor/recovery")
	b.signOut(w)
	b.visit(w.Auth.URL + "/signin")
	b.typeIn("input[name=email]", p.Email)
	b.typeIn("input[name=password]", p.Password)
	b.press("form[action='/signin'] button[type=submit]")
	b.arrive("/signin/second-factor")
	look("second-step")
}

// tourReset follows a link of the operator's to its end.
func (w *world) tourReset(b *tab, look func(page string), p *actor.Person) {
	out, err := w.CLI(w.t.Context(), "user", "reset-link", p.Email)
	if err != nil {
		w.t.Fatal(err)
	}
	b.visit(strings.TrimSpace(string(out)))
	look("reset")
	b.typeIn("input[name=new_password]", "Another-1!password")
	b.press("main form button[type=submit]")
	b.arrive("/signin")
	look("signin-after-reset")
}

func newTour(t *testing.T) *world {
	t.Helper()
	chromium(t)
	office := testenv.OpenPostOffice(t, "")
	w := startWorld(t, testenv.Embedded, stack.Setup{AuthEnv: mailing(office.Addr).With(process.Env{"AUTH_THROTTLE_RESET": "off", "AUTH_REGISTRATION": "open"})})
	w.office = office
	return w
}

// brief describes a list without drowning the log.
func brief(list []string) string {
	const most = 8
	if len(list) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:most], "; "), len(list)-most)
	}
	return strings.Join(list, "; ")
}
