package guard

import (
	"net/http"

	"latchkey/pkg/httpserver"
	"latchkey/pkg/introspection"
	"latchkey/pkg/ratelimit"
	"latchkey/resourceapi"
)

// Standing is how the caller stands against its limit, this request included.
type Standing struct {
	ratelimit.Result
	Tier string
}

// limit counts the request, in one step that decides and stamps, and says on
// every answer how the credential stands. It returns nil where nothing limits.
func (g *Guard) limit(w http.ResponseWriter, r *http.Request, p *resourceapi.Principal) (*Standing, error) {
	if g.opts.Limiter == nil {
		return nil, nil
	}
	key, tier := p.CredentialID, p.Tier
	if p.CredentialKind == introspection.KindAPIKey {
		key = ratelimit.ForKey(key)
	} else {
		if tier = ratelimit.TierOAuth; g.opts.Tiers.Limit(tier).Unlimited() {
			return nil, nil // nobody asks for the usage of tokens
		}
		key = ratelimit.ForTokens(p.UserID, p.ClientID)
	}
	from := httpserver.ClientAddr(r.Context()).String()
	res, err := g.opts.Limiter.Use(r.Context(), key, g.opts.Tiers.Limit(tier), from)
	if err != nil {
		return nil, err
	}
	res.SetHeaders(w.Header(), tier)
	if err := res.Refusal(); err != nil {
		return nil, err
	}
	if p.CredentialKind == introspection.KindAPIKey {
		g.opts.Uses.Used(p.CredentialID, from)
	}
	return &Standing{Result: res, Tier: tier}, nil
}
