package passkey_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/authserver/internal/passkey"
	"latchkey/authserver/internal/storetest"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
	"latchkey/pkg/testenv/actor"
)

func TestMain(m *testing.M) { storetest.Main(m) }

const issuer = "https://id.example.com"

var (
	here  = secret.DigestOf("this browser")
	there = secret.DigestOf("another browser")
)

// world is the use cases on a fresh database, with a user and a device.
type world struct {
	*storetest.Harness
	*passkey.Service
	user   *authserver.User
	device *actor.Authenticator
}

func eachEngine(t *testing.T, fn func(w *world)) {
	t.Helper()
	storetest.EachEngine(t, func(h *storetest.Harness) {
		service, err := passkey.New(passkey.Dependencies{Store: h.Store, Issuer: issuer, Now: h.Now, Events: h.Events()})
		if err != nil {
			h.Fatal(err)
		}
		fn(&world{Harness: h, Service: service, user: h.Person(), device: actor.NewAuthenticator(issuer)})
	})
}

// options are what a browser is given.
func (w *world) options(given any, err error) []byte {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
	text, err := json.Marshal(given)
	if err != nil {
		w.Fatal(err)
	}
	return text
}

func (w *world) made(answer string, err error) []byte {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
	return []byte(answer)
}

// add registers a passkey of the device.
func (w *world) add(name string) error {
	w.Helper()
	asked := w.options(w.BeginRegistration(w.Context(), w.user, here))
	return w.Register(w.Context(), w.user, here, name, w.made(actor.NewAuthenticator(issuer).Create(asked)))
}

// enrol registers the passkey with which the device answers.
func (w *world) enrol() {
	w.Helper()
	asked := w.options(w.BeginRegistration(w.Context(), w.user, here))
	if err := w.Register(w.Context(), w.user, here, "Phone", w.made(w.device.Create(asked))); err != nil {
		w.Fatal(err)
	}
}

func TestASigninByPasskey(t *testing.T) {
	eachEngine(t, func(w *world) {
		w.enrol()
		asked := w.options(w.BeginSignIn(w.Context(), here))
		answer := w.made(w.device.Get(asked))
		_, err := w.SignIn(w.Context(), there, answer)
		w.Want("at another browser", err, fault.Unauthenticated)
		if u, err := w.SignIn(w.Context(), here, answer); err != nil || u.ID != w.user.ID {
			w.Fatalf("%v, %v", u, err)
		}
		_, err = w.SignIn(w.Context(), here, answer)
		w.Want("twice", err, fault.Unauthenticated)
		late := w.made(w.device.Get(w.options(w.BeginSignIn(w.Context(), here))))
		w.Pass(passkey.Life)
		_, err = w.SignIn(w.Context(), here, late)
		w.Want("too late", err, fault.Unauthenticated)
		_, err = w.SignIn(w.Context(), here, []byte("{}"))
		w.Want("no answer", err, fault.Malformed)

		asked = w.options(w.BeginSignIn(w.Context(), here))
		w.device.Keys[0].Count = 0 // a copy that has not kept up
		_, err = w.SignIn(w.Context(), here, w.made(w.device.Get(asked)))
		w.Want("a copied key", err, fault.Unauthenticated)
	})
}

// TestA3_APasskeyThatIsSuspendedMeanwhileIsNotUsed has a reset come after the passkey was found.
func TestA3_APasskeyThatIsSuspendedMeanwhileIsNotUsed(t *testing.T) {
	eachEngine(t, func(w *world) {
		w.enrol()
		keys, err := w.List(w.Context(), w.user.ID)
		if err != nil {
			w.Fatal(err)
		}
		if err := w.Store.SuspendWaysIn(w.Context(), w.user.ID, w.Now()); err != nil {
			w.Fatal(err)
		}
		used, err := w.Store.UsePasskey(w.Context(), keys[0].ID, keys[0].SignCount+1, false, w.Now())
		if used || err != nil {
			w.Errorf("used: %v, %v", used, err)
		}
	})
}

// Of parallel answers to one challenge one wins.
func TestAChallengeIsUsedOnce(t *testing.T) {
	eachEngine(t, func(w *world) {
		w.enrol()
		answer := w.made(w.device.Get(w.options(w.BeginSignIn(w.Context(), here))))
		won := storetest.Race(20, func(int) bool {
			_, err := w.SignIn(w.Context(), here, answer)
			return err == nil
		})
		if won != 1 {
			w.Errorf("%d winners", won)
		}
	})
}

