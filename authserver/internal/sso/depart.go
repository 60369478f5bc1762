package sso

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

// App is what a mobile app says of itself when it opens the browser.
type App struct {
	Device          authserver.Device
	Challenge       string // code_challenge; "": the app does without
	ChallengeMethod string // code_challenge_method; "": S256
}

// SignIn returns the address at the provider that a browser is sent to. browser
// is the browser's own cookie. Errors: errProvider, errUnavailable,
// fault.RateLimited.
func (s *Service) SignIn(ctx context.Context, provider string, browser secret.Token, returnTo string, v account.Visitor) (string, error) {
	return s.depart(ctx, provider, browser, authserver.LoginState{Purpose: authserver.LoginStateSignin, ReturnTo: returnTo}, v)
}

// Connect is SignIn for a user who wants to connect an account. Asking for the
// password again is the caller's part.
func (s *Service) Connect(ctx context.Context, provider string, browser secret.Token, userID string, v account.Visitor) (string, error) {
	return s.depart(ctx, provider, browser, authserver.LoginState{Purpose: authserver.LoginStateLink, UserID: userID}, v)
}

// SignInApp is SignIn for a mobile app. Further errors: errNoDevice, errDevice,
// errChallenge.
func (s *Service) SignInApp(ctx context.Context, provider string, browser secret.Token, app App, v account.Visitor) (string, error) {
	if _, ok := s.providers[provider]; !ok {
		return "", errProvider
	}
	if err := app.check(); err != nil {
		return "", err
	}
	return s.depart(ctx, provider, browser, authserver.LoginState{
		Purpose: authserver.LoginStateMobile, Device: app.Device, Challenge: app.Challenge,
	}, v)
}

// challengeShape is a SHA-256 digest in base64url (RFC 7636 section 4.2).
var challengeShape = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// check asks of the app what docs/contract.md, "Single sign-on", asks: who the
// device is, but not which versions run on it.
func (a *App) check() error {
	d := &a.Device
	for _, field := range []string{d.DeviceID, d.Name, d.Kind, d.OSVersion, d.AppVersion} {
		if !utf8.ValidString(field) {
			return errDevice
		}
	}
	if strings.TrimSpace(d.DeviceID) == "" || strings.TrimSpace(d.Name) == "" || strings.TrimSpace(d.Kind) == "" {
		return errNoDevice
	}
	for _, version := range []*string{&d.OSVersion, &d.AppVersion} {
		if strings.TrimSpace(*version) == "" {
			*version = "unknown"
		}
	}
	if err := authserver.CheckDevice(d); err != nil {
		return errDevice.WithCause(err)
	}
	if a.ChallengeMethod != "" && a.ChallengeMethod != "S256" || a.Challenge == "" && a.ChallengeMethod != "" ||
		a.Challenge != "" && !challengeShape.MatchString(a.Challenge) {
		return errChallenge
	}
	return nil
}

func (s *Service) depart(ctx context.Context, provider string, browser secret.Token, login authserver.LoginState, v account.Visitor) (string, error) {
	u, ok := s.providers[provider]
	if !ok {
		return "", errProvider
	}
	if err := s.deps.People.AdmitSignin(ctx, v); err != nil {
		return "", err
	}
	e, err := u.discover(ctx)
	if err != nil {
		return "", err
	}
	state := secret.New(secret.Visit)
	login.Digest, login.Provider, login.Browser = state.Digest(), provider, browser.Digest()
	login.CreatedAt = s.now()
	login.ExpiresAt = login.CreatedAt.Add(loginStateLife)
	if err := s.deps.Store.CreateLoginState(ctx, &login); err != nil {
		return "", err
	}
	return e.oauth.AuthCodeURL(marked(state, login.Purpose), oidc.Nonce(derive(browser, "nonce", state)),
		oauth2.S256ChallengeOption(derive(browser, "verifier", state))), nil
}

// derive computes what only this browser and the provider may know together from
// the browser's cookie. The state alone, which the address bar shows, yields
// nothing.
func derive(browser secret.Token, what string, state secret.Token) string {
	mac := hmac.New(sha256.New, []byte(browser.Reveal()))
	mac.Write([]byte("sso " + what + "\x00" + state.Reveal()))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// mobileMark ends the state of an app's sign-in, so that a browser that comes
// back with a state nobody knows can at least be sent on to the app. It decides
// nothing else.
const mobileMark = ".m"

func marked(state secret.Token, purpose string) string {
	if purpose == authserver.LoginStateMobile {
		return state.Reveal() + mobileMark
	}
	return state.Reveal()
}

// ForApp reports whether a browser that comes back with this state was sent by
// an app, as far as the state says.
func ForApp(state string) bool { return strings.HasSuffix(state, mobileMark) }

// Origins are where a form that begins a sign-in at a provider leads in the
// end: the Content Security Policy of its page must name them. A provider that
// was not asked yet is taken to be at its issuer.
func (s *Service) Origins() []string {
	var list []string
	for _, p := range s.Providers() {
		if known, _ := s.providers[p.Name].remembered(); known != nil {
			list = append(list, known.origin)
		} else if scheme, rest, ok := strings.Cut(p.Issuer, "://"); ok {
			host, _, _ := strings.Cut(rest, "/")
			list = append(list, scheme+"://"+host)
		}
	}
	return list
}

// CodeOf returns the word of docs/contract.md, "Single sign-on", for a refusal
// in the browser, and its sentence; an error nobody classified is a failure
// that says nothing.
func CodeOf(err error) (code, message string) {
	code, message = CodeFailed, "Something went wrong. Try again in a moment."
	if f := faultOf(err); f != nil {
		message = f.Message
		if strings.HasPrefix(f.Code, "sso_") || f.Code == CodeInvalidProvider || f.Code == CodeMissingDevice ||
			f.Code == CodeMissingSession || f.Code == CodeDevice {
			code = f.Code
		}
	}
	return code, message
}

func faultOf(err error) *fault.Error {
	if f, ok := asFault(err); ok && f.Kind != fault.Internal {
		return f
	}
	return nil
}
