// Package web answers what people ask for at a browser: its handlers ask the use
// cases to do things and fill the pages of package page. routes.go lists every
// page; every page works without scripts.
//
// It also tells the OAuth endpoints who is at a browser (Current, CheckForm)
// and shows their pages (Consent, Error, SignIn).
package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/authserver/internal/apikey"
	"latchkey/authserver/internal/consent"
	"latchkey/authserver/internal/deviceflow"
	"latchkey/authserver/internal/event"
	"latchkey/authserver/internal/operator"
	"latchkey/authserver/internal/passkey"
	"latchkey/authserver/internal/registration"
	"latchkey/authserver/internal/sso"
	"latchkey/authserver/internal/usage"
	"latchkey/authserver/internal/web/page"
	"latchkey/pkg/branding"
)

// Dependencies of a Server.
type Dependencies struct {
	People   *account.Service
	Passkeys *passkey.Service
	Recovery *account.Recovery
	Consents *consent.Service
	Clients  *registration.Service
	// Client returns a client that may be asked for, as the OAuth endpoints know
	// it; fault.NotFound: there is none.
	Client func(ctx context.Context, id string) (*authserver.Client, error)
	// Devices are those that wait for an approval; nil: there is no such page. Asks finds
	// the client of one, and NoteConsent keeps it before it is allowed something.
	Devices     *deviceflow.Service
	Asks        func(ctx context.Context, id string) (*authserver.Client, error)
	NoteConsent func(ctx context.Context, c *authserver.Client) error
	Keys        *apikey.Service // nil: there are none
	Refusals    Refusals        // why clients were refused
	Endpoints   http.Handler    // our own, for test runs
	Usage       *usage.Service  // how often keys and applications are used
	APIURL      string          // public address of the resource API, for examples
	SSO         *sso.Service    // nil: there is none
	// Operator is for those who look after the instance; nil: they have no pages.
	Operator *operator.Service
	Issuer   string // public address, https://host or http://host:port
	Branding branding.Branding
	Places   page.Places // of addresses; nil: none is known
	Events   *event.Recorder
	Kept     time.Duration // how long events are kept
	Logger   *slog.Logger
	Now      func() time.Time
}

// Refusals knows why clients were refused. refusal.Recorder answers it.
type Refusals interface {
	Of(ctx context.Context, clientID string) ([]authserver.ClientRefusal, error)
}

// Server draws the pages and answers their forms.
type Server struct {
	people      *account.Service
	passkeys    *passkey.Service
	recovery    *account.Recovery
	consents    *consent.Service
	clients     *registration.Service
	devices     *deviceflow.Service
	asks        func(ctx context.Context, id string) (*authserver.Client, error)
	noteConsent func(ctx context.Context, c *authserver.Client) error
	findClient  func(ctx context.Context, id string) (*authserver.Client, error)
	keys        *apikey.Service // nil: no pages of keys
	usage       *usage.Service
	refusals    Refusals
	endpoints   http.Handler
	apiURL      string            // without a slash at its end
	sso         *sso.Service      // nil: no pages of sign-in providers
	operator    *operator.Service // nil: no pages of the operator
	issuer      string
	events      *event.Recorder
	eventsKept  time.Duration
	log         *slog.Logger
	now         func() time.Time
	secure      bool // the issuer is https: cookies are Secure, HSTS is sent
	site        *page.Site
	crossCheck  *http.CrossOriginProtection
}

// New reads the texts of every language and the files that pages link to.
func New(d Dependencies) (*Server, error) {
	u, err := url.Parse(d.Issuer)
	if err != nil || u.Host == "" {
		return nil, errors.New("web: the issuer must be an absolute URL")
	}
	s := &Server{
		people: d.People, passkeys: d.Passkeys, recovery: d.Recovery, consents: d.Consents, clients: d.Clients,
		devices: d.Devices, asks: d.Asks, noteConsent: d.NoteConsent,
		operator: d.Operator, findClient: d.Client, keys: d.Keys, usage: d.Usage, refusals: d.Refusals, endpoints: d.Endpoints, apiURL: strings.TrimRight(d.APIURL, "/"), sso: d.SSO, issuer: d.Issuer,
		events: d.Events, eventsKept: d.Kept, log: d.Logger, now: d.Now,
		secure: u.Scheme == "https", crossCheck: http.NewCrossOriginProtection(),
	}
	if err := s.crossCheck.AddTrustedOrigin(strings.ToLower(u.Scheme + "://" + u.Host)); err != nil {
		return nil, errors.Join(errors.New("web: the issuer is no origin"), err)
	}
	if s.site, err = page.New(u.Host, d.Branding); err != nil {
		return nil, err
	}
	s.site.Locate(d.Places)
	return s, nil
}
