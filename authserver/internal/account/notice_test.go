package account_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
	"latchkey/pkg/testenv"
)

// told are the kinds of the emails that wait, with whom they go to.
func (w *world) told() map[string]string {
	w.Helper()
	found := map[string]string{}
	for _, m := range w.mail() {
		found[m.Kind] = m.To
	}
	return found
}

func TestPeopleHearWhatHappened(t *testing.T) {
	eachEngine(t, settings(), func(w *world) {
		ada := w.ada()
		w.mail()
		for kind, want := range map[string]string{
			authserver.EventPasskeyAdded: authserver.EmailMessagePasskey, authserver.EventIdentityLinked: authserver.EmailMessageIdentity,
			authserver.EventSecondFactorOn: authserver.EmailMessageFactorOn, authserver.EventSecondFactorOff: authserver.EmailMessageFactorOff,
			authserver.EventRecoveryCodeUsed: authserver.EmailMessageRecoveryCode, authserver.EventKeyCreated: authserver.EmailMessageKeyMade,
			authserver.EventKeyRotated: authserver.EmailMessageKeyRotated, authserver.EventPasswordChanged: authserver.EmailMessagePasswordChanged,
			authserver.EventConsentGiven: authserver.EmailMessageAllowed, authserver.EventSignout: "", authserver.EventExported: "",
		} {
			w.must(w.recorder.Record(w.Context(), authserver.Event{Kind: kind, UserID: ada.ID, Details: map[string]string{"scope": "read read_write"}}))
			got := w.told()
			if want == "" && len(got) != 0 || want != "" && (len(got) != 1 || got[want] != ada.Email) {
				w.Errorf("%s: %v", kind, got)
			}
		}
		for what, e := range map[string]authserver.Event{
			"reading only":            {Kind: authserver.EventConsentGiven, Details: map[string]string{"scope": "read"}},
			"part of a sign-up":       {Kind: authserver.EventIdentityLinked, Details: map[string]string{authserver.DetailSignup: "true"}},
			"a refusal":               {Kind: authserver.EventPasskeyAdded, Outcome: authserver.OutcomeFailure},
			"somebody who is no user": {Kind: authserver.EventPasskeyAdded, UserID: uuid.NewString()},
		} {
			if e.UserID == "" {
				e.UserID = ada.ID
			}
			w.must(w.recorder.Record(w.Context(), e))
			if got := w.told(); len(got) != 0 {
				w.Errorf("%s: %v", what, got)
			}
		}
		w.key(ada)
		if m := w.email(authserver.EmailMessageKeyMade); m == nil || m.About != "Backup" {
			w.Errorf("%+v", m)
		}
	})
}

// An email about a sign-in comes where the person has not signed in before.
func TestEmailsAboutSignIns(t *testing.T) {
	eachEngine(t, settings(), func(w *world) {
		ada := w.ada()
		w.mail()
		from := func(browser string) {
			w.Helper()
			v := account.Visitor{Address: "192.0.2.1", Browser: secret.DigestOf(browser)}
			_, err := w.People.SignIn(w.Context(), ada.Email, password, v, nobody)
			w.must(err)
		}
		signins := func() (n int) {
			w.Helper()
			for _, m := range w.mail() {
				if m.Kind == authserver.EmailMessageSignin {
					n++
				}
			}
			return n
		}
		from("first")
		from("second")
		if n := signins(); n != 1 {
			w.Errorf("%d emails of two sign-ins within five minutes", n)
		}
		w.Pass(6 * time.Minute)
		from("first")
		if n := signins(); n != 0 {
			w.Errorf("%d emails at a known browser", n)
		}
		w.device(ada)
		m := w.email(authserver.EmailMessageSignin)
		if m == nil || m.Device != "Phone" || m.About != "" {
			w.Errorf("on a device: %+v", m)
		}
		w.Pass(6 * time.Minute)
		w.device(ada)
		if n := signins(); n != 0 {
			w.Errorf("%d emails on a known device", n)
		}
		w.must(w.People.SignOutEverywhere(w.Context(), ada))
		from("first")
		if n := signins(); n != 1 {
			w.Errorf("%d emails after everybody was signed out", n)
		}
	})
}

