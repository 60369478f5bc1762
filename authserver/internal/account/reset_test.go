package account_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/storetest"
	"latchkey/pkg/fault"
)

func (w *world) askReset(email string) string {
	w.Helper()
	w.must(w.Recovery.RequestReset(w.Context(), email, "de", home))
	return w.token(authserver.EmailMessageReset)
}

func (w *world) wantGone(what string, err error) {
	w.Helper()
	if !errors.Is(err, account.ErrLinkGone) {
		w.Errorf("%s: %v", what, err)
	}
}

func TestAskingForAReset(t *testing.T) {
	limited := settings(func(s *account.Settings) {
		s.Throttles.Reset = []account.Limit{{Max: 3, Window: time.Hour}}
		s.Throttles.SigninAddress = []account.Limit{{Max: 9, Window: time.Hour}}
	})
	eachEngine(t, limited, func(w *world) {
		ada := w.ada()
		w.must(w.People.Deactivate(w.Context(), w.join("bob@example.com", "").ID))
		w.mail()
		ask := func(email string) error { return w.Recovery.RequestReset(w.Context(), email, "de", home) }
		w.wantRules("no address", ask("x"), "email.invalid")
		for _, email := range []string{"nobody@example.com", "bob@example.com"} {
			w.must(ask(email)) // the answer is that of a known address
			if sent := w.mail(); len(sent) != 0 {
				w.Errorf("%s: %+v", email, sent)
			}
		}
		w.must(ask(" ADA@example.com"))
		m := w.email(authserver.EmailMessageReset)
		if m == nil || m.To != ada.Email || m.Language != "de" || m.Life != 15*time.Minute {
			w.Fatalf("%+v", m)
		}
		w.wantEvent(authserver.EventResetRequested, ada)
		w.must(ask(ada.Email))
		w.must(ask(ada.Email))
		w.Want("a fourth email", ask(ada.Email), fault.RateLimited)
		w.must(ask("one@example.com"))
		w.must(ask("two@example.com"))
		w.must(ask("three@example.com"))
		w.Want("everybody from one address", ask("four@example.com"), fault.RateLimited)
	})
}

func TestAReset(t *testing.T) {
	eachEngine(t, settings(), func(w *world) {
		ada := w.ada()
		in := w.at(ada, password)
		allowed, err := w.redeem(w.code(in))
		w.must(err)
		app, key := w.device(ada), w.key(ada)
		invited := w.invite(ada, "bob@example.com", authserver.RoleMember)
		first, second := w.askReset(ada.Email), w.askReset(ada.Email)
		if u, err := w.Recovery.CheckResetLink(w.Context(), first); err != nil || u.ID != ada.ID {
			w.Errorf("%v, %v", u, err)
		}
		reset := func(token, with string) error { return w.Recovery.Reset(w.Context(), token, with, "de") }
		if err := reset(first, "short"); !fault.Is(err, fault.Invalid) {
			w.Errorf("a weak password: %v", err)
		}
		w.wantGone("no token", reset("x", another))
		w.must(reset(first, another)) // a refusal uses nothing up
		w.wantGone("used", reset(first, password))
		w.wantGone("another from before", reset(second, password))
		u := w.user(ada.ID)
		if !u.EmailConfirmed() || u.Language != "de" || w.lives(in) {
			w.Errorf("%+v", u)
		}
		if w.opens(allowed.AccessToken) || w.opens(app.AccessToken) || w.keyOpens(key) || w.Count(`SELECT count(*) FROM consents`) != 0 {
			w.Error("something goes on")
		}
		_, err = w.People.Invitation(w.Context(), invited)
		w.Want("an invitation from before", err, fault.NotFound)
		w.wantEvent(authserver.EventPasswordChanged, ada)
		w.wantEvent(authserver.EventEmailConfirmed, ada)
		_, err = w.People.SignIn(w.Context(), ada.Email, password, home, nobody)
		w.Want("the old password", err, fault.Unauthenticated)
		w.at(ada, another)
	})
}

func TestLinksAreUsedOnceAndExpire(t *testing.T) {
	eachEngine(t, settings(), func(w *world) {
		ada := w.ada()
		late := w.askReset(ada.Email)
		w.Pass(15 * time.Minute)
		_, err := w.Recovery.CheckResetLink(w.Context(), late)
		w.wantGone("too late", err)
		tokens := []string{w.askReset(ada.Email), w.askReset(ada.Email)}
		wins := storetest.Race(8, func(i int) bool {
			err := w.Recovery.Reset(w.Context(), tokens[i%2], another, "")
			if err != nil && !errors.Is(err, account.ErrLinkGone) {
				w.Error(err)
			}
			return err == nil
		})
		if wins != 1 || w.events(authserver.EventPasswordChanged, ada.ID) != 1 {
			w.Errorf("%d resets", wins)
		}
		stale := w.askReset(ada.Email)
		_, err = w.People.ChangePassword(w.Context(), w.at(ada, another), another, password, home)
		w.must(err)
		_, err = w.Recovery.CheckResetLink(w.Context(), stale)
		w.wantGone("after another password", err)
		gone := w.askReset(ada.Email)
		w.must(w.People.Deactivate(w.Context(), ada.ID))
		_, err = w.Recovery.CheckResetLink(w.Context(), gone)
		w.wantGone("after the deactivation", err)
	})
}

