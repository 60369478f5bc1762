package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/authserver/internal/deviceflow"
	"latchkey/authserver/internal/web"
	"latchkey/pkg/testenv"
	"latchkey/pkg/testenv/actor"
)

// What a form asks for before it changes how somebody signs in, or hands out what
// acts alone. Each form of the pages is here, with what confirms it or with why
// nothing has to.
const (
	fresh    = "a sign-in of the last ten minutes, or the password"
	password = "the current password, or a fresh sign-in of somebody without one"
	code     = "a code of the second factor"
)

var confirmations = map[string]string{
	"/settings/email":                       password,
	"/settings/delete":                      password,
	"/settings/password":                    password,
	"/settings/second-factor/off":           password,
	"/settings/second-factor/recovery":      code,
	"/settings/second-factor":               fresh,
	"/settings/export":                      fresh,
	"/settings/review":                      fresh,
	"/settings/password/review":             fresh,
	"/settings/passkeys":                    fresh,
	"/settings/passkeys/options":            fresh,
	"/settings/passkeys/{id}/remove":        fresh,
	"/settings/identities":                  fresh,
	"/settings/api_keys":                    fresh,
	"/settings/api_keys/new":                fresh,
	"/settings/api_keys/{key}/rotate":       fresh,
	"/settings/api_keys/{key}/revoke":       fresh,
	"/settings/developer/new":               fresh,
	"/settings/developer/{client}":          fresh,
	"/settings/developer/{client}/rotate":   fresh,
	"/settings/developer/{client}/try":      fresh,
	"/settings/developer/{client}/logo":     fresh,
	"/settings/developer/{client}/delete":   fresh,
	"/operator/applications/one/delete":     fresh,
	"/operator/keys/{id}/tier":              fresh,
	"/operator/keys/{id}/revoke":            fresh,
	"/operator/applications/one/verify":     fresh,
	"/operator/applications/one/logo":       fresh,
	"/operator/applications/one/unverify":   fresh,
	"/operator/applications/one/edit":       fresh,
	"/operator/applications/one/rotate":     fresh,
	"/operator/applications/one/enable":     fresh,
	"/operator/applications/one/disable":    fresh,
	"/operator/registrations/new":           fresh,
	"/operator/registrations/{id}/revoke":   fresh,
	"/operator/invites/new":                 fresh,
	"/operator/invites/{id}/revoke":         fresh,
	"/operator/people/{id}/reset-link":      fresh,
	"/operator/people/{id}/sign-out":        fresh,
	"/operator/people/{id}/second-factor":   fresh,
	"/operator/people/{id}/appoint":         fresh,
	"/operator/people/{id}/dismiss":         fresh,
	"/operator/people/{id}/reactivate":      fresh,
	"/operator/people/{id}/deactivate":      fresh,
	"/preferences":                          "-: how pages look",
	"/device":                               "-: takes a decision, as the consent page does",
	"/signup":                               "-: makes an account",
	"/signin":                               "-: is the proof",
	"/signin/passkey":                       "-: is the proof",
	"/signin/passkey/options":               "-: begins the proof",
	"/signin/second-factor":                 "-: is the proof",
	"/signin/second-factor/passkey":         "-: is the proof",
	"/signin/second-factor/passkey/options": "-: begins the proof",
	"/signout":                              "-: takes access away",
	"/forgot":                               "-: sends an email",
	"/reset":                                "-: the link is the proof",
	"/restore":                              "-: the link is the proof",
	"/confirm":                              "-: the link is the proof",
	"/settings/email/confirmation":          "-: sends an email",
	"/settings/account":                     "-: names only",
	"/settings/email/confirm":               "-: ends what was confirmed when the link was asked for",
	"/settings/passkeys/{id}":               "-: the name only",
	"/settings/signins":                     "-: takes access away",
	"/settings/signins/{id}/recognise":      fresh,
	"/settings/family":                      "-: nobody signs in with it",
	"/settings/family/time-zone":            "-: nobody signs in with it",
	"/settings/applications":                "-: takes access away",
	"/settings/applications/one":            "-: takes access away",
	"/settings/developer":                   "-: has no form",
	"/settings/api_keys/{key}":              "-: has no form",
	"/auth/finish":                          "-: asks for password and second factor itself",
	"/auth/mobile/second-factor":            "-: is the proof",
	"/auth/{provider}":                      "-: connects only after a confirmation, see TestA1_ConnectingIsConfirmed; signs in otherwise",
}

func TestA1_EveryFormIsConfirmedOrSaysWhyNot(t *testing.T) {
	s := newSite(t, testenv.Embedded, settings(), withEveryPage, func(_ *site, d *web.Dependencies) { d.Devices = &deviceflow.Service{} })
	seen := map[string]bool{}
	for _, p := range s.Pages.Pages() {
		if !p.Post {
			continue
		}
		seen[p.Path] = true
		want, listed := confirmations[p.Path]
		switch {
		case !listed:
			t.Errorf("%s: say in confirmations what confirms its form", p.Path)
		case strings.HasPrefix(want, "-: ") != (p.Confirmation == "") || p.Confirmation != "" && p.Confirmation != want:
			t.Errorf("%s asks for %q, want %q", p.Path, p.Confirmation, want)
		}
	}
	for path := range confirmations {
		if !seen[path] {
			t.Errorf("%s is no form", path)
		}
	}
}

// stale lets the person's last proof be too long ago.
func (s *site) stale() { s.clock.advance(11 * time.Minute) }

