package e2e

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

var linkInEmail = regexp.MustCompile(`(?m)^https?://\S+`)

// linkIn is the link of an email; "": it has none. The text and the HTML have the same.
func linkIn(t *testing.T, raw string) string {
	t.Helper()
	e := testenv.ReadEmail(t, raw)
	link := linkInEmail.FindString(e.Text)
	if link != "" && !strings.Contains(e.HTML, `href="`+html.EscapeString(link)+`"`) {
		t.Errorf("the text links to %s, and the HTML does not: %s", link, e.HTML)
	}
	return link
}

// answer gets a page, fills in its form that has the named fields, and submits it
// with the button, when one is named.
func (w *world) answer(b *actor.Browser, path string, values map[string]string, button ...string) *actor.Page {
	w.t.Helper()
	page, err := b.Get(w.t.Context(), path)
	if err != nil {
		w.t.Fatal(err)
	}
	names := []string{"csrf_token"}
	for name := range values {
		names = append(names, name)
	}
	form, err := page.Form(names...)
	if err != nil {
		w.t.Fatal(err)
	}
	form.Fill(values)
	button = append(button, "", "")
	if page, err = b.Submit(w.t.Context(), page, form, button[0], button[1]); err != nil {
		w.t.Fatal(err)
	}
	return page
}

// allAnswer asks every replica of the resource API with token.
func (w *world) allAnswer(token string, status int) {
	w.t.Helper()
	for _, api := range w.APIs {
		wantStatus(w.t, w.send(http.MethodGet, api.URL+accounts, bearer(token), ""), status)
	}
}

// allRefuse wants every replica to refuse token within the bound from now on.
func (w *world) allRefuse(token string) {
	w.t.Helper()
	since := time.Now()
	var group sync.WaitGroup
	for _, api := range w.APIs {
		group.Go(func() { w.watchRefusal(api, token, since) })
	}
	group.Wait()
}

// A forgotten password: the link comes by mail, works once, and ends every
// sign-in and every token, at every resource server, within a second.
func TestForgottenPasswordByMail(t *testing.T) {
	office := testenv.OpenPostOffice(t, "")
	ownWorld(t, stack.Setup{Replicas: 2, AuthEnv: process.Env{
		"AUTH_SMTP_URL": "smtp://" + office.Addr, "AUTH_SMTP_FROM": "Latchkey <noreply@example.com>",
	}}, func(w *world) {
		p := w.person()
		app := w.public()
		pair := w.tokensOf(p, app, "read")
		w.allAnswer(pair.Access, http.StatusOK)

		stranger := actor.NewBrowser(w.Auth.URL)
		if page := w.answer(stranger, "/forgot", map[string]string{"email": "nobody@example.com"}); page.Status != http.StatusOK {
			w.t.Errorf("an unknown address: %d", page.Status)
		}
		w.answer(stranger, "/forgot", map[string]string{"email": p.Email})
		path := w.linkFor(office, p.Email, "/reset?")
		page := w.answer(stranger, path, map[string]string{"new_password": "Another-1!password"})
		if page.URL.Path != "/signin" {
			w.t.Fatalf("after the reset: %d %s", page.Status, page.Text())
		}
		w.allRefuse(pair.Access)
		w.linkFor(office, p.Email, "/forgot") // the news that it was changed
		wantStatus(w.t, w.refresh(app, pair.Refresh), http.StatusBadRequest)
		if page, err := p.Browser.Get(w.t.Context(), "/settings/security"); err != nil || page.URL.Path != "/signin" {
			w.t.Errorf("the other browser is still signed in: %v", err)
		}
		if page, err := stranger.Get(w.t.Context(), path); err != nil || page.Status != http.StatusNotFound {
			w.t.Errorf("the used link: %v", err)
		}
		if log := w.Logs(); strings.Contains(log, "rst_") || strings.Contains(log, p.Email) {
			w.t.Error("the log holds a link or an address")
		}
	})
}

// Taking an application's access back on the page is seen by every resource
// server within a second, and the application has to ask again.
func TestAccessTakenBackOnThePage(t *testing.T) {
	ownWorld(t, stack.Setup{Replicas: 2}, func(w *world) {
		p := w.person()
		app := w.public()
		pair := w.tokensOf(p, app, "read")
		w.allAnswer(pair.Access, http.StatusOK)
		page, err := p.Browser.Get(w.t.Context(), "/settings/applications")
		if err != nil || !strings.Contains(page.Text(), "Test app") {
			w.t.Fatalf("the application is not listed: %v %s", err, page.Text())
		}
		w.answer(p.Browser, "/settings/applications/one/remove?client_id="+url.QueryEscape(app.Client.ID), nil)
		w.allRefuse(pair.Access)
		page, err = p.Open(w.t.Context(), app.AuthorizeURL(actor.NewPKCE(), "read", "s", nil))
		if err != nil || page.Left != nil {
			w.t.Errorf("the application is not asked for again: %v", err)
		}
	})
}
