//go:build browser

package e2e

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // RFC 6238: what authenticator apps compute
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

// namedWorld is a world at a host name: browsers do passkeys nowhere else.
func namedWorld(t *testing.T, set testenv.Set) *world {
	t.Helper()
	return startWorld(t, set, stack.Setup{AuthEnv: atAName(t)})
}

// withDevice gives the browser a device that makes passkeys and knows its owner.
func (b *tab) withDevice() webauthn.AuthenticatorID {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		b.t.Fatal(err)
	}
	made, err := chromedp.Call(b.ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{
		Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
			DefaultBackupEligibility: true, DefaultBackupState: true,
		},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return made.AuthenticatorID
}

const passkeyButton = `form[data-passkey] button[type=submit]`

func (b *tab) signOut(w *world) {
	b.t.Helper()
	b.visit(w.Auth.URL + "/signout")
	b.press(`form[action="/signout"] button[type=submit]`)
	b.arrive("/")
}

// TestBrowserPasskeys makes a passkey, signs in with it instead of a password,
// uses it as a second factor and removes it, by keyboard.
func TestBrowserPasskeys(t *testing.T) {
	t.Parallel()
	chromium(t)
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		w := namedWorld(t, set)
		b, p := openTab(t), actor.NewPerson(w.Auth.URL)
		device := b.withDevice()
		b.signUp(w, p)

		b.visit(w.Auth.URL + "/settings/security")
		b.press(`a[href="/settings/passkeys"]`)
		b.arrive("/settings/passkeys")
		b.typeIn("input[name=passkey_name]", "Blue phone")
		b.press(passkeyButton)
		b.until("location.search === '?done=passkey-added' && document.body.innerText.includes('Blue phone')")

		// The device knows the account and says so.
		b.press(passkeyButton)
		b.until("!document.querySelector('[data-passkey-alert]').hidden && document.querySelector('[data-passkey-alert]').innerText.includes('already')")

		b.signOut(w)
		b.visit(w.Auth.URL + "/signin?return_to=%2Fsettings%2Fsignins")
		b.press(passkeyButton)
		b.arrive("/settings/signins")

		// The person does not touch the sensor: nothing happens, and it is said.
		b.signOut(w)
		b.visit(w.Auth.URL + "/signin")
		verified := webauthn.SetUserVerifiedParams{AuthenticatorID: device}
		if _, err := chromedp.Call(b.ctx, webauthn.SetUserVerified, verified); err != nil {
			t.Fatal(err)
		}
		b.press(passkeyButton)
		b.until("!document.querySelector('[data-passkey-alert]').hidden")
		verified.IsUserVerified = true
		if _, err := chromedp.Call(b.ctx, webauthn.SetUserVerified, verified); err != nil {
			t.Fatal(err)
		}
		b.press(passkeyButton)
		b.until("document.body.innerText.includes('Hello')")

		b.turnOnSecondFactor(w)
		b.signOut(w)
		b.visit(w.Auth.URL + "/signin")
		b.typeIn("input[name=email]", p.Email)
		b.typeIn("input[name=password]", p.Password)
		b.press(`form[action="/signin"] button[type=submit]`)
		b.arrive("/signin/second-factor")
		b.press(passkeyButton)
		b.until("location.pathname === '/' && document.body.innerText.includes('Hello')")

		b.visit(w.Auth.URL + "/settings/passkeys")
		b.press(`a[href$="/remove"]`)
		b.until("location.pathname.endsWith('/remove')")
		b.press(`form[action$="/remove"] button[type=submit]`)
		b.until("location.search === '?done=passkey-removed'")
		b.signOut(w)
		b.visit(w.Auth.URL + "/signin")
		b.press(passkeyButton) // the device still offers it
		b.until("document.body.innerText.includes('The passkey was not accepted')")
	})
}

// Without scripts nothing of it is shown, and everything else works.
func TestBrowserPasskeysNeedScripts(t *testing.T) {
	t.Parallel()
	chromium(t)
	w := namedWorld(t, testenv.Embedded)
	b, p := openTab(t).withoutScripts(), actor.NewPerson(w.Auth.URL)
	hidden := "[...document.querySelectorAll('form[data-passkey]')].every(f => f.getBoundingClientRect().height === 0)"
	b.signUp(w, p)
	b.visit(w.Auth.URL + "/settings/passkeys")
	b.until(hidden + " && document.body.innerText.includes('JavaScript is turned off')")
	b.signOut(w)
	b.visit(w.Auth.URL + "/signin")
	b.until(hidden)
	b.typeIn("input[name=email]", p.Email)
	b.typeIn("input[name=password]", p.Password)
	b.press(`form[action="/signin"] button[type=submit]`)
	b.until("document.body.innerText.includes('Hello')")
}

func (b *tab) turnOnSecondFactor(w *world) {
	b.t.Helper()
	b.visit(w.Auth.URL + "/settings/second-factor")
	key, err := ask[string](b, "document.querySelector('code.key').innerText")
	if err != nil {
		b.t.Fatal(err)
	}
	b.typeIn("input[name=otp_code]", appCode(b.t, key, time.Now()))
	b.press(`form[action="/settings/second-factor"] button[type=submit]`)
	b.until("document.querySelectorAll('code').length >= 10 || document.body.innerText.includes('ecovery')")
}

// appCode is what an authenticator app shows at a time (RFC 6238).
func appCode(t *testing.T, key string, at time.Time) string {
	t.Helper()
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(key, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha1.New, raw)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(at.Unix()/30))) //nolint:gosec // a step since 1970 is positive
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 0x0f
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[offset:])&0x7fffffff%1_000_000)
}
