package account_test

import (
	"errors"
	"testing"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/storetest"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

func TestSettingUpASecondFactor(t *testing.T) {
	eachEngine(t, settings(), func(w *world) {
		ada := w.ada()
		in, there := w.at(ada, password), w.at(ada, password)
		app, code := w.device(ada), w.code(there)
		setup, err := w.People.BeginSecondFactor(w.Context(), in)
		w.must(err)
		if again, err := w.People.BeginSecondFactor(w.Context(), in); err != nil || again != setup {
			w.Errorf("a second page shows another secret: %v", err)
		}
		if other, err := w.People.BeginSecondFactor(w.Context(), there); err != nil || other.Key == setup.Key {
			w.Errorf("another browser shows the same secret: %v", err)
		}
		_, err = w.People.ConfirmSecondFactor(w.Context(), in, "000000")
		w.wantRules("a wrong code", err, "otp_code.wrong")
		w.Pass(10 * time.Minute)
		_, err = w.People.ConfirmSecondFactor(w.Context(), in, w.totp(plain(setup.Key)))
		w.wantRules("too late", err, "otp_code.late")
		if w.user(ada.ID).SecondFactor {
			w.Fatal("it is on")
		}
		key, recovery := w.factor(in)
		if key == plain(setup.Key) || len(recovery) != 10 || !w.user(ada.ID).SecondFactor {
			w.Errorf("%d recovery codes", len(recovery))
		}
		w.wantEvent(authserver.EventSecondFactorOn, ada)
		if _, err := w.redeem(code); err == nil || w.lives(there) || !w.lives(in) || w.opens(app.AccessToken) {
			w.Error("what was opened without it goes on")
		}
		in.User.SecondFactor = false // as a page that was open before
		_, err = w.People.ConfirmSecondFactor(w.Context(), in, w.totp(key))
		w.Want("a second time", err, fault.Invalid)
		in.User.SecondFactor = true
		_, err = w.People.ConfirmSecondFactor(w.Context(), in, w.totp(key))
		w.Want("a second factor more", err, fault.Conflict)
		_, err = w.People.BeginSecondFactor(w.Context(), in)
		w.Want("a second page", err, fault.Conflict)
	})
}

// Of parallel confirmations one turns it on.
func TestConfirmationsOfASecondFactorRace(t *testing.T) {
	eachEngine(t, settings(), func(w *world) {
		in := w.at(w.ada(), password)
		setup, err := w.People.BeginSecondFactor(w.Context(), in)
		w.must(err)
		code := w.totp(plain(setup.Key))
		wins := storetest.Race(8, func(int) bool {
			one := *in
			_, err := w.People.ConfirmSecondFactor(w.Context(), &one, code)
			return err == nil
		})
		if n := w.Count(`SELECT count(*) FROM recovery_codes`); wins != 1 || n != 10 {
			w.Errorf("%d wins, %d recovery codes", wins, n)
		}
	})
}

func TestSignInWithASecondFactor(t *testing.T) {
	eachEngine(t, settings(), func(w *world) {
		ada := w.ada()
		key, recovery := w.factor(w.at(ada, password))
		begin := func() secret.Token {
			w.Helper()
			got, err := w.People.SignIn(w.Context(), ada.Email, password, home, nobody)
			if err != nil || !got.Cookie.IsZero() || got.Pending.IsZero() {
				w.Fatalf("%+v, %v", got, err)
			}
			return got.Pending
		}
		finish := func(pending secret.Token, code string) error {
			_, err := w.People.FinishSignIn(w.Context(), pending, code, home, nobody)
			return err
		}
		pending := begin()
		if u, err := w.People.PendingSignin(w.Context(), pending); err != nil || u.ID != ada.ID {
			w.Errorf("%v, %v", u, err)
		}
		for what, code := range map[string]string{"wrong": "000000", "none": "", "no code": "abc"} {
			if err := finish(pending, code); !errors.Is(err, account.ErrSecondFactor) {
				w.Errorf("%s: %v", what, err)
			}
		}
		code := w.totp(key)
		w.must(finish(pending, " "+code[:3]+" "+code[3:]))
		w.Want("nothing is pending any more", finish(pending, code), fault.NotFound)
		next := begin()
		if err := finish(next, code); !errors.Is(err, account.ErrSecondFactor) {
			w.Errorf("a code a second time: %v", err)
		}
		w.Pass(30 * time.Second)
		late := w.totp(key)
		w.Pass(30 * time.Second) // a clock that is one step behind
		w.must(finish(next, late))
		if err := finish(begin(), code); !errors.Is(err, account.ErrSecondFactor) {
			w.Errorf("an earlier code: %v", err)
		}
		w.must(finish(begin(), recovery[0]))
		if err := finish(begin(), recovery[0]); !errors.Is(err, account.ErrSecondFactor) {
			w.Errorf("a recovery code a second time: %v", err)
		}
		w.wantEvent(authserver.EventRecoveryCodeUsed, ada)
		if n, err := w.People.RecoveryCodesLeft(w.Context(), ada); err != nil || n != 9 {
			w.Errorf("%d left, %v", n, err)
		}
		slow := begin()
		w.Pass(10 * time.Minute)
		w.Want("too late", finish(slow, w.totp(key)), fault.NotFound)

		pending = begin()
		got, err := w.People.FinishSignInProven(w.Context(), pending, ada.ID, home, nobody)
		if err != nil || got.Cookie.IsZero() {
			w.Errorf("by a passkey: %v", err)
		}
		_, err = w.People.FinishSignInProven(w.Context(), pending, ada.ID, home, nobody)
		w.Want("by a passkey, twice", err, fault.NotFound)
		_, err = w.People.FinishSignInProven(w.Context(), begin(), "somebody", home, nobody)
		w.Want("by another's passkey", err, fault.NotFound)

		_, _, err = w.People.SignInOnDevice(w.Context(), ada.Email, password, "", phone(), home)
		if !errors.Is(err, account.ErrSecondFactor) {
			w.Errorf("a device without it: %v", err)
		}
		if _, tokens, err := w.People.SignInOnDevice(w.Context(), ada.Email, password, recovery[1], phone(), home); err != nil || !w.opens(tokens.AccessToken) {
			w.Errorf("a device with it: %v", err)
		}
	})
}

// A code of the app, a recovery code and a right password are used once each.
func TestSecondFactorsRace(t *testing.T) {
	eachEngine(t, settings(), func(w *world) {
		ada := w.ada()
		key, recovery := w.factor(w.at(ada, password))
		ada = w.user(ada.ID)
		for what, code := range map[string]string{"a code": w.totp(key), "a recovery code": recovery[3]} {
			if n := storetest.Race(8, func(int) bool { return w.People.CheckSecondFactor(w.Context(), ada, code) == nil }); n != 1 {
				w.Errorf("%s was accepted %d times", what, n)
			}
		}
		w.wantEvent(authserver.EventRecoveryCodeUsed, ada)
		got, err := w.People.SignIn(w.Context(), ada.Email, password, home, nobody)
		w.must(err)
		before := w.Count(`SELECT count(*) FROM signins`)
		n := storetest.Race(6, func(i int) bool {
			_, err := w.People.FinishSignIn(w.Context(), got.Pending, recovery[4+i], home, nobody)
			return err == nil
		})
		if made := w.Count(`SELECT count(*) FROM signins`) - before; n != 1 || made != 1 {
			w.Errorf("%d wins, %d sign-ins of one right password", n, made)
		}
	})
}

func TestGuessesOfASecondFactorAreLimited(t *testing.T) {
	limited := settings(func(s *account.Settings) { s.Throttles.SecondFactor = []account.Limit{{Max: 4, Window: time.Hour}} })
	eachEngine(t, limited, func(w *world) {
		ada := w.ada()
		key, recovery := w.factor(w.at(ada, password)) // one of the four
		ada = w.user(ada.ID)
		for range 3 {
			w.Want("wrong", w.People.CheckSecondFactor(w.Context(), ada, "abcd-efgh-ijkl-mnop"), fault.Unauthenticated)
		}
		w.Want("right, but too late", w.People.CheckSecondFactor(w.Context(), ada, w.totp(key)), fault.RateLimited)
		w.Want("a recovery code", w.People.CheckSecondFactor(w.Context(), ada, recovery[0]), fault.RateLimited)
		w.Want("a passkey", w.People.AdmitSecondFactor(w.Context(), ada.ID), fault.RateLimited)
		if n, _ := w.People.RecoveryCodesLeft(w.Context(), ada); n != 10 {
			w.Errorf("a refused try used a recovery code: %d left", n)
		}
		w.Pass(time.Hour + time.Minute)
		w.must(w.People.CheckSecondFactor(w.Context(), ada, w.totp(key)))
		if n := w.events(authserver.EventSigninFailed, ada.ID); n != 3 {
			w.Errorf("%d failures", n)
		}
	})
}

func TestTurningASecondFactorOff(t *testing.T) {
	eachEngine(t, settings(), func(w *world) {
		in := w.at(w.ada(), password)
		key, recovery := w.factor(in)
		_, err := w.People.RenewRecoveryCodes(w.Context(), &in.User, "000000")
		w.wantRules("a wrong code", err, "otp_code.wrong")
		fresh, err := w.People.RenewRecoveryCodes(w.Context(), &in.User, recovery[0])
		if err != nil || len(fresh) != 10 {
			w.Fatalf("%d codes, %v", len(fresh), err)
		}
		w.Want("one from before", w.People.CheckSecondFactor(w.Context(), &in.User, recovery[1]), fault.Unauthenticated)
		off := func(with, code string) error {
			return w.People.DisableSecondFactor(w.Context(), in, with, code)
		}
		w.wantRules("a wrong password", off(another, w.totp(key)), "password.wrong")
		w.wantRules("a wrong code", off(password, "000000"), "otp_code.wrong")
		if !w.user(in.User.ID).SecondFactor {
			w.Fatal("it is off")
		}
		w.must(off(password, w.totp(key)))
		w.wantEvent(authserver.EventSecondFactorOff, &in.User)
		if u := w.user(in.User.ID); u.SecondFactor || w.Count(`SELECT count(*) FROM recovery_codes`) != 0 || !w.lives(in) {
			w.Errorf("%+v", u)
		}
		w.at(w.user(in.User.ID), password)
	})
}

// A new password makes a right one that waits for the second factor worthless.
func TestAPendingSignInDiesWithThePassword(t *testing.T) {
	eachEngine(t, settings(), func(w *world) {
		in := w.at(w.ada(), password)
		_, recovery := w.factor(in)
		got, err := w.People.SignIn(w.Context(), in.User.Email, password, home, nobody)
		w.must(err)
		_, err = w.People.ChangePassword(w.Context(), in, password, another, home)
		w.must(err)
		_, err = w.People.FinishSignIn(w.Context(), got.Pending, recovery[0], home, nobody)
		w.Want("with the old password", err, fault.NotFound)
	})
}

func TestEncryptionKeys(t *testing.T) {
	eachEngine(t, settings(), func(w *world) {
		in := w.at(w.ada(), password)
		without := w.service(nil)
		_, err := without.BeginSecondFactor(w.Context(), in)
		w.Want("without a key", err, fault.Unavailable)
		_, err = without.Reseal(w.Context(), func(int64) {})
		w.Want("resealing without a key", err, fault.Unavailable)
		_, err = without.ReplaceKey(w.Context(), func(int64) {})
		w.Want("replacing without a key", err, fault.Unavailable)
		w.must(without.ProveKey(w.Context())) // there is nothing to open
		w.must(w.People.ProveKey(w.Context()))
		key, recovery := w.factor(in)
		if !w.People.CanSeal() || without.CanSeal() || !errors.Is(without.CheckKey(w.Context()), account.ErrWrongKey) {
			w.Error("a missing key is not noticed")
		}
		first, second := account.NewSealKey(), account.NewSealKey()
		wrong, err := account.NewSealer(first)
		w.must(err)
		stranger := w.service(wrong)
		if err := stranger.ProveKey(w.Context()); !errors.Is(err, account.ErrWrongKey) {
			w.Errorf("another key: %v", err)
		}
		if n, err := stranger.Reseal(w.Context(), func(int64) {}); n != 0 || err == nil {
			w.Errorf("%d were sealed anew: %v", n, err)
		}
		if n, err := stranger.ReplaceKey(w.Context(), func(int64) {}); n != 1 || err != nil {
			w.Errorf("%d secrets were lost: %v", n, err)
		}
		w.must(stranger.CheckKey(w.Context()))
		u := w.user(in.User.ID)
		w.Want("a code of a lost secret", stranger.CheckSecondFactor(w.Context(), u, w.totp(key)), fault.Unauthenticated)
		w.must(stranger.CheckSecondFactor(w.Context(), u, recovery[0]))

		bob := w.at(w.join("bob@example.com", ""), password)
		w.People = stranger
		key, _ = w.factor(bob)
		changed, err := account.NewSealer(second, first)
		w.must(err)
		later := w.service(changed)
		w.must(later.CheckKey(w.Context()))
		if n, err := later.Reseal(w.Context(), func(int64) {}); n != 1 || err != nil {
			w.Errorf("%d were sealed anew: %v", n, err)
		}
		if n, err := later.Reseal(w.Context(), func(int64) {}); n != 0 || err != nil {
			w.Errorf("%d were sealed anew twice: %v", n, err)
		}
		only, err := account.NewSealer(second)
		w.must(err)
		alone := w.service(only)
		w.must(alone.CheckKey(w.Context()))
		w.must(alone.CheckSecondFactor(w.Context(), w.user(bob.User.ID), w.totp(key)))
	})
}