func TestNobodyFillsAMailbox(t *testing.T) {
	eachEngine(t, settings(), func(w *world) {
		ada := w.ada()
		w.mail()
		for range 15 {
			w.must(w.recorder.Record(w.Context(), authserver.Event{Kind: authserver.EventPasskeyAdded, UserID: ada.ID}))
		}
		if n := len(w.mail()); n != 10 {
			w.Errorf("%d emails in an hour", n)
		}
		w.Pass(time.Hour)
		w.must(w.recorder.Record(w.Context(), authserver.Event{Kind: authserver.EventPasskeyAdded, UserID: ada.ID}))
		if n := len(w.mail()); n != 1 {
			w.Errorf("%d emails in the next", n)
		}
	})
}

// An email is in the transaction of what it tells of; one that cannot be sent is tried
// for as long as it is worth something.
func TestEmailsWait(t *testing.T) {
	eachEngine(t, settings(), func(w *world) {
		ada := w.ada()
		w.mail()
		broken := errors.New("broken")
		err := w.Store.InTx(w.Context(), func(ctx context.Context) error {
			if err := w.recorder.Record(ctx, authserver.Event{Kind: authserver.EventPasskeyAdded, UserID: ada.ID}); err != nil {
				return err
			}
			return broken
		})
		if err == nil || w.waiting() != 0 {
			w.Errorf("an email about what was rolled back: %v", err)
		}
		w.must(w.Recovery.RequestReset(w.Context(), ada.Email, "", home))
		w.mu.Lock()
		w.down = true
		w.mu.Unlock()
		ctx, stop := context.WithCancel(w.Context())
		stopped := make(chan struct{})
		go func() { defer close(stopped); w.Recovery.Run(ctx) }()
		testenv.Eventually(w.T, 30*time.Second, "a first try", func() bool {
			return w.Count(`SELECT count(*) FROM outbox WHERE attempts = 1 AND next_at = $1`, w.Now().Add(time.Second)) == 1
		})
		stop()
		<-stopped
		w.mu.Lock()
		w.down = false
		w.mu.Unlock()
		w.Pass(time.Hour + time.Second)
		if sent := w.mail(); len(sent) != 0 {
			w.Errorf("sent when it was worth nothing: %+v", sent)
		}
	})
}

func TestWhatAnOperatorDoes(t *testing.T) {
	eachEngine(t, settings(), func(w *world) {
		ada, bob := w.ada(), w.join("bob@example.com", "")
		in := w.at(bob, password)
		w.Want("no second factor", w.People.DropSecondFactor(w.Context(), bob), fault.Conflict)
		w.factor(in)
		app, err := w.People.OpenDevice(w.Context(), w.user(bob.ID), phone(), authserver.OriginSSO)
		w.must(err)
		allowed, err := w.redeem(w.code(in))
		w.must(err)
		w.must(w.People.DropSecondFactor(w.Context(), w.user(bob.ID)))
		if u := w.user(bob.ID); u.SecondFactor || w.lives(in) || w.opens(app.AccessToken) || !w.opens(allowed.AccessToken) {
			w.Errorf("%+v", u)
		}
		w.wantEvent(authserver.EventSecondFactorOff, bob)
		w.wantEvent(authserver.EventSignoutAll, bob)

		w.Want("an operator already", w.People.SetOperator(w.Context(), ada.ID, true), fault.Conflict)
		w.must(w.People.SetOperator(w.Context(), bob.ID, true))
		w.must(w.People.SetOperator(w.Context(), bob.ID, false))
		w.Want("none already", w.People.SetOperator(w.Context(), bob.ID, false), fault.Conflict)
		w.must(w.People.Deactivate(w.Context(), bob.ID))
		w.Want("not active", w.People.SetOperator(w.Context(), bob.ID, true), fault.Conflict)
		w.wantEvent(authserver.EventOperatorOn, bob)
		w.wantEvent(authserver.EventOperatorOff, bob)
	})
}
