package e2e

import (
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"latchkey/pkg/e2e/openid"
	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

// atAName is the environment of a server at a host name: there are passkeys nowhere
// else.
func atAName(t *testing.T) process.Env {
	t.Helper()
	addr, err := process.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return process.Env{"AUTH_ADDR": addr, "AUTH_ISSUER": "http://localhost:" + port}
}

// withProvider lets people sign in at a provider.
func withProvider(provider *openid.Provider) process.Env {
	return process.Env{
		"AUTH_SSO_PROVIDERS": "work", "AUTH_SSO_WORK_ISSUER": provider.URL, "AUTH_SSO_WORK_CLIENT_ID": openid.ClientID,
		"AUTH_SSO_WORK_CLIENT_SECRET": openid.ClientSecret,
	}
}

// waysIn are what a person of an endScene can sign in with besides the password.
type waysIn struct {
	*endScene
	device   *actor.Authenticator
	provider *openid.Provider
}

const passkeyName = "Blue phone"

// add gives the person a passkey and an account at the provider.
func (w *waysIn) add(subject string) {
	w.t.Helper()
	b := w.person.Browser
	page := w.ceremony(b, "/settings/passkeys", map[string]string{"passkey_name": passkeyName}, w.device.Create)
	if !strings.Contains(page.Text(), passkeyName) {
		w.t.Fatalf("no passkey: %d %s", page.Status, page.Text())
	}
	w.provider.Person(subject, subject+"@example.com", true)
	page = w.page(w.person, "/settings/identities")
	form, err := page.Form("intent")
	if err != nil {
		w.t.Fatalf("%v: %s", err, page.Body)
	}
	left, err := b.Submit(w.t.Context(), page, form, "", "")
	if err != nil {
		w.t.Fatal(err)
	}
	if page = w.throughProvider(b, left); !strings.Contains(page.Text(), "The account was connected") {
		w.t.Fatalf("not connected: %s %s", page.URL, page.Text())
	}
}

// ceremony submits the form of a page that asks a device.
func (w *waysIn) ceremony(b *actor.Browser, path string, values map[string]string, ask func(options []byte) (string, error)) *actor.Page {
	w.t.Helper()
	page, err := b.Get(w.t.Context(), path)
	if err != nil {
		w.t.Fatal(err)
	}
	form, err := page.Form("credential")
	if err != nil {
		w.t.Fatalf("%s: %v", page.URL, err)
	}
	form.Fill(values)
	options, err := b.Post(w.t.Context(), form.Action+"/options", form.Values)
	if err != nil || options.Status != http.StatusOK {
		w.t.Fatalf("options: %v, %v", options, err)
	}
	answer, err := ask([]byte(options.Body))
	if err != nil {
		w.t.Fatal(err)
	}
	form.Values.Set("credential", answer)
	if page, err = b.Submit(w.t.Context(), page, form, "", ""); err != nil {
		w.t.Fatal(err)
	}
	return page
}

// throughProvider goes on where a page has led to the provider.
func (w *waysIn) throughProvider(b *actor.Browser, page *actor.Page) *actor.Page {
	w.t.Helper()
	if page.Left == nil {
		w.t.Fatalf("it did not lead to the provider: %d %s", page.Status, page.Text())
	}
	page, err := b.Get(w.t.Context(), w.provider.SignIn(w.t, page.Left).String())
	if err != nil {
		w.t.Fatal(err)
	}
	return page
}

// effect is what has become of a way in: asked, where the next page asks about it.
func (w *waysIn) effect(kind string) string {
	w.t.Helper()
	named := map[string]string{"passkeys": passkeyName, "identities": "Work"}[kind]
	fresh := w.person.ElsewhereAs(w.Auth.URL)
	next := []*actor.Page{w.next, w.signingIn(fresh)}
	if slices.ContainsFunc(next, func(page *actor.Page) bool {
		return page != nil && strings.HasSuffix(page.URL.Path, "/review") && strings.Contains(strings.ToLower(page.Text()), strings.ToLower(named))
	}) {
		return "asked"
	}
	b := actor.NewBrowser(w.Auth.URL)
	if kind == "passkeys" {
		w.ceremony(b, "/signin", nil, w.device.Get)
	} else {
		page, err := b.Get(w.t.Context(), "/auth/work")
		if err != nil {
			w.t.Fatal(err)
		}
		if page = w.throughProvider(b, page); page.URL.Path == "/signin/second-factor" {
			return "stays" // it stands for the password, and the second factor is asked for
		}
	}
	if page, err := b.Get(w.t.Context(), "/settings/account"); err != nil || page.URL.Path != "/settings/account" {
		return "ends"
	}
	return "stays"
}

// TestA3_WhatEndsWhenOfWaysIn walks the last columns of the table of docs/threats.md.
func TestA3_WhatEndsWhenOfWaysIn(t *testing.T) {
	t.Parallel()
	kinds, rows := endingsTable(t)
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		provider := openid.New(t)
		w := startWorld(t, set, stack.Setup{AuthEnv: atAName(t).With(withProvider(provider)).With(cheapPasswords)})
		provider.Allow(w.Auth.URL + "/auth/work/callback")
		for event, effects := range rows {
			w.t.Run(event, func(t *testing.T) {
				s := &waysIn{(&world{Stack: w.Stack, t: t}).endScene(), actor.NewAuthenticator(w.Auth.URL), provider}
				s.add(strings.ReplaceAll(event, " ", "-"))
				happenings[event](s.endScene)
				for _, kind := range []string{"passkeys", "identities"} {
					if got, want := s.effect(kind), effects[slices.Index(kinds, kind)]; got != want {
						t.Errorf("%s: %s, the table says %s", kind, got, want)
					}
				}
			})
		}
	})
}