// A browser left open gets the account no second factor, and shows no seed of one.
func TestA1_ASecondFactorIsConfirmed(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		p := signedUp(t, s)
		s.stale()
		page := open(t, p.Browser, "/settings/second-factor")
		if setupKey.MatchString(page.Body) || page.Heading() != "Confirm it's you" {
			t.Fatalf("a stale sign-in sees %s", page.Text())
		}
		if wrong := fill(t, p.Browser, page, map[string]string{"password": "Wrong-1234!"}); wrong.Status != http.StatusUnprocessableEntity ||
			!strings.Contains(wrong.Text(), "The password is wrong") || setupKey.MatchString(wrong.Body) {
			t.Errorf("a wrong password: %d %s", wrong.Status, wrong.Text())
		}
		page = fill(t, p.Browser, page, map[string]string{"password": p.Password})
		if page.URL.Path != "/settings/second-factor" || !setupKey.MatchString(page.Body) {
			t.Fatalf("the right password: %d %s %s", page.Status, page.URL, page.Text())
		}
		s.stale()
		found := strings.ReplaceAll(setupKey.FindStringSubmatch(page.Body)[1], " ", "")
		asked := fill(t, p.Browser, page, map[string]string{"otp_code": s.code(t, found, 0)})
		if asked.Status != http.StatusUnprocessableEntity || recoveryCode.MatchString(asked.Body) {
			t.Fatalf("a form that waited too long: %d %s", asked.Status, asked.Text())
		}
	})
}

// Setting a second factor up, or choosing a first password, proves nothing: what
// comes after it is confirmed by what the account had before.
func TestA1_EnrollingConfirmsNothing(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings())
		enrol := map[string]func(p *actor.Person){
			"a second factor": func(p *actor.Person) { s.turnOn(t, p) },
			"a first password": func(p *actor.Person) {
				if _, err := s.DB.Exec(t.Context(), `UPDATE users SET password_hash = '' WHERE email = $1`, p.Email); err != nil {
					t.Fatal(err)
				}
				page := fill(t, p.Browser, open(t, p.Browser, "/settings/password"), map[string]string{"new_password": p.Password})
				if page.URL.Path != "/settings/security" {
					t.Fatalf("%d %s", page.Status, page.Text())
				}
			},
		}
		for name, do := range enrol {
			p := signedUp(t, s)
			s.clock.advance(9 * time.Minute)
			do(p)
			s.clock.advance(2 * time.Minute)
			token := formTokenOf(t, p.Browser)
			for _, path := range []string{"/settings/passkeys/options", "/settings/export", "/settings/developer/new"} {
				got, err := p.Browser.Post(t.Context(), path, url.Values{"csrf_token": {token}})
				if err != nil || got.Status != http.StatusUnprocessableEntity {
					t.Errorf("after %s, %s: %v, %v", name, path, got, err)
				}
			}
		}
	})
}

// A form that had to be confirmed goes on with all that was filled in, and for
// ten minutes the person is not asked again.
func TestA1_AConfirmedFormIsNotLost(t *testing.T) {
	t.Parallel()
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newSite(t, set, settings(), withEveryPage)
		p := signedUp(t, s)
		s.stale()
		values := map[string]string{
			"name": "Importer <b>", "auth_method": "client_secret_basic", "scopes": "read",
			"redirect_uris": "https://a.example/cb\nhttps://b.example/cb",
		}
		asked := fill(t, p.Browser, open(t, p.Browser, "/settings/developer/new"), values)
		if asked.Status != http.StatusUnprocessableEntity || asked.Heading() != "Confirm it's you" || strings.Contains(asked.Text(), "is wrong") {
			t.Fatalf("%d %s", asked.Status, asked.Text())
		}
		made := fill(t, p.Browser, asked, map[string]string{"password": p.Password})
		if made.Heading() != "Save this secret" {
			t.Fatalf("%d %s", made.Status, made.Text())
		}
		list := open(t, p.Browser, "/settings/developer")
		if !strings.Contains(list.Body, "Importer &lt;b&gt;") {
			t.Errorf("%s", list.Body)
		}
		page := fill(t, p.Browser, open(t, p.Browser, "/settings/export"), nil)
		if page.Status != http.StatusOK || !strings.Contains(page.Body, `"https://b.example/cb"`) {
			t.Errorf("asked again: %d %s", page.Status, page.Text())
		}
	})
}

// Somebody without a password signs in again, and comes back.
func TestA1_WithoutAPasswordASigninConfirms(t *testing.T) {
	s := newSite(t, testenv.Embedded, settings(), withEveryPage)
	p := signedUp(t, s)
	if _, err := s.DB.Exec(t.Context(), `UPDATE users SET password_hash = '' WHERE email = $1`, p.Email); err != nil {
		t.Fatal(err)
	}
	s.stale()
	page := fill(t, p.Browser, open(t, p.Browser, "/settings/api_keys/new"), map[string]string{"name": "Script", "scopes": "read"})
	if page.Status != http.StatusForbidden || !strings.Contains(page.Text(), "signed in within the last ten minutes") ||
		!strings.Contains(page.Body, "/signout?return_to=%2Fsignin%3Freturn_to%3D%252Fsettings%252Fapi_keys") {
		t.Errorf("%d %s", page.Status, page.Body)
	}
}

func TestA1_ConnectingIsConfirmed(t *testing.T) {
	s := newSite(t, testenv.Embedded, settings(), withEveryPage)
	p := signedUp(t, s)
	s.stale()
	form := url.Values{"csrf_token": {formTokenOf(t, p.Browser)}, "intent": {"connect"}}
	got, err := p.Browser.Post(t.Context(), "/auth/google", form)
	if err != nil || got.Status != http.StatusUnprocessableEntity || got.Heading() != "Confirm it's you" {
		t.Errorf("%v, %v", got, err)
	}
}
