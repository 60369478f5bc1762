// Package guard stands between a request and the resource API: it turns a
// credential into a Principal, or refuses (RFC 6750, contract sections 4.1 and
// 4.2). It never lets anybody in whom the authorization server did not vouch
// for within the last moments.
package guard

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"latchkey/pkg/apierror"
	"latchkey/pkg/fault"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/introspection"
	"latchkey/pkg/keyuse"
	"latchkey/pkg/ratelimit"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
	"latchkey/resourceapi"
)

// Messages of contract section 4.2.
const (
	messageKey         = "Access token or API key is invalid, expired, or missing"
	messageToken       = "Access token is invalid, expired, or missing required scope"
	messageNoOwner     = "Access token is invalid - missing resource owner"
	messageDeactivated = "Account has been deactivated"
)

// Options describe the guard's surroundings.
type Options struct {
	Introspector introspection.Introspector // required
	Limiter      ratelimit.Limiter          // nil: no limits
	Tiers        ratelimit.Tiers            // nil: ratelimit.DefaultTiers
	Uses         *keyuse.Recorder           // of API keys; nil: not noted
	Resource     string                     // this API's public URL: the audience tokens may be bound to (RFC 8707)
	MetadataURL  string                     // of the RFC 9728 document, for challenges
	Now          func() time.Time           // required
	Render       httpserver.Renderer        // nil: apierror.Write
}

// Guard admits requests.
type Guard struct {
	opts     Options
	resource string
}

// New returns a Guard.
func New(opts Options) (*Guard, error) {
	if opts.Introspector == nil || opts.Now == nil {
		return nil, errors.New("guard: Options.Introspector and Now are required")
	}
	if opts.Tiers == nil {
		opts.Tiers = ratelimit.DefaultTiers()
	}
	if opts.Render == nil {
		opts.Render = apierror.Write
	}
	return &Guard{opts: opts, resource: strings.TrimRight(opts.Resource, "/")}, nil
}

// Caller is somebody who was let in.
type Caller struct {
	*resourceapi.Principal
	Standing *Standing // against the limit, this request included; nil: nothing limits it
}

// Handler answers a request of a Caller, or returns why it could not.
type Handler func(w http.ResponseWriter, r *http.Request, c Caller) error

// Admit lets requests through to h on behalf of the Principal their credential
// stands for, counted against its limit, if its scope satisfies need; the
// others are answered before anything but their headers is read. Wording is how
// the contract names the scope to people: "read", "write" or "read_write"
// (section 4.2). Errors of h, and a scope too small, are rendered by render.
func (g *Guard) Admit(need scope.Set, wording string, h Handler, render httpserver.Renderer) http.Handler {
	refusal := fault.Newf(fault.Forbidden, "This action requires the '%s' scope", wording).WithCode("insufficient_scope")
	return httpserver.Handle(func(w http.ResponseWriter, r *http.Request) error {
		p, err := g.principal(r)
		if err != nil {
			g.challenge(w, err)
			return httpserver.Shaped(err, g.opts.Render)
		}
		httpserver.Annotate(r.Context(),
			slog.String("user_id", p.UserID),
			slog.String("credential_id", p.CredentialID),
			slog.String("credential_kind", p.CredentialKind),
			slog.String("client_id", p.ClientID))
		standing, err := g.limit(w, r, p)
		if err != nil {
			return httpserver.Shaped(err, g.opts.Render)
		}
		if !p.Scope.Satisfies(need) {
			g.setChallenge(w, `error="insufficient_scope"`, `scope="`+need.String()+`"`)
			return refusal
		}
		return h(w, r, Caller{p, standing})
	}, render)
}

// principal returns who is calling. The error is fault.Unauthenticated or, when
// nobody could say, fault.Unavailable.
func (g *Guard) principal(r *http.Request) (*resourceapi.Principal, error) {
	credential, err := introspection.Presented(r)
	if err != nil {
		return nil, err
	}
	answer, err := g.opts.Introspector.Introspect(r.Context(), credential)
	if err != nil {
		return nil, err
	}
	kind, message := introspection.KindAccessToken, messageToken
	if strings.HasPrefix(credential.Reveal(), string(secret.APIKey)) {
		kind, message = introspection.KindAPIKey, messageKey
	}
	scopes := answer.Scopes()
	if err := g.judge(r.Context(), &answer, scopes, kind, message); err != nil {
		return nil, err
	}
	return principalOf(&answer, scopes), nil
}

// judge refuses whatever is not wholly in order. What has no owner, no family
// or no scope we know can do nothing here.
func (g *Guard) judge(ctx context.Context, a *introspection.Answer, scopes scope.Set, kind, message string) error {
	refuse := func(why string) error {
		return fault.Wrap(fault.Unauthenticated, errors.New(why), message)
	}
	switch {
	case !a.Active && a.Reason == introspection.ReasonDeactivated:
		return fault.New(fault.Unauthenticated, messageDeactivated)
	case !a.Active:
		return refuse("inactive")
	case a.ExpiredAt(g.opts.Now()):
		return refuse("expired")
	case a.CredentialKind != kind:
		return refuse("the credential is of another kind than its prefix says")
	case a.UserID == "" || a.FamilyID == "":
		return fault.New(fault.Unauthenticated, messageNoOwner)
	case scopes == 0:
		return refuse("no scope of this API")
	case a.Aud != "" && strings.TrimRight(a.Aud, "/") != g.resource:
		return refuse("meant for another resource")
	case !allowedFrom(ctx, a.AllowedCIDRs):
		return refuse("used from an address outside its allow list")
	}
	return nil
}

// allowedFrom reports whether the request's address is in one of the networks.
// A list that cannot be read allows nothing.
func allowedFrom(ctx context.Context, cidrs []string) bool {
	if len(cidrs) == 0 {
		return true
	}
	networks, err := httpserver.ParsePrefixes(cidrs)
	if err != nil {
		return false
	}
	from := httpserver.ClientAddr(ctx)
	return anyContains(networks, from)
}

func anyContains(networks []netip.Prefix, addr netip.Addr) bool {
	for _, n := range networks {
		if n.Contains(addr) {
			return true
		}
	}
	return false
}

func principalOf(a *introspection.Answer, scopes scope.Set) *resourceapi.Principal {
	p := &resourceapi.Principal{
		UserID: a.UserID, FamilyID: a.FamilyID, Role: a.Role, Scope: scopes,
		CredentialID: a.CredentialID, CredentialKind: a.CredentialKind, CredentialName: a.CredentialName,
		ClientID: a.ClientID, Source: a.Source, Tier: a.Tier,
	}
	if a.Iat != 0 {
		p.IssuedAt = time.Unix(a.Iat, 0).UTC()
	}
	if a.Exp != 0 {
		p.ExpiresAt = time.Unix(a.Exp, 0).UTC()
	}
	return p
}
