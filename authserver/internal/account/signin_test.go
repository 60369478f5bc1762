package account_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/storetest"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

func TestSignIn(t *testing.T) {
	eachEngine(t, settings(), func(w *world) {
		ada := w.ada()
		for what, try := range map[string][2]string{
			"a wrong password": {ada.Email, another}, "an unknown address": {"eve@example.com", password},
			"no address": {"x", password}, "no password": {ada.Email, ""},
		} {
			_, err := w.People.SignIn(w.Context(), try[0], try[1], home, nobody)
			if err == nil || err.Error() != account.ErrBadCredentials.Error() {
				w.Errorf("%s: %v", what, err)
			}
		}
		if n := w.events(authserver.EventSigninFailed, ada.ID); n != 2 {
			w.Errorf("%d failures of hers", n)
		}
		first, err := w.People.SignIn(w.Context(), " ADA@example.com", password, home, nobody)
		w.must(err)
		w.wantEvent(authserver.EventSignin, ada)
		in := w.current(first.Cookie)
		if in.Address != home.Address || !w.People.Confirmed(in) || in.User.ID != ada.ID {
			w.Errorf("%+v", in)
		}
		second, err := w.People.SignIn(w.Context(), ada.Email, password, home, first.Cookie)
		w.must(err)
		if w.lives(in) {
			w.Error("the sign-in that the browser came with goes on")
		}
		w.must(w.People.SignOut(w.Context(), second.Cookie))
		w.must(w.People.SignOut(w.Context(), second.Cookie)) // no error when there is none
		w.wantEvent(authserver.EventSignout, ada)
		if found, err := w.People.CurrentSignin(w.Context(), second.Cookie, ""); found != nil || err != nil {
			w.Errorf("after signing out: %v, %v", found, err)
		}
		w.must(w.People.Deactivate(w.Context(), w.join("bob@example.com", "").ID))
		_, err = w.People.SignIn(w.Context(), "bob@example.com", password, home, nobody)
		w.Want("a deactivated user", err, fault.Unauthenticated)
	})
}

func TestSigninsEnd(t *testing.T) {
	eachEngine(t, settings(), func(w *world) {
		ada := w.ada()
		in := w.at(ada, password)
		for range 5 { // used now and then
			w.Pass(6 * 24 * time.Hour)
			if w.lives(in) {
				w.must(w.People.StampSignin(w.Context(), in, false))
			}
		}
		if w.lives(in) {
			w.Error("longer than its life")
		}
		idle := w.at(ada, password)
		w.Pass(w.settings.SigninIdle)
		if w.lives(idle) {
			w.Error("nobody was there for a week")
		}
		seen := w.at(ada, password)
		w.Pass(59 * time.Second)
		w.must(w.People.StampSignin(w.Context(), seen, false))
		w.Pass(59 * time.Minute)
		w.must(w.People.StampSignin(w.Context(), seen, true))
		stamped := func() time.Duration {
			all, err := w.People.Signins(w.Context(), ada.ID)
			w.must(err)
			return all[0].SeenAt.Sub(seen.CreatedAt)
		}
		if d := stamped(); d != 0 {
			w.Errorf("written again after %s", d)
		}
		w.must(w.People.StampSignin(w.Context(), seen, false))
		if d := stamped(); d != 59*time.Minute+59*time.Second {
			w.Errorf("seen after %s", d)
		}
	})
}

