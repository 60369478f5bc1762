// Package registration registers clients: what may be registered, and how their
// secrets are made and changed. The command line and the pages share it.
package registration

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/authserver/internal/event"
	"latchkey/authserver/internal/grant"
	"latchkey/pkg/fault"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
)

// Store keeps clients.
type Store interface {
	logos
	FindClient(ctx context.Context, id string) (*authserver.Client, error)
	ListClients(ctx context.Context, ownerID string) ([]*authserver.Client, error)
	CreateClient(ctx context.Context, c *authserver.Client) error
	UpdateClient(ctx context.Context, c *authserver.Client) error
	DescribeClient(ctx context.Context, c *authserver.Client) error
	ReplaceClient(ctx context.Context, was, c *authserver.Client) (bool, error)
	HoldUser(ctx context.Context, id string) error
	CountClients(ctx context.Context, ownerID string) (int, error)
	ReplaceClientSecret(ctx context.Context, c *authserver.Client, old secret.Digest) (bool, error)
	InTx(ctx context.Context, fn func(ctx context.Context) error) error
	DisableClient(ctx context.Context, id string, at time.Time) error
	EnableClient(ctx context.Context, id string) (bool, error)
	VerifyClient(ctx context.Context, id, terms, logo string) (bool, error)
	DeleteClient(ctx context.Context, id string) error

	ShareClient(ctx context.Context, c *authserver.Client, shared secret.Digest) (*authserver.Client, error)
	KeepDocument(ctx context.Context, c *authserver.Client) error
	TouchClient(ctx context.Context, id string, at time.Time) error
	CreateRegistrationToken(ctx context.Context, t authserver.RegistrationToken) error
	ListRegistrationTokens(ctx context.Context) ([]authserver.RegistrationToken, error)
	UseRegistrationToken(ctx context.Context, digest secret.Digest, now time.Time) (bool, error)
	RevokeRegistrationToken(ctx context.Context, id string, now time.Time) error
}

// Service registers clients.
type Service struct {
	Store  Store
	Grants *grant.Service
	Events *event.Recorder
	Now    func() time.Time

	Mode    string   // Open, Token or Closed; empty: Closed
	Schemes []string // private schemes without a dot that redirect URIs may have

	Pictures Pictures // nil: none are fetched
}

// Limits of a registration.
const (
	maxName         = 100 // characters
	MaxRedirectURIs = 20
	maxID           = 100 // characters
)

// MaxOverlap is the longest time an old secret, or a spent refresh token, may be
// good beside the new one.
const MaxOverlap = 7 * 24 * time.Hour

// Request describes a client to register.
type Request struct {
	ID             string // empty: one is made
	Name           string
	RedirectURIs   []string
	AuthMethod     string
	Scopes         string // space-separated; empty: read read_write
	ResourceServer bool
	OwnerID        string
	RefreshOverlap time.Duration // at most MaxOverlap
	LocalhostPorts bool
	PushedOnly     bool
	DeviceGrant    bool
	Seen           string // of a change: EditVersion when its form was shown; empty: whatever it is now
	Secret         string // only for the operator's own deployment; empty: one is made
}

// Made is a client that was just registered, with its secret, which is shown this
// once.
type Made struct {
	Client *authserver.Client
	Secret secret.Token // zero: a public client has none
}

// Create registers a client and returns it with its secret, which is shown this
// once and is zero for a public client. fault.Invalid lists every broken rule.
func (s *Service) Create(ctx context.Context, r Request) (*authserver.Client, secret.Token, error) {
	c, err := s.build(r)
	if err != nil {
		return nil, secret.Token{}, err
	}
	c.CreatedAt = s.Now()
	var made secret.Token
	if !c.Public() {
		if made, err = chooseSecret(r.Secret); err != nil {
			return nil, secret.Token{}, err
		}
		c.SecretDigest = made.Digest()
	}
	err = s.keep(ctx, authserver.EventClientCreated, c, func(ctx context.Context) error { return s.Store.CreateClient(ctx, c) })
	if err != nil {
		return nil, secret.Token{}, err
	}
	return c, made, nil
}

func chooseSecret(given string) (secret.Token, error) {
	if given == "" {
		return secret.New(secret.ClientSecret), nil
	}
	t, err := secret.Parse(secret.ClientSecret, given)
	if err != nil {
		return secret.Token{}, fault.New(fault.Invalid, "A client secret is made by `authserver secret`, never chosen")
	}
	return t, nil
}

