package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv/actor"
)

// endScene is a person with one of each kind of access that docs/threats.md, "What ends when",
// speaks of; passkeys and connected accounts in waysIn.
type endScene struct {
	*world
	admin, person, elsewhere *actor.Person
	app                      *actor.App // somebody else's, allowed by the person
	pair, phone              Pair
	key                      apiKey
	code                     string
	pkce                     actor.PKCE
	invitation, link         string
	television               *actor.App // an application without a browser
	deviceCode               string     // that the person has allowed it
	next                     *actor.Page
}

func (w *world) endScene() *endScene {
	w.t.Helper()
	s := &endScene{world: w, admin: w.person(), pkce: actor.NewPKCE()}
	s.person = w.member(s.admin, "admin")
	s.elsewhere = s.person.ElsewhereAs(w.Auth.URL)
	if _, err := s.elsewhere.SignIn(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	s.app = w.developed(s.admin)
	s.pair, s.phone = w.tokensOf(s.elsewhere, s.app, "read"), w.ownTokens(s.person)
	s.key = (&keeper{world: w, person: s.person, token: s.phone.Access}).newKey("k", "read", "web", nil)
	s.code, s.pkce = w.code(s.elsewhere, s.app, "read")
	s.invitation = w.invited(s.person, actor.NewPerson(w.Auth.URL).Email, "member")
	s.link = w.resetLink(s.person)
	s.television = w.device()
	s.deviceCode = w.allowedDevice(s.television, s.elsewhere)
	return s
}

// allowedDevice is the code of a device that the person has allowed to act for them.
func (w *world) allowedDevice(app *actor.App, p *actor.Person) string {
	w.t.Helper()
	made := w.beginDevice(app, url.Values{"scope": {"read"}})
	if done := w.decideDevice(p, w.typeCode(p, made.Text("user_code")), "allow"); !strings.Contains(done.Text(), "The device is connected") {
		w.t.Fatalf("%s", done.Text())
	}
	return made.Text("device_code")
}

func (w *world) resetLink(p *actor.Person) string {
	w.t.Helper()
	out, err := w.CLI(w.t.Context(), "user", "reset-link", p.Email, "--json")
	var link struct{ URL string }
	if err == nil {
		err = json.Unmarshal(out, &link)
	}
	if err != nil {
		w.t.Fatalf("%v: %s", err, out)
	}
	return strings.TrimPrefix(link.URL, w.Auth.URL)
}

// happenings carry out the events of the table. What they return lets the person in
// again, where that is not by signing in.
var happenings = map[string]func(s *endScene){
	"new password": func(s *endScene) {
		s.next = s.answer(s.person.Browser, "/settings/password", map[string]string{"password": s.person.Password, "new_password": laterPassword})
		s.person.Password = laterPassword
	},
	"password reset": func(s *endScene) {
		s.answer(actor.NewBrowser(s.Auth.URL), s.resetLink(s.person), map[string]string{"new_password": laterPassword})
		s.person.Password = laterPassword
	},
	"sign out everywhere else": func(s *endScene) {
		if err := s.prepared(s.person, "/settings/signins/others", map[string]string{"action": "end-others"})(); err != nil {
			s.t.Fatal(err)
		}
	},
	"second factor turned on": func(s *endScene) { s.secondFactor(s.person) },
	"second factor turned off": func(s *endScene) {
		codes := s.secondFactor(s.person)
		s.again() // what turning it on has ended
		s.answer(s.person.Browser, "/settings/second-factor/off", map[string]string{"password": s.person.Password, "otp_code": codes[0]})
	},
	"address changed": func(s *endScene) {
		email := actor.NewPerson(s.Auth.URL).Email
		s.answer(s.person.Browser, "/settings/email", map[string]string{"email": email, "password": s.person.Password})
		s.person.Email = email
	},
	"consent taken back": func(s *endScene) {
		for _, app := range []*actor.App{s.app, s.television} {
			s.answer(s.person.Browser, "/settings/applications/one/remove?client_id="+url.QueryEscape(app.Client.ID), map[string]string{"client_id": app.Client.ID})
		}
	},
	"key revoked": func(s *endScene) {
		s.answer(s.person.Browser, keyPages+"/"+s.key.ID+"/revoke", nil)
	},
	"client deleted": func(s *endScene) {
		s.answer(s.admin.Browser, "/settings/developer/"+s.app.Client.ID+"/delete", nil)
		if _, err := s.CLI(s.t.Context(), "client", "delete", s.television.Client.ID); err != nil {
			s.t.Fatal(err)
		}
	},
	"demoted": func(s *endScene) {
		s.familyForm(s.admin, s.person, map[string]string{"action": "role", "role": "member"})
	},
	"removed from the family": func(s *endScene) {
		s.familyForm(s.admin, s.person, map[string]string{"action": "remove"})
	},
	"deactivated": func(s *endScene) {
		id := s.userID(s.person)
		for _, change := range []string{"deactivate", "reactivate"} { // so that what merely stays can be seen
			if _, err := s.CLI(s.t.Context(), "user", change, id); err != nil {
				s.t.Fatal(err)
			}
		}
	},
	"deleted": func(s *endScene) {
		s.closing(s.phone.Access)
		back := s.person.ElsewhereAs(s.Auth.URL)
		s.submit(back, s.signingIn(back), nil)
	},
}

// again gives the person back what another event has ended on the way.
func (s *endScene) again() {
	s.t.Helper()
	elsewhere := s.person.Browser
	s.elsewhere = &actor.Person{Email: s.person.Email, Password: s.person.Password, Browser: elsewhere}
	s.phone = Pair{}
	s.code, s.pkce = s.world.code(s.elsewhere, s.app, "read")
	s.deviceCode = s.allowedDevice(s.television, s.elsewhere)
}

// TestA3_WhatEndsWhen walks the table of docs/threats.md.
func TestA3_WhatEndsWhen(t *testing.T) {
	kinds, rows := endingsTable(t)
	eachWorld(t, func(w *world) {
		for event, effects := range rows {
			happen := happenings[event]
			if happen == nil {
				w.t.Errorf("nobody knows how it comes to %q", event)
				continue
			}
			w.t.Run(event, func(t *testing.T) {
				s := (&world{Stack: w.Stack, t: t}).endScene()
				happen(s)
				for i, kind := range kinds {
					if kind == "passkeys" || kind == "identities" || kind == "first-party grants" && s.phone.Access == "" {
						continue
					}
					if alive := s.alive(kind); alive == (effects[i] == "ends") {
						t.Errorf("%s: alive is %v, the table says %s", kind, alive, effects[i])
					}
				}
			})
		}
	})
}

// endingsTable reads what the document says.
func endingsTable(t *testing.T) (kinds []string, rows map[string][]string) {
	t.Helper()
	root, err := stack.Root()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(root, "docs", "threats.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(raw), "\n| event | ")
	head, table, _ := strings.Cut(table, "\n")
	_, table, _ = strings.Cut(table, "\n")
	table, _, _ = strings.Cut(table, "\n\n")
	rows = map[string][]string{}
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "| "), " | ")
		rows[cells[0]] = cells[1:]
	}
	return strings.Split(strings.TrimSuffix(head, " |"), " | "), rows
}