// Guesses are limited by account, but not at a browser that the person has signed in
// at before, and by client address.
func TestGuessesAreLimited(t *testing.T) {
	limited := settings(func(s *account.Settings) {
		s.Throttles.SigninAccount = []account.Limit{{Max: 3, Window: time.Minute}, {Max: 5, Window: time.Hour}}
		s.Throttles.SigninAddress = []account.Limit{{Max: 30, Window: time.Minute}}
	})
	eachEngine(t, limited, func(w *world) {
		ada := w.ada()
		own := account.Visitor{Address: "192.0.2.7", Browser: secret.DigestOf("hers")}
		_, err := w.People.SignIn(w.Context(), ada.Email, password, own, nobody)
		w.must(err)
		try := func(with string, v account.Visitor) error {
			_, err := w.People.SignIn(w.Context(), ada.Email, with, v, nobody)
			return err
		}
		var wrong, limitedTo atomic.Int64
		storetest.Race(20, func(int) bool {
			switch err := try(another, home); {
			case fault.Is(err, fault.Unauthenticated):
				wrong.Add(1)
			case fault.Is(err, fault.RateLimited):
				limitedTo.Add(1)
			default:
				w.Error(err)
			}
			return true
		})
		if n := wrong.Load(); n > 4 || limitedTo.Load() != 20-n {
			w.Errorf("%d of 20 guesses were looked at", n)
		}
		w.Want("the right password, elsewhere", try(password, home), fault.RateLimited)
		stranger := account.Visitor{Address: "192.0.2.8", Browser: secret.DigestOf("a stranger's")}
		w.Want("at an unknown browser", try(password, stranger), fault.RateLimited)
		w.must(try(password, own))
		w.Pass(time.Minute + time.Second)
		w.must(try(password, home))
		for range 30 {
			_, _ = w.People.SignIn(w.Context(), "x", "", account.Visitor{Address: "192.0.2.9"}, nobody)
		}
		w.Want("too many from one address", try(password, account.Visitor{Address: "192.0.2.9"}), fault.RateLimited)
		w.Want("by another way in", w.People.AdmitSignin(w.Context(), account.Visitor{Address: "192.0.2.9"}), fault.RateLimited)
	})
}

func TestRefusedTokensAndRegistrationsAreLimited(t *testing.T) {
	limited := settings(func(s *account.Settings) {
		s.Throttles.Token = []account.Limit{{Max: 2, Window: time.Minute}}
		s.Throttles.Registration = []account.Limit{{Max: 2, Window: time.Minute}}
		s.Throttles.SecondFactor = []account.Limit{{Max: 2, Window: time.Minute}}
	})
	eachEngine(t, limited, func(w *world) {
		refused := account.ErrBadCredentials
		for range 2 {
			if wait := w.People.Registering(w.Context(), "192.0.2.1"); wait != 0 {
				w.Errorf("wait %s", wait)
			}
			w.Want("refused", w.People.TokensRefused(w.Context(), refused, home), fault.Unauthenticated)
			w.must(w.People.AdmitDevice(w.Context(), "ada"))
		}
		w.Want("once too often", w.People.TokensRefused(w.Context(), refused, home), fault.RateLimited)
		if wait := w.People.Registering(w.Context(), "192.0.2.1"); wait <= 0 || wait > time.Minute {
			w.Errorf("wait %s", wait)
		}
		w.Want("a third code of a device", w.People.AdmitDevice(w.Context(), "ada"), fault.RateLimited)
		w.must(w.People.TokensRefused(w.Context(), nil, home))
		w.Want("a failure of ours", w.People.TokensRefused(w.Context(), fault.New(fault.Unavailable, "x"), home), fault.Unavailable)
	})
}

// A password is stored at today's cost once it is known.
func TestAHashOfAnotherCostIsReplaced(t *testing.T) {
	eachEngine(t, settings(), func(w *world) {
		ada := w.ada()
		w.settings.HashCost = account.HashCost{Memory: 16, Passes: 1}
		dearer := w.service(w.sealer)
		_, err := dearer.SignIn(w.Context(), ada.Email, another, home, nobody)
		w.Want("wrong", err, fault.Unauthenticated)
		if w.user(ada.ID).PasswordHash != ada.PasswordHash {
			w.Error("a wrong password changed the hash")
		}
		_, err = dearer.SignIn(w.Context(), ada.Email, password, home, nobody)
		w.must(err)
		if w.user(ada.ID).PasswordHash == ada.PasswordHash {
			w.Error("the old hash stays")
		}
		w.at(ada, password)
	})
}