func (s *Service) build(r Request) (*authserver.Client, error) {
	c := &authserver.Client{
		ID: r.ID, Name: strings.TrimSpace(r.Name), AuthMethod: r.AuthMethod, RedirectURIs: r.RedirectURIs,
		ResourceServer: r.ResourceServer, OwnerID: r.OwnerID, RefreshOverlap: r.RefreshOverlap,
		LocalhostPorts: r.LocalhostPorts, PushedOnly: r.PushedOnly, DeviceGrant: r.DeviceGrant,
	}
	if c.ID == "" {
		c.ID = uuid.NewString()
	}
	var broken authserver.Violations
	refuse := func(field, rule, sentence string) {
		broken = append(broken, authserver.Violation{Field: field, Rule: "client." + rule, Message: sentence})
	}
	if n := utf8.RuneCountInString(c.Name); n == 0 || n > maxName || strings.ContainsFunc(c.Name, control) || !utf8.ValidString(c.Name) {
		refuse("name", "name", "Name must have 1 to 100 characters and no control characters")
	}
	if len(c.ID) > maxID || strings.ContainsFunc(c.ID, unusual) {
		refuse("id", "id", "Client id must be printable ASCII without blanks and colons")
	}
	switch c.AuthMethod {
	case authserver.AuthNone, authserver.AuthBasic, authserver.AuthPost:
	default:
		refuse("auth_method", "auth_method", "Authentication method must be none, client_secret_basic or client_secret_post")
	}
	if c.ResourceServer && c.Public() {
		refuse("auth_method", "resource_server", "A resource server must be confidential")
	}
	if c.RefreshOverlap < 0 || c.RefreshOverlap > MaxOverlap || c.RefreshOverlap%time.Second != 0 {
		refuse("refresh_overlap", "refresh_overlap", "Refresh overlap must be whole seconds between 0 and 7 days")
	}
	scopes, err := scope.Parse(r.Scopes)
	if err != nil {
		refuse("scopes", "scopes", "Scopes are read and read_write")
	}
	if c.Scopes = scopes; scopes == 0 {
		c.Scopes = scope.All
	}
	broken = append(broken, brokenRedirects(c, s.Schemes)...)
	if len(broken) > 0 {
		return nil, fault.New(fault.Invalid, broken[0].Message).WithErrors(broken.Messages()...).WithCause(broken)
	}
	return c, nil
}

func brokenRedirects(c *authserver.Client, schemes []string) authserver.Violations {
	var broken authserver.Violations
	refuse := func(sentence string) {
		broken = append(broken, authserver.Violation{Field: "redirect_uris", Rule: "client.redirect_uri", Message: sentence})
	}
	if len(c.RedirectURIs) == 0 && !c.ResourceServer && !c.DeviceGrant {
		refuse("At least one redirect URI is needed")
	}
	if len(c.RedirectURIs) > MaxRedirectURIs {
		refuse("There can be at most 20 redirect URIs")
		return broken
	}
	for _, uri := range c.RedirectURIs {
		if err := authserver.CheckRedirectURI(uri, schemes...); err != nil {
			refuse(message(err))
		}
	}
	return broken
}

func message(err error) string {
	if e, ok := errors.AsType[*fault.Error](err); ok {
		return e.Message
	}
	return err.Error()
}

// RotateSecret gives a confidential client a new secret; the old one is accepted
// for overlap longer. seen is the client's SecretVersion when its form was shown; "":
// whatever it is now. fault.Conflict: there is another secret since.
func (s *Service) RotateSecret(ctx context.Context, id string, overlap time.Duration, seen string) (secret.Token, error) {
	if overlap < 0 || overlap > MaxOverlap {
		return secret.Token{}, fault.New(fault.Invalid, "Overlap must be between 0 and 7 days")
	}
	c, err := s.Store.FindClient(ctx, id)
	if err != nil {
		return secret.Token{}, err
	}
	if c.Public() {
		return secret.Token{}, fault.New(fault.Invalid, "A public client has no secret")
	}
	if seen != "" && seen != SecretVersion(c) {
		return secret.Token{}, errOtherSecret
	}
	made, old := secret.New(secret.ClientSecret), c.SecretDigest
	c.PreviousSecretDigest, c.PreviousSecretUntil = c.SecretDigest, s.Now().Add(overlap)
	if overlap == 0 {
		c.PreviousSecretDigest, c.PreviousSecretUntil = secret.Digest{}, time.Time{}
	}
	c.SecretDigest = made.Digest()
	err = s.keep(ctx, authserver.EventClientRotated, c, func(ctx context.Context) error {
		won, err := s.Store.ReplaceClientSecret(ctx, c, old)
		if err == nil && !won {
			err = errOtherSecret
		}
		return err
	})
	if err != nil {
		return secret.Token{}, err
	}
	return made, nil
}

// Delete removes a client and ends everything issued to it. fault.Forbidden: it is
// the client of the product's own apps.
func (s *Service) Delete(ctx context.Context, id string) error {
	c, err := s.Store.FindClient(ctx, id)
	if err != nil {
		return err
	}
	if c.FirstParty {
		return fault.New(fault.Forbidden, "The built-in client of the product's own apps cannot be deleted")
	}
	return s.keep(ctx, authserver.EventClientDeleted, c, func(ctx context.Context) error {
		if err := s.Store.DisableClient(ctx, id, s.Now()); err != nil { // nothing more is issued to it
			return err
		}
		if err := s.Grants.End(ctx, authserver.GrantFilter{ClientID: id}, authserver.EndClientDeleted); err != nil {
			return err
		}
		return s.Store.DeleteClient(ctx, id)
	})
}

// record records an event of a client, in the transaction of ctx.
func (s *Service) record(ctx context.Context, kind string, c *authserver.Client) error {
	e := authserver.Event{Kind: kind, UserID: c.OwnerID, ClientID: c.ID, SubjectID: c.ID}
	if kind == authserver.EventClientDeleted { // nothing else knows it from then on
		e.Details = map[string]string{authserver.DetailApplication: c.Name}
	}
	return s.Events.Record(ctx, e)
}

// keep does what changes a client, and records it, in one transaction.
func (s *Service) keep(ctx context.Context, kind string, c *authserver.Client, change func(ctx context.Context) error) error {
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := change(ctx); err != nil {
			return err
		}
		return s.record(ctx, kind, c)
	})
}