// alive reports whether a kind of access of the endScene still does anything.
func (s *endScene) alive(kind string) bool {
	s.t.Helper()
	switch kind {
	case "browser sign-ins":
		return s.page(s.elsewhere, "/settings/account").URL.Path == "/settings/account"
	case "first-party grants":
		return s.active(s.phone.Access) || s.refreshApp(s.phone.Refresh, "phone").Status == http.StatusOK
	case "third-party grants":
		return s.active(s.pair.Access) || s.refresh(s.app, s.pair.Refresh).Status == http.StatusOK
	case "codes in flight":
		return s.exchange(s.app, s.code, s.pkce.Verifier).Status == http.StatusOK
	case "device codes":
		return s.poll(s.television, s.deviceCode).Status == http.StatusOK
	case "API keys":
		return s.active(s.key.Key)
	case "consents":
		return s.remembered()
	case "invitations made":
		return s.page(actor.NewPerson(s.Auth.URL), s.invitation).Status == http.StatusOK
	case "pending links":
		return s.page(actor.NewPerson(s.Auth.URL), s.link).Status == http.StatusOK
	}
	s.t.Fatalf("nobody knows what %q are", kind)
	return false
}

// remembered reports whether the person is listed as having allowed the application.
func (s *endScene) remembered() bool {
	s.t.Helper()
	page := s.page(s.person, "/settings/applications")
	if page.URL.Path == "/signin" {
		fresh := s.person.ElsewhereAs(s.Auth.URL)
		if _, err := fresh.SignIn(s.t.Context()); err != nil {
			s.t.Fatal(err)
		}
		page = s.page(fresh, "/settings/applications")
	}
	return strings.Contains(page.Text(), racedApp)
}
