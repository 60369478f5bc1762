// Package web is what people see: the pages of the authorization server. It
// asks package account to do things and draws the outcome; every page works
// without scripts.
//
// It also tells the OAuth endpoints who is at a browser (Current, CheckForm)
// and draws their pages (Consent, Error, SignIn).
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
	"latchkey/authserver/internal/passkey"
	"latchkey/authserver/internal/registration"
	"latchkey/authserver/internal/sso"
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
	Keys   *apikey.Service // nil: there are none
	APIURL string          // public address of the resource API, for examples
	SSO    *sso.Service    // nil: there is none
	Issuer string          // public address, https://host or http://host:port
	Logger *slog.Logger
	Now    func() time.Time
}

// Server draws the pages and answers their forms.
type Server struct {
	Dependencies
	secure     bool // the issuer is https: cookies are Secure, HSTS is sent
	host       string
	texts      map[string]catalogue
	assets     assets
	crossCheck *http.CrossOriginProtection
}

// New reads the texts of every language and the files that pages link to.
func New(d Dependencies) (*Server, error) {
	u, err := url.Parse(d.Issuer)
	if err != nil || u.Host == "" {
		return nil, errors.New("web: the issuer must be an absolute URL")
	}
	s := &Server{
		Dependencies: d, secure: u.Scheme == "https", host: u.Host,
		crossCheck: http.NewCrossOriginProtection(),
	}
	if err := s.crossCheck.AddTrustedOrigin(strings.ToLower(u.Scheme + "://" + u.Host)); err != nil {
		return nil, errors.Join(errors.New("web: the issuer is no origin"), err)
	}
	if s.texts, err = readCatalogues(); err != nil {
		return nil, err
	}
	if s.assets, err = readAssets(); err != nil {
		return nil, err
	}
	return s, nil
}
