package e2e

import (
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

// mailing is a server that sends letters to addr.
func mailing(addr string) process.Env {
	return process.Env{"AUTH_SMTP_URL": "smtp://" + addr, "AUTH_SMTP_FROM": "Latchkey <noreply@example.com>"}
}

// TestLettersWaitForTheMailServer signs up while there is no mail server: the letter
// comes once there is one, also from another process, and no link is at rest meanwhile.
func TestLettersWaitForTheMailServer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is closed at once
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	ownWorld(t, stack.Setup{AuthEnv: mailing(addr)}, func(w *world) {
		p := w.person()
		testenv.Eventually(w.t, 20*time.Second, "a try", func() bool { return strings.Contains(w.Logs(), "an outbox message failed") })
		if dump := w.dump(w.AuthDB); strings.Contains(dump, "eml_") || !strings.Contains(dump, "confirm_own") {
			w.t.Error("the database has no letter, or one with its link")
		}
		office := testenv.OpenPostOfficeAt(w.t, addr)
		defer office.Close()
		path := w.linkFor(office, p.Email, "/confirm?")
		if page := w.answer(actor.NewBrowser(w.Auth.URL), path, nil); !strings.Contains(page.Text(), "Your email address is confirmed") {
			w.t.Errorf("the link: %d %s", page.Status, page.Text())
		}
		if log := w.Logs(); strings.Contains(log, "eml_") || strings.Contains(log, p.Email) {
			w.t.Error("the log holds a link or an address")
		}
	})
}

// Applications learn whether an address is confirmed.
func TestUserinfoSaysWhetherTheAddressIsConfirmed(t *testing.T) {
	office := testenv.OpenPostOffice(t, "")
	ownWorld(t, stack.Setup{AuthEnv: mailing(office.Addr)}, func(w *world) {
		p := w.person()
		pair := w.tokensOf(p, w.public(), "read")
		verified := func(want bool) {
			w.t.Helper()
			answer, err := (&actor.App{}).Call(w.t.Context(), http.MethodGet, w.Auth.URL+"/oauth/userinfo", pair.Access, nil)
			if err != nil || answer.JSON("email_verified") != want || answer.Text("email") != p.Email {
				w.t.Errorf("%v %v", err, answer)
			}
		}
		verified(false)
		w.answer(actor.NewBrowser(w.Auth.URL), w.linkFor(office, p.Email, "/confirm?"), nil)
		verified(true)
	})
}
