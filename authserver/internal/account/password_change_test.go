package account_test

import (
	"fmt"
	"testing"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/storetest"
	"latchkey/pkg/fault"
)

func TestANewPassword(t *testing.T) {
	eachEngine(t, settings(), func(w *world) {
		ada := w.ada()
		in, there := w.at(ada, password), w.at(ada, password)
		allowed, err := w.redeem(w.code(there))
		w.must(err)
		pending, app, key := w.code(there), w.device(ada), w.key(ada)
		w.passkey(ada, "Phone")
		link, err := w.Recovery.ResetLink(w.Context(), ada.Email)
		w.must(err)

		change := func(current, next string) error {
			_, err := w.People.ChangePassword(w.Context(), in, current, next, home)
			return err
		}
		w.wantRules("the wrong one", change(another, another), "password.wrong")
		if err := change(password, "short"); !fault.Is(err, fault.Invalid) || len(rules(err)) < 3 {
			w.Errorf("a weak one: %v", rules(err))
		}
		if !w.lives(there) || !w.opens(app.AccessToken) {
			w.Error("a refusal ended something")
		}
		cookie, err := w.People.ChangePassword(w.Context(), in, password, another, home)
		w.must(err)
		now := w.current(cookie)
		if w.lives(in) || w.lives(there) || !now.ConfirmedAt.Equal(in.ConfirmedAt) {
			w.Error("sign-ins of the old password go on")
		}
		if _, err := w.redeem(pending); err == nil || w.opens(allowed.AccessToken) || w.opens(app.AccessToken) {
			w.Errorf("grants of the old password go on: %v", err)
		}
		_, err = w.Recovery.CheckResetLink(w.Context(), tokenOf(w.T, link))
		w.Want("a link from before", err, fault.NotFound)
		if keys, err := w.Store.ListPasskeys(w.Context(), ada.ID); err != nil || len(keys) != 1 || !w.keyOpens(key) {
			w.Errorf("passkeys and API keys stay: %v", err)
		}
		w.wantEvent(authserver.EventPasswordChanged, ada)
		_, err = w.People.SignIn(w.Context(), ada.Email, password, home, nobody)
		w.Want("the old one", err, fault.Unauthenticated)
		w.at(ada, another)
		if m := w.email(authserver.EmailMessagePasswordChanged); m == nil || m.To != ada.Email {
			w.Errorf("%+v", m)
		}
	})
}

// Of changes that come together one wins, and only its password opens the account.
func TestPasswordChangesRace(t *testing.T) {
	eachEngine(t, settings(), func(w *world) {
		ada := w.ada()
		next := func(i int) string { return fmt.Sprintf("Battery-staple-%d?", i) }
		signins := make([]*authserver.Signin, 5)
		for i := range signins {
			signins[i] = w.at(ada, password)
		}
		wins := storetest.Race(5, func(i int) bool {
			_, err := w.People.ChangePassword(w.Context(), signins[i], password, next(i), home)
			return err == nil
		})
		open := 0
		for i := range signins {
			if _, err := w.People.SignIn(w.Context(), ada.Email, next(i), home, nobody); err == nil {
				open++
			}
		}
		if wins != 1 || open != 1 || w.events(authserver.EventPasswordChanged, ada.ID) != 1 {
			w.Errorf("%d changes, %d passwords", wins, open)
		}
	})
}

// Nobody signs in with a password that is being replaced.
func TestSignInsRaceAChange(t *testing.T) {
	eachEngine(t, settings(func(s *account.Settings) { s.Emails = false }), func(w *world) {
		for range 5 {
			u := w.join(fmt.Sprintf("p%d@example.com", w.Count(`SELECT count(*) FROM users`)), "")
			in := w.at(u, password)
			storetest.Race(6, func(i int) bool {
				if i == 0 {
					_, err := w.People.ChangePassword(w.Context(), in, password, another, home)
					if err != nil {
						w.Error(err)
					}
					return err == nil
				}
				_, err := w.People.SignIn(w.Context(), u.Email, password, home, nobody)
				if err != nil && !fault.Is(err, fault.Unauthenticated) {
					w.Error(err)
				}
				return err == nil
			})
			if live, err := w.People.Signins(w.Context(), u.ID); err != nil || len(live) != 1 {
				w.Errorf("%d sign-ins after the change, %v", len(live), err)
			}
		}
	})
}
