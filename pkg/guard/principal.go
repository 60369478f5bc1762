package guard

import (
	"log/slog"
	"time"

	"latchkey/pkg/fault"
	"latchkey/pkg/introspection"
	"latchkey/pkg/ratelimit"
	"latchkey/pkg/role"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
)

// Principal is who is calling: a user of a family, through a credential, with
// what the credential allows.
type Principal struct {
	UserID   string
	FamilyID string    // the boundary of everything the caller can see
	Role     string    // the user's in the family, as the authorization server names it
	Scope    scope.Set // for the household's data: no more than the role allows
	Granted  scope.Set // to the credential, whatever the role allows

	CredentialID   string // of the API key, or of the grant that the access token is of
	CredentialKind string // introspection.KindAccessToken or KindAPIKey
	CredentialName string // of an API key, as its owner called it
	Source         string // of an API key: what it is for
	ClientID       string // of an access token: the application
	Tier           string // of an API key: its class of rate limit
	IssuedAt       time.Time
	ExpiresAt      time.Time // zero: never

	looked looked // for the log

	LimitState *LimitState // against the limit, this request included; nil: nothing limits it
}

// LimitState is how a Principal stands against its limit.
type LimitState struct {
	ratelimit.Result
	Tier string
}

func newPrincipal(a *introspection.Answer, credential secret.Token) *Principal {
	scopes := a.Scopes()
	p := &Principal{
		UserID: a.UserID, FamilyID: a.FamilyID, Role: a.Role,
		Scope: role.Narrow(a.Role, scopes), Granted: scopes,
		CredentialID: a.CredentialID, CredentialKind: a.CredentialKind, CredentialName: a.CredentialName,
		Source: a.Source, ClientID: a.ClientID, Tier: a.Tier, looked: looked{credential, a.From},
	}
	if a.Iat != 0 {
		p.IssuedAt = time.Unix(a.Iat, 0).UTC()
	}
	if a.Exp != 0 {
		p.ExpiresAt = time.Unix(a.Exp, 0).UTC()
	}
	return p
}

// LogValue says on the log line of a request who calls.
func (p *Principal) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("user_id", p.UserID),
		slog.String("credential_id", p.CredentialID),
		slog.String("credential_kind", p.CredentialKind),
		slog.String("client_id", p.ClientID))
}

// IsAPIKey reports whether the credential is an API key.
func (p *Principal) IsAPIKey() bool { return p.CredentialKind == introspection.KindAPIKey }

// Requirement says whom a handler answers.
type Requirement struct {
	Scope scope.Set // that the credential's must satisfy; 0: any
	// AnyResource: what the credential is meant for does not matter, because the
	// endpoint tells of the credential itself.
	AnyResource bool

	// Right that the caller's role must allow; empty: to do with the household's data
	// what Scope says.
	Right role.Right

	// Who alone may call, given as what the others are answered: errors of kind
	// fault.Forbidden. They come before Scope: who is refused here is not told to
	// ask for a scope that would not help.

	OnlyTokens  error // API keys are answered this; nil: they may call too
	OnlyOwnApps error // whatever is no access token of the product's own apps is answered this; nil: it may call too
}

// errRole refuses what no scope would help with (docs/contract.md, "Errors").
var errRole = fault.Wrap(fault.Forbidden, ruleRole, "You are not authorized to perform this action").WithCode("forbidden")

// refusal returns why p may not call, whatever its scope; nil: it may.
func (n *Requirement) refusal(p *Principal, ownClient string) error {
	switch {
	case n.OnlyTokens != nil && p.IsAPIKey():
		return ruleNoKeys.because(n.OnlyTokens)
	case n.OnlyOwnApps != nil && (p.IsAPIKey() || ownClient == "" || p.ClientID != ownClient):
		return ruleOwnApps.because(n.OnlyOwnApps)
	case !n.allowedBy(p.Role):
		return errRole
	}
	return nil
}

// allowedBy reports whether a role allows what the handler does.
func (n *Requirement) allowedBy(name string) bool {
	if n.Right != "" {
		return role.May(name, n.Right)
	}
	return role.Narrow(name, scope.All).Satisfies(n.Scope)
}

const codeScope = "insufficient_scope"

// InsufficientScope is the refusal of a credential whose rights do not reach
// (RFC 6750 section 3.1).
func InsufficientScope(message string) *fault.Error {
	return fault.New(fault.Forbidden, message).WithCode(codeScope)
}
