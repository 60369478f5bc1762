package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

// closing deletes an account by the contract's route.
func (w *world) closing(token string) {
	w.t.Helper()
	answer, err := (&actor.App{}).Call(w.t.Context(), http.MethodDelete, w.Auth.URL+"/api/v1/users/me", token, nil)
	if err != nil || answer.Status != http.StatusOK || answer.Text("message") != "Account has been deleted" {
		w.t.Fatalf("%v %v", err, answer)
	}
}

func (w *world) ownTokens(p *actor.Person) Pair {
	w.t.Helper()
	own, err := pairOf(w.login(p, "phone"))
	if err != nil {
		w.t.Fatal(err)
	}
	return own
}

func (w *world) familyOf(token string) string {
	w.t.Helper()
	answer, err := w.resourceServer().Introspect(w.t.Context(), token)
	if err != nil || answer.Text("family_id") == "" {
		w.t.Fatalf("%v %v", err, answer)
	}
	return answer.Text("family_id")
}

// TestA7_ADeletionCanBeTakenBack deletes an account by a third party's token, and
// takes that back in both ways there are.
func TestA7_ADeletionCanBeTakenBack(t *testing.T) {
	office := testenv.OpenPostOffice(t, "")
	ownWorld(t, stack.Setup{AuthEnv: process.Env{
		"AUTH_SMTP_URL": "smtp://" + office.Addr, "AUTH_SMTP_FROM": "Latchkey <noreply@example.com>",
	}}, func(w *world) {
		for _, way := range []string{"email", "sign-in"} {
			p := w.person()
			app := w.public()
			pair, own := w.tokensOf(p, app, "read_write"), w.ownTokens(p)
			k := &keeper{world: w, person: p, token: own.Access}
			key := k.newKey("k", "read", "web", nil).Key
			wantStatus(w.t, w.call(http.MethodGet, accounts, pair.Access, nil), http.StatusOK)
			family := w.familyOf(pair.Access)
			held := w.rowsOf(family)
			w.closing(pair.Access)

			for _, token := range []string{pair.Access, own.Access, key} {
				w.wantActive(token, false, "after the deletion")
			}
			wantStatus(w.t, w.login(p, "phone"), http.StatusUnauthorized)
			if _, err := p.ElsewhereAs(w.Auth.URL).SignUp(w.t.Context()); err == nil {
				w.t.Error("the address is free")
			}
			path := w.linkFor(office, p.Email, "/restore?")
			if way == "sign-in" {
				if page := w.signingIn(p.ElsewhereAs(w.Auth.URL)); page.URL.Path != "/restore" {
					w.t.Fatalf("signing in leads to %s: %s", page.URL, page.Text())
				} else {
					path = page.URL.RequestURI()
				}
			}
			stranger := actor.NewBrowser(w.Auth.URL)
			page, err := stranger.Get(w.t.Context(), path)
			if err != nil || !strings.Contains(page.Text(), "Restore my account") || !strings.Contains(page.Text(), p.Email) {
				w.t.Fatalf("the page to restore: %v %s", err, page.Text())
			}
			wantStatus(w.t, w.login(p, "phone"), http.StatusUnauthorized) // looking restores nothing
			if page = w.answer(stranger, path, nil); page.URL.Path != "/signin" {
				w.t.Fatalf("after restoring: %d %s", page.Status, page.Text())
			}
			if page, err := stranger.Get(w.t.Context(), path); err != nil || page.Status != http.StatusNotFound {
				w.t.Errorf("the used link: %v %d", err, page.Status)
			}
			again := w.ownTokens(p)
			if w.familyOf(again.Access) != family || held == 0 || w.rowsOf(family) != held {
				w.t.Error("the household is not what it was")
			}
			for _, token := range []string{pair.Access, own.Access, key} {
				w.wantActive(token, false, "after restoring")
			}
			wantStatus(w.t, w.refresh(app, pair.Refresh), http.StatusBadRequest)
			back := p.ElsewhereAs(w.Auth.URL)
			if asked, err := back.Open(w.t.Context(), app.AuthorizeURL(actor.NewPKCE(), "read", "s", nil)); err != nil || asked.Left != nil {
				w.t.Errorf("the consent came back: %v", err)
			}
		}
	})
}

