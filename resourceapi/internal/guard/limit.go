package guard

import (
	"context"
	"net/http"

	"latchkey/pkg/httpserver"
	"latchkey/pkg/introspection"
	"latchkey/pkg/ratelimit"
	"latchkey/resourceapi"
)

// limit counts the request, in one step that decides and stamps, and says on
// every answer how the credential stands. The returned context has the standing.
func (g *Guard) limit(w http.ResponseWriter, r *http.Request, p *resourceapi.Principal) (context.Context, error) {
	ctx := r.Context()
	if g.opts.Limiter == nil {
		return ctx, nil
	}
	key, tier := ratelimit.ForTokens(p.UserID, p.ClientID), ratelimit.TierOAuth
	if p.CredentialKind == introspection.KindAPIKey {
		key, tier = ratelimit.ForKey(p.CredentialID), p.Tier
	}
	most := g.opts.Tiers.Limit(tier)
	if tier == ratelimit.TierOAuth && most.Unlimited() {
		return ctx, nil // nobody asks for the usage of tokens
	}
	from := httpserver.ClientAddr(ctx).String()
	res, err := g.opts.Limiter.Use(ctx, key, most, from)
	if err != nil {
		return ctx, err
	}
	res.SetHeaders(w.Header(), tier)
	if err := res.Refusal(); err != nil {
		return ctx, err
	}
	if p.CredentialKind == introspection.KindAPIKey {
		g.opts.Uses.Used(p.CredentialID, from)
	}
	return context.WithValue(ctx, standingKey{}, &Standing{Result: res, Tier: tier}), nil
}

// Standing is how the caller stands against its limit, this request included.
type Standing struct {
	ratelimit.Result
	Tier string
}

type standingKey struct{}

// StandingFrom returns the caller's standing; false: nothing limits it.
func StandingFrom(ctx context.Context) (*Standing, bool) {
	s, ok := ctx.Value(standingKey{}).(*Standing)
	return s, ok
}
