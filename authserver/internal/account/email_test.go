package account_test

import (
	"strings"
	"testing"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/storetest"
	"latchkey/pkg/fault"
)

func TestAnotherAddress(t *testing.T) {
	eachEngine(t, settings(), func(w *world) {
		ada, eve := w.ada(), w.join("eve@example.com", "")
		in, hers := w.at(ada, password), w.at(eve, password)
		ask := func(email, with string) error {
			changed, err := w.Recovery.RequestEmail(w.Context(), in, email, with, "en")
			if changed {
				w.Error("the address changed before it was confirmed")
			}
			return err
		}
		w.wantRules("the same", ask(" ADA@example.com ", password), "email.same")
		w.wantRules("no address", ask("x", password), "email.invalid")
		w.wantRules("a wrong password", ask("new@example.com", another), "password.wrong")
		w.mail()
		w.must(ask("New@example.com", password))
		token := w.token(authserver.EmailMessageConfirm)
		if email, err := w.Recovery.CheckEmailLink(w.Context(), ada, token); err != nil || email != "new@example.com" || w.user(ada.ID).Email != "ada@example.com" {
			w.Errorf("%s, %v", email, err)
		}
		w.wantGone("at another's sign-in", w.Recovery.ConfirmEmail(w.Context(), eve, token, ""))
		w.wantGone("as the own address", w.Recovery.ConfirmOwn(w.Context(), token))
		w.wantGone("no token", w.Recovery.ConfirmEmail(w.Context(), ada, "x", ""))
		reset := w.askReset(ada.Email)
		w.must(w.Recovery.ConfirmEmail(w.Context(), ada, token, "en"))
		u := w.user(ada.ID)
		if u.Email != "new@example.com" || !u.EmailConfirmed() || !w.lives(in) || !w.lives(hers) {
			w.Errorf("%+v", u)
		}
		w.wantEvent(authserver.EventEmailChanged, ada)
		w.wantGone("a second time", w.Recovery.ConfirmEmail(w.Context(), u, token, ""))
		_, err := w.Recovery.CheckResetLink(w.Context(), reset)
		w.wantGone("a link to the old address", err)
		told := map[string]string{}
		for _, m := range w.mail() {
			told[m.Kind] = m.To
		}
		if told[authserver.EmailMessageChanged] != "ada@example.com" || told[authserver.EmailMessageNew] != "new@example.com" {
			w.Errorf("%v", told)
		}
		w.at(u, password)
	})
}

// Only the owner of a taken address hears of it.
func TestAnAddressThatIsTaken(t *testing.T) {
	eachEngine(t, settings(), func(w *world) {
		ada, eve := w.ada(), w.join("eve@example.com", "")
		in := w.at(ada, password)
		ask := func(email string) {
			w.Helper()
			_, err := w.Recovery.RequestEmail(w.Context(), in, email, password, "en")
			w.must(err)
		}
		ask(eve.Email)
		if m := w.email(authserver.EmailMessageTaken); m == nil || m.To != eve.Email || strings.Contains(m.Path, "token") {
			w.Errorf("%+v", m)
		}
		ask("new@example.com")
		token := w.token(authserver.EmailMessageConfirm)
		w.join("new@example.com", "")
		w.wantRules("taken meanwhile", w.Recovery.ConfirmEmail(w.Context(), ada, token, ""), "email.taken")
		if w.user(ada.ID).Email != "ada@example.com" {
			w.Error("the address changed")
		}
		ask("other@example.com")
		_, err := w.People.ChangePassword(w.Context(), in, password, another, home)
		w.must(err)
		if m := w.email(authserver.EmailMessageConfirm); m != nil {
			w.Errorf("asked for under a password that was changed: %+v", m)
		}
	})
}

// A link to another address that could not be sent is not sent once the address is a third.
func TestAnEmailWaitsForNoThirdAddress(t *testing.T) {
	eachEngine(t, settings(), func(w *world) {
		ada := w.ada()
		in := w.at(ada, password)
		w.mail()
		ask := func(email string) {
			w.Helper()
			_, err := w.Recovery.RequestEmail(w.Context(), in, email, password, "en")
			w.must(err)
		}
		w.down = true
		ask("first@example.com")
		w.mail()
		w.down = false
		ask("second@example.com")
		w.must(w.Recovery.ConfirmEmail(w.Context(), ada, w.token(authserver.EmailMessageConfirm), "en"))
		w.Pass(time.Minute)
		if m := w.email(authserver.EmailMessageConfirm); m != nil {
			w.Errorf("it is sent to %s", m.To)
		}
	})
}

