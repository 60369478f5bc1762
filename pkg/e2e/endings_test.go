package e2e

import (
	"encoding/json"
	"errors"
	"html"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

// What an ending does to something that was given: nothing, it dies, or it lives
// on only where the person can see it.
type effect int

const (
	untouched effect = iota
	dead
	listed
)

// ending is a way in which somebody's access ends.
type ending struct {
	name     string
	prepare  func(r *race) (end func() error)
	inFamily bool   // of somebody who has joined a family
	silently bool   // nobody presses "allow" meanwhile, for that would give access again
	codes    effect // of the application
	apps     effect // tokens of the application
	logins   effect // tokens of the product's own app
}

var endings = []ending{
	{name: "the password is changed", prepare: (*race).changePassword, codes: dead, apps: dead, logins: dead},
	{name: "the password is reset", prepare: (*race).resetPassword, codes: dead, apps: dead, logins: dead},
	{name: "everything is signed out", prepare: (*race).signEverythingOut, codes: dead, apps: listed, logins: listed},
	{name: "the consent is taken back", prepare: (*race).takeConsentBack, silently: true, codes: dead, apps: dead},
	{name: "the consent is taken back and given again", prepare: (*race).takeConsentBack, codes: listed, apps: listed},
	{name: "the client is deleted", prepare: (*race).deleteClient, codes: dead, apps: dead},
	{name: "the member is removed", prepare: (*race).removeMember, inFamily: true, codes: dead, apps: dead, logins: listed},
	{name: "the account is deleted", prepare: (*race).deleteAccount, codes: dead, apps: dead, logins: dead},
}

// production reports whether the engines are those of production.
func (w *world) production() bool { return strings.HasPrefix(w.AuthDB, "postgres") }

// rounds is how often each race is run: RACES=all runs it for long.
func (w *world) rounds() int {
	switch {
	case os.Getenv("RACES") != "all":
		return 20
	case w.production():
		return 200
	}
	return 50
}

// TestA2_WhatIsGivenWhileAccessEndsEndsToo gives access by codes, tokens and
// sign-ins while it ends, the end coming a little later in every round. In
// production codes are redeemed at another replica than where access ends.
func TestA2_WhatIsGivenWhileAccessEndsEndsToo(t *testing.T) {
	// An end that the service gives up because the machine is busy ends nothing.
	patient := process.Env{"AUTH_REQUEST_TIMEOUT": "2m"}
	ownWorld(t, stack.Setup{AuthEnv: cheapPasswords.With(manyGrants).With(patient)}, func(w *world) {
		redeemAt := w.Auth
		if w.production() {
			var err error
			if redeemAt, err = w.AddAuth(t.Context(), nil); err != nil {
				w.t.Fatal(err)
			}
		}
		for _, e := range endings {
			w.t.Run(e.name, func(t *testing.T) {
				for round := range w.rounds() {
					r := (&world{Stack: w.Stack, t: t}).newRace(e.inFamily)
					r.back = &actor.App{Issuer: redeemAt.URL, Client: r.app.Client, RedirectURI: r.app.RedirectURI}
					r.run(e, round%8)
					if r.settle(e); t.Failed() {
						t.Fatalf("in round %d", round)
					}
				}
			})
		}
	})
}

// settle holds all that was given against its effect.
func (r *race) settle(e ending) {
	r.t.Helper()
	apps, phones := "", ""
	if e.apps == listed || e.logins == listed {
		apps, phones = r.seen("/settings/applications"), r.seen("/settings/signins")
	}
	appShown := strings.Contains(apps, racedApp)
	for _, pair := range r.pairs {
		if e.apps == dead || !appShown {
			r.wantDead(pair, "the application", func() *actor.Answer { return r.refresh(r.app, pair.Refresh) })
		}
	}
	for device, pair := range r.logins {
		if e.logins == dead || !strings.Contains(phones, "Ada's "+device+" ") {
			r.wantDead(pair, device, func() *actor.Answer { return r.refreshApp(pair.Refresh, device) })
		}
	}
	for _, code := range r.kept {
		if e.codes == listed && appShown {
			break
		}
		if answer := r.exchange(r.app, code, r.pkce.Verifier); answer.Status == http.StatusOK {
			r.t.Error("a code redeems")
		}
	}
}

// wantDead wants a pair to open nothing and to be refreshed by nobody.
func (r *race) wantDead(pair Pair, whose string, refresh func() *actor.Answer) {
	r.t.Helper()
	r.wantActive(pair.Access, false, "a token of "+whose)
	if refreshed := refresh(); refreshed.Status == http.StatusOK || refreshed.Status >= http.StatusInternalServerError {
		r.t.Errorf("a refresh of %s: %s", whose, refreshed)
	}
}

// laterRows are the links to further rows of a page's lists.
var laterRows = regexp.MustCompile(`href="([^"]+)" rel="next"`)

// seen is what the person reads on a page of theirs, to the end of its lists.
func (r *race) seen(path string) string {
	r.t.Helper()
	reader := r.owner.ElsewhereAs(r.Auth.URL)
	if _, err := reader.SignIn(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	var text strings.Builder
	for parts := []string{path}; len(parts) > 0; parts = parts[1:] {
		page := r.page(reader, parts[0])
		text.WriteString(page.Text() + "\n")
		for _, link := range laterRows.FindAllStringSubmatch(page.Body, -1) {
			if part := html.UnescapeString(link[1]); !slices.Contains(parts, part) {
				parts = append(parts, part)
			}
		}
	}
	return text.String()
}

// refreshApp refreshes as the product's own app does.
func (w *world) refreshApp(token, device string) *actor.Answer {
	w.t.Helper()
	body := map[string]any{"refresh_token": token, "device": newDevice(device)}
	answer, err := (&actor.App{}).Call(w.t.Context(), http.MethodPost, w.Auth.URL+"/api/v1/auth/refresh", "", body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer
}

// The ends. Each is prepared up to the one request that is sent in the race.

const (
	racedApp      = "Raced app"
	laterPassword = "Another-1!password"
)

func (r *race) changePassword() func() error {
	return r.prepared(r.owner, "/settings/password", map[string]string{"password": r.owner.Password, "new_password": laterPassword})
}

func (r *race) resetPassword() func() error {
	out, err := r.CLI(r.t.Context(), "user", "reset-link", r.owner.Email, "--json")
	var link struct{ URL string }
	if err == nil {
		err = json.Unmarshal(out, &link)
	}
	if err != nil {
		r.t.Fatalf("%v: %s", err, out)
	}
	return r.prepared(actor.NewPerson(r.Auth.URL), link.URL, map[string]string{"new_password": laterPassword})
}

func (r *race) signEverythingOut() func() error {
	return r.prepared(r.owner, "/settings/signins/others", map[string]string{"action": "end-others"})
}

func (r *race) takeConsentBack() func() error {
	path := "/settings/applications/one/remove?client_id=" + url.QueryEscape(r.app.Client.ID)
	return r.prepared(r.owner, path, map[string]string{"client_id": r.app.Client.ID})
}

func (r *race) deleteClient() func() error {
	return r.prepared(r.owner, "/settings/developer/"+r.app.Client.ID+"/delete", nil)
}

func (r *race) removeMember() func() error {
	return r.prepared(r.admin, "/settings/family", map[string]string{"action": "remove"}, "id")
}

func (r *race) deleteAccount() func() error {
	token := r.login(r.owner, "the first").Text("access_token")
	return func() error {
		answer, err := (&actor.App{}).Call(r.t.Context(), http.MethodDelete, r.Auth.URL+"/api/v1/users/me", token, nil)
		return errors.Join(err, wantOne(answer, http.StatusOK))
	}
}