// Whatever was checked counts for the user as they were then.
func TestWhatWasCheckedIsOutdated(t *testing.T) {
	for what, change := range map[string]func(w *world, u *authserver.User) error{
		"another password": func(w *world, u *authserver.User) error {
			_, err := w.Store.ReplacePassword(w.Context(), u.ID, u.PasswordHash, "other", nil)
			return err
		},
		"deactivated": func(w *world, u *authserver.User) error { return w.People.Deactivate(w.Context(), u.ID) },
		"a second factor": func(w *world, u *authserver.User) error {
			_, err := w.Store.CreateSecondFactor(w.Context(), authserver.SecondFactor{UserID: u.ID, Sealed: []byte{1}}, w.Now())
			return err
		},
	} {
		t.Run(what, func(t *testing.T) {
			eachEngine(t, settings(), func(w *world) {
				u := w.ada()
				read, err := w.People.CheckPassword(w.Context(), u.Email, password, home)
				w.must(err)
				w.must(change(w, u))
				_, err = w.People.SignInChecked(w.Context(), read, home, nobody)
				w.Want("at a browser", err, fault.Unauthenticated)
				_, err = w.People.SignInProven(w.Context(), read, home, nobody)
				w.Want("by a passkey", err, fault.Unauthenticated)
				_, err = w.People.OpenDevice(w.Context(), read, phone(), authserver.OriginSSO)
				w.Want("on a device", err, fault.Unauthenticated)
				read.SecondFactor = true
				if _, err = w.People.SignInVouched(w.Context(), read, home, nobody); what != "a second factor" {
					w.Want("before the second factor", err, fault.Unauthenticated)
				}
				if n := w.Count(`SELECT count(*) FROM signins`) + w.Count(`SELECT count(*) FROM devices`); n != 0 {
					w.Errorf("%d rows", n)
				}
			})
		})
	}
}

func TestOtherWaysIn(t *testing.T) {
	eachEngine(t, settings(), func(w *world) {
		ada := w.ada()
		vouched, err := w.People.SignInVouched(w.Context(), ada, home, nobody)
		w.must(err)
		proven, err := w.People.SignInProven(w.Context(), ada, home, vouched.Cookie)
		w.must(err)
		if found, _ := w.People.CurrentSignin(w.Context(), vouched.Cookie, ""); found != nil {
			w.Error("the sign-in that the browser came with goes on")
		}
		checked, err := w.People.SignInChecked(w.Context(), ada, home, proven.Cookie)
		w.must(err)
		in := w.current(checked)
		w.Pass(5 * time.Minute)
		renewed, err := w.People.RenewSignin(w.Context(), in, home)
		w.must(err)
		again := w.current(renewed)
		if w.lives(in) || !again.ConfirmedAt.Equal(in.ConfirmedAt) || !again.CreatedAt.After(in.CreatedAt) {
			w.Errorf("renewed: %+v", again)
		}
		_, err = w.People.SignInProven(w.Context(), &authserver.User{ID: uuid.NewString()}, home, nobody)
		w.Want("nobody", err, fault.Unauthenticated)
		tokens, err := w.People.OpenDevice(w.Context(), ada, phone(), authserver.OriginSSO)
		if err != nil || !w.opens(tokens.AccessToken) {
			w.Errorf("%v", err)
		}
		_, err = w.People.OpenDevice(w.Context(), ada, authserver.Device{}, authserver.OriginSSO)
		w.Want("no device", err, fault.Malformed)
	})
}

func TestEndingSignins(t *testing.T) {
	eachEngine(t, settings(), func(w *world) {
		ada, eve := w.ada(), w.join("eve@example.com", "")
		here, there, third := w.at(ada, password), w.at(ada, password), w.at(ada, password)
		hers := w.at(eve, password)
		codes := map[*authserver.Signin]secret.Token{here: w.code(here), there: w.code(there), third: w.code(third)}
		redeemed, err := w.redeem(w.code(there))
		w.must(err)
		app := w.device(ada)

		all, err := w.People.Signins(w.Context(), ada.ID)
		if err != nil || len(all) != 3 {
			w.Errorf("%d sign-ins, %v", len(all), err)
		}
		for _, id := range []string{hers.ID, uuid.NewString(), "x"} {
			w.Want("not hers: "+id, w.People.EndOneSignin(w.Context(), ada.ID, id), fault.NotFound)
		}
		w.must(w.People.EndOneSignin(w.Context(), ada.ID, there.ID))
		w.Want("twice", w.People.EndOneSignin(w.Context(), ada.ID, there.ID), fault.NotFound)
		if _, err := w.redeem(codes[there]); err == nil || w.lives(there) || !w.lives(here) {
			w.Errorf("a code in flight of the ended one: %v", err)
		}
		w.must(w.People.EndOtherSignins(w.Context(), here))
		if _, err := w.redeem(codes[third]); err == nil || w.lives(third) || !w.lives(here) || !w.lives(hers) {
			w.Errorf("the others: %v", err)
		}
		if _, err := w.redeem(codes[here]); err != nil {
			w.Errorf("a code of this one: %v", err)
		}
		if w.opens(app.AccessToken) || !w.opens(redeemed.AccessToken) {
			w.Error("the product's own app goes, an application that was allowed stays")
		}
	})
}