func TestConfirmationsOfAnAddressRace(t *testing.T) {
	eachEngine(t, settings(), func(w *world) {
		ada := w.ada()
		own := w.token(authserver.EmailMessageConfirmOwn)
		if n := storetest.Race(6, func(int) bool { return w.Recovery.ConfirmOwn(w.Context(), own) == nil }); n != 1 {
			w.Errorf("%d confirmations", n)
		}
		w.wantEvent(authserver.EventEmailConfirmed, ada)
		in := w.at(ada, password)
		var tokens [2]string
		for i, email := range []string{"one@example.com", "two@example.com"} {
			_, err := w.Recovery.RequestEmail(w.Context(), in, email, password, "en")
			w.must(err)
			tokens[i] = w.token(authserver.EmailMessageConfirm)
		}
		wins := storetest.Race(8, func(i int) bool { return w.Recovery.ConfirmEmail(w.Context(), ada, tokens[i%2], "en") == nil })
		if wins != 1 || w.events(authserver.EventEmailChanged, ada.ID) != 1 {
			w.Errorf("%d changes", wins)
		}
	})
}

func TestAnotherAddressWithoutEmails(t *testing.T) {
	limited := settings(silent, func(s *account.Settings) { s.Throttles.Reset = []account.Limit{{Max: 3, Window: time.Hour}} })
	eachEngine(t, limited, func(w *world) {
		ada := w.ada()
		w.join("eve@example.com", "")
		in := w.at(ada, password)
		_, err := w.Recovery.RequestEmail(w.Context(), in, "eve@example.com", password, "")
		w.wantRules("taken", err, "email.taken")
		stale := *in
		changed, err := w.Recovery.RequestEmail(w.Context(), in, "new@example.com", password, "")
		if u := w.user(ada.ID); err != nil || !changed || u.Email != "new@example.com" || u.EmailConfirmed() {
			w.Errorf("%v, %+v", err, u)
		}
		_, err = w.Recovery.RequestEmail(w.Context(), &stale, "third@example.com", password, "")
		w.Want("a page from before", err, fault.Conflict)
		_, err = w.Recovery.RequestEmail(w.Context(), in, "fourth@example.com", password, "")
		w.Want("a fourth", err, fault.RateLimited)
		w.Want("to be confirmed", w.Recovery.AskConfirmation(w.Context(), ada, ""), fault.Unavailable)
	})
}

func TestConfirmingTheOwnAddress(t *testing.T) {
	limited := settings(func(s *account.Settings) { s.Throttles.Reset = []account.Limit{{Max: 2, Window: time.Hour}} })
	eachEngine(t, limited, func(w *world) {
		ada := w.ada()
		first := w.email(authserver.EmailMessageConfirmOwn)
		if first == nil || first.To != ada.Email || first.Life != 24*time.Hour {
			w.Fatalf("%+v", first)
		}
		w.Pass(24 * time.Hour)
		_, err := w.Recovery.CheckOwnLink(w.Context(), tokenOf(w.T, first.Path))
		w.wantGone("too late", err)
		w.must(w.Recovery.AskConfirmation(w.Context(), ada, "de"))
		token := w.token(authserver.EmailMessageConfirmOwn)
		w.must(w.Recovery.AskConfirmation(w.Context(), ada, "de"))
		w.Want("a third email", w.Recovery.AskConfirmation(w.Context(), ada, "de"), fault.RateLimited)
		w.must(w.Recovery.ConfirmOwn(w.Context(), token))
		if m := w.email(authserver.EmailMessageConfirmOwn); m != nil {
			w.Errorf("an email that nobody needs: %+v", m)
		}
		w.Want("confirmed", w.Recovery.AskConfirmation(w.Context(), w.user(ada.ID), "de"), fault.Conflict)
	})
}

func TestNames(t *testing.T) {
	eachEngine(t, settings(), func(w *world) {
		ada := w.ada()
		w.must(w.Recovery.Rename(w.Context(), ada, "", " Ada ", "Lovelace"))
		if u := w.user(ada.ID); u.Named() != "Ada Lovelace" {
			w.Errorf("%q", u.Named())
		}
		if err := w.Recovery.Rename(w.Context(), ada, "", strings.Repeat("a", 300), "\x00"); !fault.Is(err, fault.Invalid) || len(rules(err)) != 2 {
			w.Errorf("%v", rules(err))
		}
	})
}
