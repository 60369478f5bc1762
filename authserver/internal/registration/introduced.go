package registration

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
)

// How clients may introduce themselves.
const (
	Open   = "open"   // any client, without asking anybody
	Token  = "token"  // with an initial access token
	Closed = "closed" // not at all
)

// Introduction is a client that has registered itself.
type Introduction struct {
	Made
	Management secret.Token // zero: nobody manages it
}

var (
	// ErrClosed says that this server registers no clients by itself.
	ErrClosed = errors.New("registration: closed")
	// ErrNoToken says that there is no good initial access token, or no good
	// registration access token.
	ErrNoToken = errors.New("registration: no good token")
)

// Introduce registers what m describes (RFC 7591). A public client that brings no
// initial access token shares its registration with its equals, so that one that
// registers on every connection leaves one row; any other has one of its own, and
// the token to manage it. Errors: ErrClosed, ErrNoToken, *MetadataError.
func (s *Service) Introduce(ctx context.Context, m *Metadata, token string) (Introduction, error) {
	if s.Mode != Open && s.Mode != Token {
		return Introduction{}, ErrClosed
	}
	c, err := m.Client(s.Schemes)
	if err != nil {
		return Introduction{}, err
	}
	if token != "" || s.Mode == Token {
		if err := s.useToken(ctx, token); err != nil {
			return Introduction{}, err
		}
	}
	c.Introduced, c.ID, c.CreatedAt = authserver.IntroducedByRegistration, uuid.NewString(), s.Now()
	c.SeenAt = c.CreatedAt
	if c.Public() && token == "" {
		c.Scopes = scope.All // nobody could ask for another one later; the person decides
		shared, err := s.share(ctx, c)
		return Introduction{Made: Made{Client: shared}}, err
	}
	made := Introduction{Made: Made{Client: c}, Management: secret.New(secret.ManagementToken)}
	c.Management = made.Management.Digest()
	if !c.Public() {
		made.Secret = secret.New(secret.ClientSecret)
		c.SecretDigest = made.Secret.Digest()
	}
	err = s.keep(ctx, authserver.EventClientCreated, c, func(ctx context.Context) error { return s.Store.CreateClient(ctx, c) })
	if err != nil {
		return Introduction{}, err
	}
	return made, nil
}

// share returns the client that is registered for all who describe c.
func (s *Service) share(ctx context.Context, c *authserver.Client) (shared *authserver.Client, err error) {
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		if shared, err = s.Store.ShareClient(ctx, c, sharedDigest(c)); err != nil || shared.ID != c.ID {
			return err
		}
		return s.record(ctx, authserver.EventClientCreated, c)
	})
	return shared, err
}

// sharedDigest is equal for registrations that differ in nothing.
func sharedDigest(c *authserver.Client) secret.Digest {
	uris := slices.Sorted(slices.Values(c.RedirectURIs))
	parts := []string{c.Name, c.Scopes.String(), c.Keys, c.AuthMethod}
	for _, flag := range []bool{c.PushedOnly, c.DeviceGrant} {
		parts = append(parts, map[bool]string{true: "yes", false: "no"}[flag])
	}
	if c.LogoURI != "" {
		parts = append(parts, "logo", c.LogoURI)
	}
	return secret.DigestOf(strings.Join(append(parts, uris...), "\n"))
}

func (s *Service) useToken(ctx context.Context, text string) error {
	token, err := secret.Parse(secret.RegistrationToken, text)
	if err != nil {
		return ErrNoToken
	}
	good, err := s.Store.UseRegistrationToken(ctx, token.Digest(), s.Now())
	if err == nil && !good {
		return ErrNoToken
	}
	return err
}

// NoteConsent notes that a person allows a client that introduced itself: then there is a
// row that grants can be made from, and it is not forgotten.
func (s *Service) NoteConsent(ctx context.Context, c *authserver.Client) error {
	switch c.Introduced {
	case authserver.IntroducedByDocument:
		seen := *c
		seen.SeenAt = s.Now()
		return s.Store.KeepDocument(ctx, &seen)
	case authserver.IntroducedByRegistration:
		if now := s.Now(); now.Sub(c.SeenAt) >= seenEvery {
			return s.Store.TouchClient(ctx, c.ID, now)
		}
	}
	return nil
}

