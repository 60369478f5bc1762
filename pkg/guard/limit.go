package guard

import (
	"net/http"
	"time"

	"latchkey/pkg/httpserver"
	"latchkey/pkg/keyuse"
	"latchkey/pkg/ratelimit"
)

// limit counts the request and decides, in one step, and sets the headers that tell
// the caller its limit. fault.RateLimited: it is one too many.
//
// An API key is counted whatever its tier: its owner is shown that. An access token is
// counted only where that limits it. Both are noted, for the pictures of their use.
func (g *Guard) limit(w http.ResponseWriter, r *http.Request, p *Principal, at time.Time) error {
	if g.opts.Limiter != nil && (p.IsAPIKey() || !g.tokens.Unlimited()) {
		key, tier := counter(p)
		res, err := g.opts.Limiter.Use(r.Context(), key, g.opts.Tiers.Limit(tier), addressOf(r))
		if err != nil {
			return err
		}
		res.SetHeaders(w.Header(), tier)
		if err := res.Refusal(); err != nil {
			g.noteUse(r, p, at, keyuse.Limited)
			return err
		}
		p.LimitState = &LimitState{Result: res, Tier: tier}
	}
	g.noteUse(r, p, at, keyuse.Admitted)
	return nil
}

// noteUse tells whose request it was, and what became of it.
func (g *Guard) noteUse(r *http.Request, p *Principal, at time.Time, o keyuse.Outcome) {
	switch {
	case g.opts.Uses == nil:
	case p.IsAPIKey():
		g.opts.Uses.Note(at, keyuse.Caller{KeyID: p.CredentialID, From: addressOf(r)}, o)
	default:
		g.opts.Uses.Note(at, keyuse.Caller{ClientID: p.ClientID, GrantID: p.CredentialID}, o)
	}
}

// addressOf is the client address of a request; "": it has none.
func addressOf(r *http.Request) string {
	if addr := httpserver.ClientAddr(r.Context()); addr.IsValid() {
		return addr.String()
	}
	return ""
}

// counter returns what p is counted under and the tier of its limit.
func counter(p *Principal) (key, tier string) {
	if p.IsAPIKey() {
		return ratelimit.ForKeys(p.UserID, p.Source), p.Tier
	}
	return ratelimit.ForTokens(p.UserID, p.ClientID), ratelimit.TierOAuth
}
