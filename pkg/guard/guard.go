// Package guard stands between the requests to an API and its handlers: it
// turns the credential of a request into a Principal, or refuses the request
// (RFC 6750; docs/contract.md, "Credentials" and "Errors"). A request
// gets in only with a credential that the introspector calls active.
package guard

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"latchkey/pkg/httpserver"
	"latchkey/pkg/introspection"
	"latchkey/pkg/keyuse"
	"latchkey/pkg/ratelimit"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
)

// Messages of docs/contract.md, "Errors".
const (
	messageKey         = "Access token or API key is invalid, expired, or missing"
	messageToken       = "Access token is invalid or expired"
	messageNoOwner     = "Access token is invalid - missing resource owner"
	messageDeactivated = "Account has been deactivated"
)

// Options describe the guard's surroundings.
type Options struct {
	Introspector introspection.Introspector // required
	Now          func() time.Time           // required
	Limiter      ratelimit.Limiter          // nil: no limits
	Life         time.Duration              // after which a caller who still sends is judged again; 0: a second
	Tiers        ratelimit.Tiers            // nil: ratelimit.DefaultTiers
	Uses         *keyuse.Recorder           // of API keys and applications; nil: not noted
	Resource     string                     // this API's public URL: the audience that credentials may be bound to (RFC 8707)
	OwnClient    string                     // client id of the product's own apps, see Requirement.OnlyOwnApps
	Realm        string                     // of challenges (RFC 9110 section 11.5); empty: none is named
	MetadataURL  string                     // of the RFC 9728 document, for challenges; empty: none is named
}

// Guard admits requests.
type Guard struct {
	opts     Options
	resource string
	tokens   ratelimit.Limit // of access tokens
}

// New returns a Guard.
func New(opts Options) (*Guard, error) {
	if opts.Introspector == nil || opts.Now == nil {
		return nil, errors.New("guard: Options.Introspector and Now are required")
	}
	if opts.Tiers == nil {
		opts.Tiers = ratelimit.DefaultTiers()
	}
	if opts.Life <= 0 {
		opts.Life = defaultLife
	}
	return &Guard{
		opts: opts, resource: strings.TrimRight(opts.Resource, "/"), tokens: opts.Tiers.Limit(ratelimit.TierOAuth),
	}, nil
}

// Handler answers a request of p, or returns why it could not.
type Handler func(w http.ResponseWriter, r *http.Request, p *Principal) error

// Admit lets a request through to h on behalf of the Principal that its
// credential stands for, counted against its limit, if the Principal meets
// need. All other requests are answered before anything but their headers is
// read: with 401, 403, 429 or 503, in the shape of docs/contract.md, "Errors". So are
// those whose credential ends while their body arrives.
//
// A Handler is reached in no other way: there is no other source of Principals.
func (g *Guard) Admit(need Requirement, h Handler) httpserver.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		arrived := g.opts.Now()
		p, err := g.principal(r, arrived, need.AnyResource)
		if err == nil {
			if err = g.limit(w, r, p, arrived); err != nil {
				p.looked.note(r.Context())
			}
		}
		if err != nil {
			return g.refuse(w, r, err, need.Scope, false)
		}
		if err := g.Require(w, r, p, need); err != nil {
			return err
		}
		if r.Body == nil || r.Body == http.NoBody {
			return h(w, r, p)
		}
		sent := &body{ReadCloser: r.Body, g: g, w: w, r: r, p: p, need: need, asked: arrived}
		r.Body = sent
		if err := h(w, r, p); sent.refused == nil {
			return err
		}
		return sent.refused
	}
}

// principal returns who calls at a time. The error is fault.Unauthenticated or, when
// nobody could say, fault.Unavailable.
func (g *Guard) principal(r *http.Request, at time.Time, anyResource bool) (*Principal, error) {
	credential, err := presented(r)
	if err != nil {
		return nil, err
	}
	answer, err := g.opts.Introspector.Introspect(r.Context(), credential)
	if err != nil {
		looked{credential: credential}.note(r.Context())
		return nil, err
	}
	p := newPrincipal(&answer, credential)
	if answer.Active {
		httpserver.Annotate(r.Context(), slog.Any("", p))
	}
	kind, message := introspection.KindAccessToken, messageToken
	if credential.Kind() == secret.APIKey {
		kind, message = introspection.KindAPIKey, messageKey
	}
	if err := g.judge(r.Context(), &answer, at, p.Granted, kind, message, anyResource); err != nil {
		p.looked.note(r.Context())
		return nil, err
	}
	return p, nil
}

// judge refuses a credential that is not active, is of another kind than its
// prefix says, has no owner, no family or no scope of this API, is meant for
// another resource, or is used from outside its allow list.
func (g *Guard) judge(ctx context.Context, a *introspection.Answer, at time.Time, scopes scope.Set, kind, message string, anyResource bool) error {
	switch {
	case !a.Active && a.Reason == introspection.ReasonDeactivated:
		return ruleOwner.refuse(messageDeactivated)
	case !a.Active:
		return ruleInactive.refuse(message)
	case a.ExpiredAt(at):
		return ruleExpired.refuse(message)
	case a.CredentialKind != kind:
		return ruleKind.refuse(message)
	case a.UserID == "" || a.FamilyID == "":
		return ruleNoOwner.refuse(messageNoOwner)
	case scopes == 0:
		return ruleNoScope.refuse(message)
	case a.Aud != "" && !anyResource && strings.TrimRight(a.Aud, "/") != g.resource:
		return ruleResource.refuse(message)
	case !allowedFrom(ctx, a.AllowedCIDRs):
		return ruleAddress.refuse(message)
	}
	return nil
}

// allowedFrom reports whether the request's address is in one of the networks.
// An empty list is everywhere; a list that cannot be read allows nothing.
func allowedFrom(ctx context.Context, cidrs []string) bool {
	if len(cidrs) == 0 {
		return true
	}
	networks, err := httpserver.ParsePrefixes(cidrs)
	if err != nil {
		return false
	}
	from := httpserver.ClientAddr(ctx)
	for _, n := range networks {
		if n.Contains(from) {
			return true
		}
	}
	return false
}
