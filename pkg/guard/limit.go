package guard

import (
	"net/http"

	"latchkey/pkg/httpserver"
	"latchkey/pkg/ratelimit"
)

// limit counts the request and decides, in one step, and sets the headers that tell
// the caller its limit. fault.RateLimited: it is one too many.
//
// An API key is counted, and its use is noted, whatever its tier: its owner is
// shown both. Nobody is shown the count of access tokens, so it is kept only
// where it limits them.
func (g *Guard) limit(w http.ResponseWriter, r *http.Request, p *Principal) error {
	if !p.IsAPIKey() && (g.opts.Limiter == nil || g.tokens.Unlimited()) {
		return nil
	}
	from := ""
	if addr := httpserver.ClientAddr(r.Context()); addr.IsValid() {
		from = addr.String()
	}
	if g.opts.Limiter != nil {
		key, tier := counter(p)
		res, err := g.opts.Limiter.Use(r.Context(), key, g.opts.Tiers.Limit(tier), from)
		if err != nil {
			return err
		}
		res.SetHeaders(w.Header(), tier)
		if err := res.Refusal(); err != nil {
			return err
		}
		p.Standing = &Standing{Result: res, Tier: tier}
	}
	if p.IsAPIKey() {
		g.opts.Uses.Used(p.CredentialID, from)
	}
	return nil
}

// counter returns what p is counted under and the tier of its limit.
func counter(p *Principal) (key, tier string) {
	if p.IsAPIKey() {
		return ratelimit.ForKeys(p.UserID, p.Source), p.Tier
	}
	return ratelimit.ForTokens(p.UserID, p.ClientID), ratelimit.TierOAuth
}
