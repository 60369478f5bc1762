package account_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/authserver/internal/account"
	"latchkey/pkg/fault"
)

func TestFreshConfirmation(t *testing.T) {
	limited := settings(func(s *account.Settings) { s.Throttles.SigninAccount = []account.Limit{{Max: 3, Window: time.Minute}} })
	eachEngine(t, limited, func(w *world) {
		in := w.at(w.ada(), password)
		w.Pass(10 * time.Minute)
		w.must(w.People.Reconfirm(w.Context(), in, "")) // signing in counts for ten minutes
		w.Pass(time.Second)
		if w.People.Confirmed(in) || !w.People.NeedsPassword(in) {
			w.Error("a proof counts too long")
		}
		w.wantRules("none", w.People.Reconfirm(w.Context(), in, ""), "password.wrong")
		w.wantRules("wrong", w.People.Reconfirm(w.Context(), in, another), "password.wrong")
		w.must(w.People.Reconfirm(w.Context(), in, password))
		all, err := w.People.Signins(w.Context(), in.User.ID)
		if err != nil || !w.People.Confirmed(in) || !w.People.Confirmed(&all[0]) {
			w.Error("not confirmed")
		}
		w.Pass(11 * time.Minute)
		for range 3 {
			w.wantRules("guessing", w.People.Reconfirm(w.Context(), in, another), "password.wrong")
		}
		w.Want("once too often", w.People.Reconfirm(w.Context(), in, password), fault.RateLimited)
		w.at(w.user(in.User.ID), password) // the failures were at that sign-in alone
	})
}

// Who has no password has to sign in again.
func TestConfirmationWithoutAPassword(t *testing.T) {
	eachEngine(t, settings(), func(w *world) {
		u, err := w.People.SignUpVouched(w.Context(), account.Signup{Email: "ada@example.com"}, nil)
		w.must(err)
		got, err := w.People.SignInVouched(w.Context(), w.user(u.ID), home, nobody)
		w.must(err)
		in := w.current(got.Cookie)
		w.Pass(11 * time.Minute)
		if err := w.People.Reconfirm(w.Context(), in, ""); !errors.Is(err, account.ErrSignInAgain) || w.People.NeedsPassword(in) {
			w.Errorf("%v", err)
		}
		_, err = w.People.ChangePassword(w.Context(), in, "", another, home)
		w.Want("a first password", err, fault.Forbidden)
		again, err := w.People.SignInVouched(w.Context(), &in.User, home, nobody)
		w.must(err)
		cookie, err := w.People.ChangePassword(w.Context(), w.current(again.Cookie), "", another, home)
		w.must(err)
		if w.lives(in) || w.current(cookie).User.PasswordHash == "" {
			w.Error("a first password ends what was there")
		}
		w.at(w.user(u.ID), another)
	})
}

// Of a device the sign-in that opened its grant is the proof; refreshing renews
// nothing.
func TestConfirmationOfAGrant(t *testing.T) {
	eachEngine(t, settings(), func(w *world) {
		tokens := w.device(w.ada())
		w.Pass(10 * time.Minute)
		w.must(w.People.ConfirmedGrant(w.Context(), tokens.GrantID))
		w.Pass(time.Second)
		if _, err := w.People.RefreshOnDevice(w.Context(), tokens.RefreshToken.Reveal(), "phone-1", home); err != nil {
			w.Fatal(err)
		}
		w.Want("after a refresh", w.People.ConfirmedGrant(w.Context(), tokens.GrantID), fault.Forbidden)
		w.Want("no such grant", w.People.ConfirmedGrant(w.Context(), uuid.NewString()), fault.Forbidden)
	})
}