func TestAPasskeyAsSecondFactor(t *testing.T) {
	eachEngine(t, func(w *world) {
		_, err := w.BeginSecondFactor(w.Context(), w.user, here)
		w.Want("without a passkey", err, fault.NotFound)
		w.enrol()
		asked := w.options(w.BeginSecondFactor(w.Context(), w.user, here))
		answer := w.made(w.device.Get(asked))
		other := w.Person()
		w.Want("of another user", w.CheckSecondFactor(w.Context(), other, here, answer), fault.Unauthenticated)
		answer = w.made(w.device.Get(w.options(w.BeginSecondFactor(w.Context(), w.user, here))))
		_, err = w.SignIn(w.Context(), here, answer)
		w.Want("for another purpose", err, fault.Unauthenticated)
		answer = w.made(w.device.Get(w.options(w.BeginSecondFactor(w.Context(), w.user, here))))
		if err := w.CheckSecondFactor(w.Context(), w.user, here, answer); err != nil {
			w.Error(err)
		}
		stranger := actor.NewAuthenticator(issuer)
		stranger.Keys = []*actor.AuthenticatorKey{{ID: []byte("unknown"), User: []byte("x"), RPID: "id.example.com", Private: w.device.Keys[0].Private}}
		asked = w.options(w.BeginSignIn(w.Context(), here))
		_, err = w.SignIn(w.Context(), here, w.made(stranger.Get(asked)))
		w.Want("an unknown passkey", err, fault.Unauthenticated)
	})
}

func TestPasskeysAreKept(t *testing.T) {
	eachEngine(t, func(w *world) {
		w.Want("a name too long", w.add(strings.Repeat("n", authserver.MaxPasskeyName+1)), fault.Invalid)
		for n := range authserver.MaxPasskeys {
			name := ""
			if n == 0 {
				name = " Phone "
			}
			if err := w.add(name); err != nil {
				w.Fatal(err)
			}
			w.Pass(time.Second)
		}
		_, err := w.BeginRegistration(w.Context(), w.user, here)
		w.Want("one too many", err, fault.Conflict)
		keys, err := w.List(w.Context(), w.user.ID)
		if err != nil || len(keys) != authserver.MaxPasskeys || keys[0].Name != "Phone" || keys[1].Name == keys[2].Name {
			w.Fatalf("%d passkeys, %v", len(keys), err)
		}
		id, other := keys[0].ID, w.Person()
		for what, err := range map[string]error{
			"rename of another's": w.Rename(w.Context(), other.ID, id, "", "Mine"), "remove of another's": w.Remove(w.Context(), other.ID, id),
			"rename of none": w.Rename(w.Context(), w.user.ID, "x", "", "Mine"), "remove of none": w.Remove(w.Context(), w.user.ID, uuid.NewString()),
		} {
			w.Want(what, err, fault.NotFound)
		}
		w.Want("no name", w.Rename(w.Context(), w.user.ID, id, "", " "), fault.Invalid)
		if err := w.Rename(w.Context(), w.user.ID, id, "", "Old phone"); err != nil {
			w.Fatal(err)
		}
		if found, err := w.Find(w.Context(), w.user.ID, id); err != nil || found.Name != "Old phone" {
			w.Errorf("%+v, %v", found, err)
		}
		for _, k := range keys[1:] {
			if err := w.Remove(w.Context(), w.user.ID, k.ID); err != nil {
				w.Fatal(err)
			}
		}
		w.Want("the last way in", w.Remove(w.Context(), w.user.ID, id), fault.Conflict)
	})
}

func TestWherePasskeysWork(t *testing.T) {
	for issuer, want := range map[string]bool{
		"https://id.example.com": true, "http://localhost:8080": true, "http://id.example.com": false, "https://192.0.2.1": false, "http://[::1]:8080": false,
	} {
		s, err := passkey.New(passkey.Dependencies{Issuer: issuer})
		if err != nil || s.Available() != want {
			t.Errorf("%s: %v, %v", issuer, s.Available(), err)
		}
		if want {
			continue
		}
		_, begin := s.BeginSignIn(t.Context(), here)
		_, answer := s.SignIn(t.Context(), here, nil)
		for _, err := range []error{begin, answer, s.Register(t.Context(), &authserver.User{}, here, "", nil)} {
			if !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: %v", issuer, err)
			}
		}
	}
	if _, err := passkey.New(passkey.Dependencies{Issuer: "id.example.com"}); err == nil {
		t.Error("an issuer that is no URL")
	}
}