// A link that the operator hands over proves nothing about the address.
func TestAResetByTheOperator(t *testing.T) {
	eachEngine(t, settings(silent), func(w *world) {
		ada := w.ada()
		in := w.at(ada, password)
		_, recovery := w.factor(in)
		w.Want("no emails are sent", w.Recovery.RequestReset(w.Context(), ada.Email, "", home), fault.Unavailable)
		_, err := w.Recovery.ResetLink(w.Context(), "nobody@example.com")
		w.Want("nobody's", err, fault.NotFound)
		path, err := w.Recovery.ResetLink(w.Context(), " ADA@example.com ")
		w.must(err)
		w.must(w.Recovery.Reset(w.Context(), tokenOf(w.T, path), another, ""))
		if u := w.user(ada.ID); u.EmailConfirmed() || !u.SecondFactor {
			w.Errorf("%+v", u)
		}
		got, err := w.People.SignIn(w.Context(), ada.Email, another, home, nobody)
		w.must(err)
		_, err = w.People.FinishSignIn(w.Context(), got.Pending, recovery[0], home, nobody)
		w.must(err)
	})
}

// Somebody else may have set a second factor up while the address was not confirmed:
// it goes. What the owner of a confirmed address has set up stays.
func TestAResetAndTheSecondFactor(t *testing.T) {
	for _, confirmed := range []bool{false, true} {
		t.Run(map[bool]string{false: "not confirmed", true: "confirmed"}[confirmed], func(t *testing.T) {
			eachEngine(t, settings(), func(w *world) {
				ada := w.ada()
				if confirmed {
					w.must(w.Recovery.ConfirmOwn(w.Context(), w.token(authserver.EmailMessageConfirmOwn)))
				}
				w.factor(w.at(ada, password))
				w.must(w.Recovery.Reset(w.Context(), w.askReset(ada.Email), another, ""))
				if u := w.user(ada.ID); u.SecondFactor != confirmed || w.events(authserver.EventSecondFactorOff, ada.ID) == 1 == confirmed {
					w.Errorf("%+v", u)
				}
			})
		})
	}
}

func TestAResetAsksAboutOtherWaysIn(t *testing.T) {
	eachEngine(t, settings(), func(w *world) {
		ada := w.ada()
		phone, stolen := w.passkey(ada, "Phone"), w.passkey(ada, "Stolen")
		identity := authserver.Identity{ID: uuid.NewString(), Provider: "work", Subject: "1", UserID: ada.ID, CreatedAt: w.Now()}
		w.must(w.Store.CreateIdentity(w.Context(), identity))
		w.must(w.Recovery.Reset(w.Context(), w.askReset(ada.Email), another, ""))
		if usable, err := w.Store.WaysIn(w.Context(), ada.ID); err != nil || usable != 1 {
			w.Errorf("%d ways in before anybody was asked, %v", usable, err)
		}
		got, err := w.People.SignIn(w.Context(), ada.Email, another, home, nobody)
		if err != nil || !got.Review {
			w.Errorf("nobody asks: %+v, %v", got, err)
		}
		u := w.user(ada.ID)
		found, err := w.People.Suspended(w.Context(), u)
		if err != nil || len(found.Passkeys) != 2 || len(found.Identities) != 1 {
			w.Errorf("%+v, %v", found, err)
		}
		if n := storetest.Race(4, func(int) bool { return w.People.KeepSuspended(w.Context(), u, []string{phone, identity.ID}) == nil }); n != 4 {
			w.Errorf("%d answers", n)
		}
		passkeys, err := w.Store.ListPasskeys(w.Context(), ada.ID)
		if err != nil || len(passkeys) != 1 || passkeys[0].ID != phone {
			w.Errorf("%+v, %v", passkeys, err)
		}
		if n := w.Count(`SELECT count(*) FROM events WHERE kind = $1 AND subject_id = $2`, authserver.EventPasskeyRemoved, stolen); n != 1 {
			w.Errorf("%d events about the one that went", n)
		}
		if usable, err := w.Store.WaysIn(w.Context(), ada.ID); err != nil || usable != 3 || w.user(ada.ID).Review {
			w.Errorf("%d ways in, %v", usable, err)
		}
	})
}
