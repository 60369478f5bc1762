package api

import (
	"context"
	"encoding/json"
	"sync"
	"time"
)

type keyUsage struct {
	Name       string   `json:"name"`
	Scopes     []string `json:"scopes"`
	LastUsedAt stamp    `json:"last_used_at"`
	CreatedAt  *stamp   `json:"created_at"`
}

type limitUsage struct {
	Tier           string `json:"tier"`
	Limit          *int64 `json:"limit"`
	CurrentCount   int64  `json:"current_count"`
	Remaining      *int64 `json:"remaining"`
	ResetInSeconds int64  `json:"reset_in_seconds"`
	ResetAt        *stamp `json:"reset_at"`
}

// tokenUsage is the answer to an access token.
type tokenUsage struct {
	Method    string     `json:"authentication_method"`
	Message   string     `json:"message"`
	RateLimit limitUsage `json:"rate_limit"`
}

func usageOfToken(limit limitUsage) tokenUsage {
	return tokenUsage{"oauth", "Detailed usage tracking is available for API key authentication", limit}
}

// unlimitedToken is the answer to an access token without a limit. It is always the
// same.
var unlimitedToken = sync.OnceValues(func() (any, error) {
	raw, err := encoded(usageOfToken(limitUsage{Tier: untiered}))
	return json.RawMessage(raw), err
})

// untiered is the tier of a credential without a limit.
const untiered = "noop"

// usage answers with the limit of the caller's credential and what is left of it
// after this call (docs/contract.md, "Usage").
func (a *API) usage(_ context.Context, c *call) (reply, error) {
	if c.caller.LimitState == nil && !c.caller.IsAPIKey() {
		answer, err := unlimitedToken()
		if err != nil {
			return reply{}, err
		}
		return okNoStore(answer)
	}
	limit := limitUsage{Tier: untiered}
	if s := c.caller.LimitState; s != nil {
		limit.Tier, limit.CurrentCount = s.Tier, s.Used
		if !s.Limit.Unlimited() {
			reset := stamp(a.Store.Now().Add(s.Reset).Truncate(time.Millisecond))
			limit.Limit, limit.Remaining = &s.Limit.Max, &s.Remaining
			limit.ResetInSeconds, limit.ResetAt = s.ResetSeconds(), &reset
		}
	}
	if !c.caller.IsAPIKey() {
		return okNoStore(usageOfToken(limit))
	}
	key := keyUsage{Name: c.caller.CredentialName, Scopes: c.caller.Granted.Names(), LastUsedAt: stamp(a.Store.Now())}
	if !c.caller.IssuedAt.IsZero() {
		key.CreatedAt = stampOf(&c.caller.IssuedAt)
	}
	return okNoStore(struct {
		APIKey    keyUsage   `json:"api_key"`
		RateLimit limitUsage `json:"rate_limit"`
	}{key, limit})
}
