package credential_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/credential"
	"latchkey/pkg/fault"
	"latchkey/pkg/introspection"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
)

var now = time.Date(2026, 5, 1, 12, 0, 0, 500_000_000, time.UTC)

// table knows one credential, whatever is asked for.
type table struct {
	c     authserver.Credential
	err   error
	asked int
}

func (t *table) Lookup(context.Context, secret.Token) (*authserver.Credential, error) {
	return t.found()
}

func (t *table) LookupAPIKey(context.Context, secret.Digest) (*authserver.Credential, error) {
	return t.found()
}

func (t *table) found() (*authserver.Credential, error) {
	t.asked++
	if t.err != nil {
		return nil, t.err
	}
	return &t.c, nil
}

func at(d time.Duration) *time.Time {
	end := now.Add(d)
	return &end
}

func TestAnswers(t *testing.T) {
	full := authserver.Credential{
		ID: "id", Kind: introspection.KindAPIKey, Name: "name", ClientID: "client", UserID: "user", FamilyID: "family", Role: "admin",
		Scopes: scope.ReadWrite, Resource: "https://api.test", Source: "web", Tier: "premium", AllowedCIDRs: []string{"192.0.2.0/24"},
		IssuedAt: now.Add(-time.Hour), ExpiresAt: at(time.Hour),
	}
	described := introspection.Answer{
		Active: true, Scope: "read_write", ClientID: "client", TokenType: "Bearer", Exp: now.Add(time.Hour).Unix(), Iat: now.Add(-time.Hour).Unix(),
		Sub: "user", Aud: "https://api.test", Iss: "https://auth.test", FamilyID: "family", UserID: "user", Role: "admin", CredentialID: "id",
		CredentialKind: introspection.KindAPIKey, CredentialName: "name", Source: "web", Tier: "premium", AllowedCIDRs: []string{"192.0.2.0/24"},
	}
	with := func(change func(c *authserver.Credential)) table {
		c := full
		change(&c)
		return table{c: c}
	}
	forever := described
	forever.Exp = 0
	inactive := func(why string) introspection.Answer { return introspection.Answer{Why: why} }
	deactivated := introspection.Answer{Reason: introspection.ReasonDeactivated, Why: introspection.WhyDeactivated}
	away := fault.New(fault.Unavailable, "away")
	for name, c := range map[string]struct {
		table table
		want  introspection.Answer
		err   error
	}{
		"live":                    {table{c: full}, described, nil},
		"without an end":          {with(func(c *authserver.Credential) { c.ExpiresAt = nil }), forever, nil},
		"a moment before its end": {with(func(c *authserver.Credential) { c.ExpiresAt = at(time.Microsecond) }), ending(described, now), nil},
		"at its end":              {with(func(c *authserver.Credential) { c.ExpiresAt = at(0) }), inactive(introspection.WhyExpired), nil},
		"ended":                   {with(func(c *authserver.Credential) { c.Ended = true }), inactive(introspection.WhyEnded), nil},
		"deactivated":             {with(func(c *authserver.Credential) { c.Deactivated = true }), deactivated, nil},
		"deactivated and ended":   {with(func(c *authserver.Credential) { c.Deactivated, c.Ended = true, true }), deactivated, nil},
		"unknown":                 {table{err: fault.New(fault.NotFound, "")}, inactive(introspection.WhyUnknown), nil},
		"replaced":                {table{err: authserver.ErrReplaced}, inactive(introspection.WhyReplaced), nil},
		"nobody can say":          {table{c: full, err: away}, inactive(""), away},
	} {
		for _, kind := range []secret.Kind{secret.AccessToken, secret.APIKey} {
			i := credential.Introspector{Tokens: &c.table, Keys: &c.table, Issuer: "https://auth.test", Now: func() time.Time { return now }}
			got, err := i.Introspect(t.Context(), secret.New(kind))
			if !reflect.DeepEqual(got, c.want) || err != c.err { //nolint:errorlint // it is passed on as it is
				t.Errorf("%s, %s: %+v, %v", name, kind, got, err)
			}
		}
	}
}

func ending(a introspection.Answer, end time.Time) introspection.Answer {
	a.Exp = end.Unix()
	return a
}

// Only access tokens and API keys are asked about.
func TestOtherKindsAreInactive(t *testing.T) {
	known := table{c: authserver.Credential{UserID: "user"}}
	i := credential.Introspector{Tokens: &known, Keys: &known, Now: func() time.Time { return now }}
	for _, kind := range []secret.Kind{secret.RefreshToken, secret.Code, secret.ClientSecret, secret.Signin, secret.InviteCode} {
		if got, err := i.Introspect(t.Context(), secret.New(kind)); err != nil || got.Active {
			t.Errorf("%s: %+v, %v", kind, got, err)
		}
	}
	if got, err := i.Introspect(t.Context(), secret.Token{}); err != nil || got.Active {
		t.Errorf("none: %+v, %v", got, err)
	}
	i.Keys = nil
	if got, err := i.Introspect(t.Context(), secret.New(secret.APIKey)); err != nil || got.Active {
		t.Errorf("a key where there are none: %+v, %v", got, err)
	}
	if known.asked > 0 {
		t.Errorf("asked %d times", known.asked)
	}
}
