// Package sso signs people in on the word of an upstream OpenID Connect provider
// (OpenID Connect Core 1.0, authorization code flow with PKCE), at browsers and
// for mobile apps (docs/contract.md, "Single sign-on"). It knows no SQL and
// answers no HTTP; it asks providers over HTTP.
//
// A person is known by provider and subject, never by an email address: an
// address is what somebody claims, a subject is what the provider knows.
//
// Nothing that is stored here can be presented. State, exchange codes and linking
// codes are kept as digests; nonce and PKCE verifier toward the provider are
// computed from the cookie of the browser that was sent there, so another browser
// cannot come back in its place. Tokens are made at the exchange, by the one
// caller that claims the code.
package sso

import (
	"context"
	"strings"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/event"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

// Who may get an account by single sign-on.
const (
	CreateNever   = "never"
	CreateInvited = "invited" // who was invited into a family
	CreateDomains = "domains" // and whose address is in one of Settings.Domains
	CreateAnyone  = "anyone"
)

// Provider is one OpenID provider, as the operator describes it.
type Provider struct {
	Name         string // in addresses and tables: lower case, fixed for ever
	Issuer       string // exactly as the provider's discovery document says
	ClientID     string
	ClientSecret string // "": a public client
	Label        string // on buttons
	Scopes       []string
}

// Settings are the operator's choices.
type Settings struct {
	Issuer    string // public address of this server
	Providers []Provider
	Create    string        // CreateNever …
	Domains   []string      // lower case
	Timeout   time.Duration // of one request to a provider; 0: 5 s

	MobileRedirect string // where apps are told how it went; no query, no fragment
}

// Life times.
const (
	loginStateLife  = 10 * time.Minute
	codeLife        = 60 * time.Second
	pendingLife     = 10 * time.Minute // a browser that must still give the second factor
	linkingLife     = 10 * time.Minute
	callbackTimeout = 12 * time.Second // for everything that is asked of a provider when a browser comes back
)

// Store is what the use cases need of the database. Every method joins the
// transaction in its context.
type Store interface {
	InTx(ctx context.Context, fn func(ctx context.Context) error) error
	FindUser(ctx context.Context, id string) (*authserver.User, error)
	HoldUser(ctx context.Context, userID string) error
	FindInvitationTo(ctx context.Context, email string, now time.Time) (*authserver.Invitation, error)

	CreateIdentity(ctx context.Context, i authserver.Identity) error
	FindIdentity(ctx context.Context, provider, subject string) (*authserver.Identity, error)
	ListIdentities(ctx context.Context, userID string) ([]authserver.Identity, error)
	AllIdentities(ctx context.Context) ([]authserver.Identity, error)
	StampIdentity(ctx context.Context, id, email string, now time.Time) (bool, error)
	DeleteIdentity(ctx context.Context, userID, id string) (bool, error)
	BlockIdentity(ctx context.Context, id string, now time.Time) (bool, error)
	UnblockIdentity(ctx context.Context, id string) (bool, error)
	WaysIn(ctx context.Context, userID string) (int, error)

	CreateLoginState(ctx context.Context, r *authserver.LoginState) error
	ClaimLoginState(ctx context.Context, state secret.Digest, provider string, browser secret.Digest, now time.Time) (*authserver.LoginState, error)
	CreateSSOCode(ctx context.Context, c *authserver.SSOCode) error
	FindSSOCode(ctx context.Context, digest secret.Digest, stage string, now time.Time) (*authserver.SSOCode, error)
	ClaimSSOCode(ctx context.Context, digest secret.Digest, stage, challenge string, now time.Time) (*authserver.SSOCode, error)
	CreateUnlinkedIdentity(ctx context.Context, n *authserver.UnlinkedIdentity) error
	FindUnlinkedIdentity(ctx context.Context, digest secret.Digest, challenge string, now time.Time) (*authserver.UnlinkedIdentity, error)
	CountLinkTry(ctx context.Context, digest secret.Digest, now time.Time) (bool, error)
	ForgiveLinkTry(ctx context.Context, digest secret.Digest) error
	ClaimUnlinkedIdentity(ctx context.Context, digest secret.Digest, challenge string, now time.Time) (bool, error)
}

// Dependencies of a Service.
type Dependencies struct {
	Store    Store
	People   *account.Service
	Events   *event.Recorder
	Now      func() time.Time
	Settings Settings
}

// Service carries out the use cases. Its methods are safe for concurrent use.
type Service struct {
	deps Dependencies

	providers map[string]*upstream
}

// New returns a Service. No provider is asked anything yet: one that is down
// stops nobody else.
func New(d Dependencies) *Service {
	if d.Settings.Timeout <= 0 {
		d.Settings.Timeout = 5 * time.Second
	}
	d.Settings.Issuer = strings.TrimRight(d.Settings.Issuer, "/")
	s := &Service{deps: d, providers: map[string]*upstream{}}
	for _, p := range d.Settings.Providers {
		s.providers[p.Name] = newUpstream(p, d.Settings.Issuer+"/auth/"+p.Name+"/callback", d.Settings.Timeout, d.Now)
	}
	return s
}

// Renew has each provider that is known by name take the client secret of the one of
// that name in list.
func (s *Service) Renew(list []Provider) {
	for _, p := range list {
		if known, ok := s.providers[p.Name]; ok {
			known.renew(p.ClientSecret)
		}
	}
}

// Providers lists the providers in the operator's order.
func (s *Service) Providers() []Provider {
	if s == nil {
		return nil
	}
	return s.deps.Settings.Providers
}

// MobileRedirect is where apps are told how a sign-in went.
func (s *Service) MobileRedirect() string { return s.deps.Settings.MobileRedirect }

// Label is what people call a provider; for one that is not configured any more,
// its name.
func (s *Service) Label(name string) string {
	if p, ok := s.providers[name]; ok {
		return p.Label
	}
	return name
}

// Codes of refusals (docs/contract.md, "Single sign-on": in the browser).
const (
	CodeInvalidProvider = "invalid_provider"
	CodeMissingDevice   = "missing_device_info"
	CodeMissingSession  = "missing_session"
	CodeDevice          = "device_error"
	CodeUnavailable     = "sso_provider_unavailable"
	CodeInvalidResponse = "sso_invalid_response"
	CodeFailed          = "sso_failed"
)

// The refusals of the web leg: what people and apps are told.
var (
	errProvider    = fault.New(fault.NotFound, "There is no such sign-in provider.").WithCode(CodeInvalidProvider)
	errNoDevice    = fault.New(fault.Malformed, "Device information is required.").WithCode(CodeMissingDevice)
	errDevice      = fault.New(fault.Malformed, "The device information is not valid.").WithCode(CodeDevice)
	errChallenge   = fault.New(fault.Malformed, "The code challenge must be a SHA-256 digest in base64url.").WithCode(CodeFailed)
	errSession     = fault.New(fault.Forbidden, "This sign-in took too long or was started in another browser. Try again.").WithCode(CodeMissingSession)
	errUnavailable = fault.New(fault.Unavailable, "The sign-in provider is not answering. Try again in a moment, or sign in another way.").
			WithCode(CodeUnavailable).WithRetryAfter(10 * time.Second)
	errResponse   = fault.New(fault.Forbidden, "The sign-in provider's answer was not accepted. Try again.").WithCode(CodeInvalidResponse)
	errDenied     = fault.New(fault.Forbidden, "The sign-in was cancelled or refused at the provider.").WithCode(CodeFailed)
	errBlocked    = fault.New(fault.Forbidden, "SSO identity was removed by an administrator").WithCode(CodeFailed)
	errInactive   = fault.New(fault.Forbidden, "This account cannot sign in.").WithCode(CodeFailed)
	errSuspended  = fault.New(fault.Forbidden, "This connection was turned off when your password was reset. Sign in with your new password to restore it.").WithCode(CodeFailed)
	errSigninGone = fault.New(fault.Forbidden, "You are not signed in as the person who started this. Sign in and try again.").WithCode(CodeMissingSession)
)

func (s *Service) now() time.Time { return s.deps.Now().UTC().Truncate(time.Microsecond) }