// linkFor waits for the email to somebody whose link begins with a path.
func (w *world) linkFor(office *testenv.PostOffice, to, prefix string) string {
	w.t.Helper()
	timeout := time.NewTimer(20 * time.Second)
	defer timeout.Stop()
	for {
		select {
		case email := <-office.Emails:
			head, _, _ := strings.Cut(email, "\r\n\r\n")
			if link := linkIn(w.t, email); strings.Contains(head, to) && strings.HasPrefix(link, w.Auth.URL+prefix) {
				return strings.TrimPrefix(link, w.Auth.URL)
			}
		case <-timeout.C:
			w.t.Fatalf("no email to %s with a link to %s", to, prefix)
		}
	}
}

// signingIn fills in the sign-in page, and returns where that leads.
func (w *world) signingIn(p *actor.Person) *actor.Page {
	w.t.Helper()
	return w.answer(p.Browser, "/signin", map[string]string{"email": p.Email, "password": p.Password})
}

// TestA7_WhatIsNotTakenBackIsErased lets the grace pass. Data goes only with the last
// member, and only then.
func TestA7_WhatIsNotTakenBackIsErased(t *testing.T) {
	ownWorld(t, stack.Setup{AuthEnv: process.Env{"AUTH_ERASURE_GRACE": "5s"}}, func(w *world) {
		p := w.person()
		member := w.member(p, "member")
		own := w.ownTokens(p)
		wantStatus(w.t, w.call(http.MethodGet, accounts, own.Access, nil), http.StatusOK)
		family := w.familyOf(own.Access)
		w.closing(w.ownTokens(member).Access)
		w.closing(own.Access)
		page := w.signingIn(p.ElsewhereAs(w.Auth.URL))
		if page.URL.Path != "/restore" || w.rowsOf(family) == 0 {
			w.t.Errorf("within the grace: %s, %d rows", page.URL.Path, w.rowsOf(family))
		}
		testenv.Eventually(w.t, time.Minute, "the family's data is erased", func() bool { return w.rowsOf(family) == 0 })
		if page, err := p.Browser.Get(w.t.Context(), page.URL.RequestURI()); err != nil || page.Status != http.StatusNotFound {
			w.t.Errorf("the link after the grace: %v %d", err, page.Status)
		}
		if page := w.signingIn(p.ElsewhereAs(w.Auth.URL)); page.Status != http.StatusUnauthorized {
			w.t.Errorf("signing in after the grace: %d", page.Status)
		}
		if _, err := p.ElsewhereAs(w.Auth.URL).SignUp(w.t.Context()); err != nil {
			w.t.Errorf("the address is not free after the grace: %v", err)
		}
	})
}

// TestA7_RestoringAsksForTheSecondFactor signs in to a closed account that has one.
func TestA7_RestoringAsksForTheSecondFactor(t *testing.T) {
	eachWorld(t, func(w *world) {
		p := w.person()
		codes := w.secondFactor(p)
		w.answer(p.Browser, "/settings/delete", map[string]string{"password": p.Password})
		back := p.ElsewhereAs(w.Auth.URL)
		page := w.signingIn(back)
		if page.URL.Path != "/signin/second-factor" {
			w.t.Fatalf("the password leads to %s", page.URL)
		}
		if page = w.submit(back, page, map[string]string{"otp_code": "000000"}); page.URL.Path == "/restore" {
			w.t.Fatal("a wrong code leads to the page that restores")
		}
		page = w.submit(back, page, map[string]string{"otp_code": codes[0]})
		if page.URL.Path != "/restore" {
			w.t.Fatalf("the code leads to %d %s %s", page.Status, page.URL, page.Text())
		}
		if page = w.submit(back, page, nil); page.URL.Path != "/signin" {
			w.t.Errorf("restoring leads to %s", page.URL)
		}
	})
}
