package account_test

import (
	"encoding/base32"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/pquerna/otp/totp"

	"latchkey/authserver"
	"latchkey/authserver/internal/grant"
	"latchkey/authserver/internal/storetest"
	"latchkey/pkg/fault"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
)

// at signs u in with a password at another browser.
func (w *world) at(u *authserver.User, with string) *authserver.Signin {
	w.Helper()
	got, err := w.People.SignIn(w.Context(), u.Email, with, home, nobody)
	if err != nil || got.Cookie.IsZero() {
		w.Fatalf("%+v, %v", got, err)
	}
	return w.current(got.Cookie)
}

func (w *world) current(cookie secret.Token) *authserver.Signin {
	w.Helper()
	in, err := w.People.CurrentSignin(w.Context(), cookie, "")
	if err != nil || in == nil {
		w.Fatalf("%v, %v", in, err)
	}
	return in
}

// lives reports whether a sign-in is there still.
func (w *world) lives(in *authserver.Signin) bool {
	w.Helper()
	found, err := w.Store.FindSignin(w.Context(), in.Digest, "", w.Now(), w.settings.SigninIdle)
	if err != nil && !fault.Is(err, fault.NotFound) {
		w.Fatal(err)
	}
	return found != nil
}

func phone() authserver.Device {
	return authserver.Device{DeviceID: "phone-1", Name: "Phone", Kind: "ios", OSVersion: "19", AppVersion: "1.0"}
}

// device signs u in on a phone.
func (w *world) device(u *authserver.User) *authserver.Tokens {
	w.Helper()
	_, tokens, err := w.People.SignInOnDevice(w.Context(), u.Email, password, "", phone(), home)
	if err != nil {
		w.Fatal(err)
	}
	return tokens
}

// code approves "app" at a sign-in and returns the code.
func (w *world) code(in *authserver.Signin) secret.Token {
	w.Helper()
	code, err := w.Grants.Approve(w.Context(), grant.Approval{
		Signin: in, ClientID: "app", Scopes: scope.All, RedirectURI: storetest.Redirect, Challenge: "c", Consented: true,
	})
	if err != nil {
		w.Fatal(err)
	}
	return code
}

func (w *world) redeem(code secret.Token) (*authserver.Tokens, error) {
	return w.Grants.Redeem(w.Context(), grant.Exchange{Code: code.Reveal(), ClientID: "app", RedirectURI: storetest.Redirect, Challenge: "c"})
}

// opens reports whether an access token opens anything.
func (w *world) opens(t secret.Token) bool {
	w.Helper()
	c, err := w.Grants.Lookup(w.Context(), t)
	return err == nil && c.Active(w.Now())
}

// events counts those of a kind about a user; "": about anybody.
func (w *world) events(kind, userID string) int {
	w.Helper()
	return w.Count(`SELECT count(*) FROM events WHERE kind = $1 AND (user_id = $2 OR $2 = '')`, kind, userID)
}

func (w *world) wantEvent(kind string, u *authserver.User) {
	w.Helper()
	if n := w.events(kind, u.ID); n != 1 {
		w.Errorf("%d events %s", n, kind)
	}
}

// factor sets a second factor up at a sign-in. It returns the key and the recovery
// codes.
func (w *world) factor(in *authserver.Signin) (key string, recovery []string) {
	w.Helper()
	setup, err := w.People.BeginSecondFactor(w.Context(), in)
	if err != nil {
		w.Fatal(err)
	}
	key = plain(setup.Key)
	if _, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(key); err != nil {
		w.Fatal(err)
	}
	recovery, err = w.People.ConfirmSecondFactor(w.Context(), in, w.totp(key))
	if err != nil {
		w.Fatal(err)
	}
	in.User.SecondFactor = true
	w.Pass(time.Minute) // the code is used
	return key, recovery
}

// totp is what an authenticator app shows now.
func (w *world) totp(key string) string {
	w.Helper()
	code, err := totp.GenerateCode(key, w.Now())
	if err != nil {
		w.Fatal(err)
	}
	return code
}

// passkey stores one of u, which nobody can use.
func (w *world) passkey(u *authserver.User, name string) string {
	w.Helper()
	id := uuid.NewString()
	err := w.Store.CreatePasskey(w.Context(), &authserver.Passkey{
		ID: id, UserID: u.ID, CredentialID: []byte(id), PublicKey: []byte{1}, AAGUID: make([]byte, 16), Name: name, CreatedAt: w.Now(),
	})
	if err != nil {
		w.Fatal(err)
	}
	return id
}

// key makes an API key of u.
func (w *world) key(u *authserver.User) secret.Token {
	w.Helper()
	_, made, err := w.Keys.Create(w.Context(), u.ID, authserver.KeyRequest{Name: "Backup", Source: authserver.SourceWeb, Scopes: []string{"read"}})
	if err != nil {
		w.Fatal(err)
	}
	return made
}

func (w *world) keyOpens(made secret.Token) bool {
	w.Helper()
	c, err := w.Store.LookupAPIKey(w.Context(), made.Digest())
	return err == nil && c.Active(w.Now())
}

// rules are those that a refusal names.
func rules(err error) (names []string) {
	if broken, ok := errors.AsType[authserver.Violations](err); ok {
		for _, b := range broken {
			names = append(names, b.Rule)
		}
	}
	slices.Sort(names)
	return names
}

func (w *world) wantRules(what string, err error, want ...string) {
	w.Helper()
	slices.Sort(want)
	if !fault.Is(err, fault.Invalid) || !slices.Equal(rules(err), want) {
		w.Errorf("%s: %v broke %v, want %v", what, err, rules(err), want)
	}
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// plain is a key as an app reads it.
func plain(key string) string { return strings.ReplaceAll(key, " ", "") }

// closes deletes the account of the person at in.
func (w *world) closes(in *authserver.Signin, password string) error {
	_, err := w.Recovery.CloseMine(w.Context(), in, password)
	return err
}
