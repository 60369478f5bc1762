package api

import (
	"net/http"

	"latchkey/authserver"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/introspection"
	"latchkey/pkg/keyuse"
	"latchkey/pkg/ratelimit"
)

// Meter counts requests against the limit of their credential, as the resource
// API does, and notes the use of API keys. The zero Meter limits nothing.
type Meter struct {
	Limiter ratelimit.Limiter // nil: no limits
	Tiers   ratelimit.Tiers
	Uses    *keyuse.Recorder // nil: uses are not noted
}

// count says on the answer how the credential stands. fault.RateLimited: the
// request is one too many.
func (m Meter) count(w http.ResponseWriter, r *http.Request, c *authserver.Credential) error {
	from := ""
	if addr := httpserver.ClientAddr(r.Context()); addr.IsValid() {
		from = addr.String()
	}
	key, tier := ratelimit.ForTokens(c.UserID, c.ClientID), ratelimit.TierOAuth
	if c.Kind == introspection.KindAPIKey {
		key, tier = ratelimit.ForKey(c.ID), c.Tier
	}
	if m.Limiter != nil {
		res, err := m.Limiter.Use(r.Context(), key, m.Tiers.Limit(tier), from)
		if err != nil {
			return err
		}
		res.SetHeaders(w.Header(), tier)
		if err := res.Refusal(); err != nil {
			return err
		}
	}
	if c.Kind == introspection.KindAPIKey {
		m.Uses.Used(c.ID, from)
	}
	return nil
}
