// Package credential says what an access token or an API key stands for: the
// answer of the introspection endpoint (RFC 7662), which resource servers get
// over HTTP and the guard of this server's own API in process.
package credential

import (
	"context"
	"errors"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/introspection"
	"latchkey/pkg/secret"
)

// Tokens finds access tokens. fault.NotFound: there is none.
type Tokens interface {
	Lookup(ctx context.Context, token secret.Token) (*authserver.Credential, error)
}

// Keys finds API keys by their digests. fault.NotFound: there is none.
type Keys interface {
	LookupAPIKey(ctx context.Context, key secret.Digest) (*authserver.Credential, error)
}

// Introspector answers from the tables.
type Introspector struct {
	Tokens Tokens
	Keys   Keys // nil: there are none
	Issuer string
	Now    func() time.Time
}

// Introspect implements introspection.Introspector. Whatever is no live access
// token or API key is inactive; Answer.Reason says so where its user was
// deactivated. An error means that nobody could say.
func (i *Introspector) Introspect(ctx context.Context, token secret.Token) (introspection.Answer, error) {
	c, err := i.lookup(ctx, token)
	switch {
	case errors.Is(err, authserver.ErrReplaced):
		return introspection.Answer{Why: introspection.WhyReplaced}, nil
	case fault.Is(err, fault.NotFound):
		return introspection.Answer{Why: introspection.WhyUnknown}, nil
	case err != nil:
		return introspection.Answer{}, err
	case c.Deactivated:
		return introspection.Answer{Reason: introspection.ReasonDeactivated, Why: introspection.WhyDeactivated}, nil
	case c.Ended:
		return introspection.Answer{Why: introspection.WhyEnded}, nil
	case !c.Active(i.Now()):
		return introspection.Answer{Why: introspection.WhyExpired}, nil
	}
	return i.answer(c), nil
}

var errNone = fault.New(fault.NotFound, "No such credential")

func (i *Introspector) lookup(ctx context.Context, token secret.Token) (*authserver.Credential, error) {
	switch {
	case token.Kind() == secret.AccessToken:
		return i.Tokens.Lookup(ctx, token)
	case token.Kind() == secret.APIKey && i.Keys != nil:
		return i.Keys.LookupAPIKey(ctx, token.Digest())
	}
	return nil, errNone
}

func (i *Introspector) answer(c *authserver.Credential) introspection.Answer {
	a := introspection.Answer{
		Active: true, Scope: c.Scopes.String(), ClientID: c.ClientID, TokenType: "Bearer",
		Iat: c.IssuedAt.Unix(), Sub: c.UserID, Aud: c.Resource, Iss: i.Issuer,
		FamilyID: c.FamilyID, UserID: c.UserID, Role: c.Role,
		CredentialID: c.ID, CredentialKind: c.Kind, CredentialName: c.Name,
		Source: c.Source, Tier: c.Tier, AllowedCIDRs: c.AllowedCIDRs,
	}
	if c.ExpiresAt != nil {
		a.Exp = c.ExpiresAt.Unix()
	}
	return a
}