const seenEvery = 24 * time.Hour

// Managed returns the client with id to whoever holds its registration access token
// (RFC 7592). ErrNoToken: anybody else, and where there is no such client.
func (s *Service) Managed(ctx context.Context, id, token string) (*authserver.Client, error) {
	given, err := secret.Parse(secret.ManagementToken, token)
	if err != nil || len(id) > maxID || strings.ContainsFunc(id, unusual) {
		return nil, ErrNoToken
	}
	c, err := s.Store.FindClient(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return nil, ErrNoToken
	}
	if err != nil {
		return nil, err
	}
	if c.Management.IsZero() || !given.Digest().Equal(c.Management) || c.Disabled() {
		return nil, ErrNoToken
	}
	return c, nil
}

// ChangeManaged replaces what c says of itself with m (RFC 7592 section 2.2). Whether
// it has a secret stays. Errors: *MetadataError; ErrNoToken: c is gone.
func (s *Service) ChangeManaged(ctx context.Context, c *authserver.Client, m *Metadata) (*authserver.Client, error) {
	for _, member := range []string{"registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"} {
		if m.Has(member) {
			return nil, badMetadata("The member " + member + " is the server's to say.")
		}
	}
	given := m.Text("client_secret")
	switch {
	case m.Text("client_id") != c.ID:
		return nil, badMetadata("The client_id must be that of the address.")
	case given != "" && !c.SecretMatches(given, s.Now()):
		return nil, badMetadata("The client_secret is not the client's.")
	}
	next, err := m.Client(s.Schemes)
	if err != nil {
		return nil, err
	}
	if next.AuthMethod != c.AuthMethod {
		return nil, badMetadata("The token_endpoint_auth_method cannot be changed: register again.")
	}
	changed := *c
	changed.Name, changed.RedirectURIs, changed.Scopes = next.Name, next.RedirectURIs, next.Scopes
	changed.PushedOnly, changed.DeviceGrant, changed.Keys = next.PushedOnly, next.DeviceGrant, next.Keys
	changed.LogoURI = next.LogoURI
	err = s.keep(ctx, authserver.EventClientChanged, c, func(ctx context.Context) error { return s.Store.DescribeClient(ctx, &changed) })
	if fault.Is(err, fault.NotFound) { // it was deleted meanwhile, and its token with it
		return nil, ErrNoToken
	}
	if err != nil {
		return nil, err
	}
	return &changed, nil
}

// NewToken makes an initial access token, which is shown this once.
func (s *Service) NewToken(ctx context.Context, note string, uses int, life time.Duration) (authserver.RegistrationToken, secret.Token, error) {
	if uses < 0 || life < 0 || len(note) > maxNote {
		return authserver.RegistrationToken{}, secret.Token{}, fault.New(fault.Invalid, "Uses and life must not be negative, and a note has at most 200 characters")
	}
	text := secret.New(secret.RegistrationToken)
	t := authserver.RegistrationToken{ID: uuid.NewString(), Digest: text.Digest(), Note: note, MadeBy: s.Events.MakerOf(ctx), Uses: uses, CreatedAt: s.Now()}
	if life > 0 {
		end := t.CreatedAt.Add(life)
		t.ExpiresAt = &end
	}
	return t, text, s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.CreateRegistrationToken(ctx, t); err != nil {
			return err
		}
		return s.Events.Record(ctx, authserver.Event{Kind: authserver.EventTokenCreated, SubjectID: t.ID})
	})
}

const maxNote = 200

// Tokens lists the initial access tokens.
func (s *Service) Tokens(ctx context.Context) ([]authserver.RegistrationToken, error) {
	return s.Store.ListRegistrationTokens(ctx)
}

// RevokeToken ends one. fault.NotFound: there is none.
func (s *Service) RevokeToken(ctx context.Context, id string) error {
	if uuid.Validate(id) != nil {
		return fault.New(fault.NotFound, "There is no such registration token, or it has already been revoked")
	}
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.RevokeRegistrationToken(ctx, id, s.Now()); err != nil {
			return err
		}
		return s.Events.Record(ctx, authserver.Event{Kind: authserver.EventTokenRevoked, SubjectID: id})
	})
}
