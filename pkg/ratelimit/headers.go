package ratelimit

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"latchkey/pkg/fault"
)

// Tiers are limits by name, in requests an hour; 0 is unlimited.
type Tiers map[string]int64

// Tier names: the four of API keys, and the one of access tokens.
const (
	TierStandard   = "standard"
	TierPremium    = "premium"
	TierEnterprise = "enterprise"
	TierUnlimited  = "unlimited"
	TierOAuth      = "oauth"
)

// DefaultTiers returns what the product promises (docs/contract.md, "Tiers"),
// and for access tokens, per user and client, the limit of an enterprise key.
func DefaultTiers() Tiers {
	return Tiers{TierStandard: 100, TierPremium: 1_000, TierEnterprise: 10_000, TierUnlimited: 0, TierOAuth: 10_000}
}

// Limit returns the tier's limit; an unknown tier has the standard one.
func (t Tiers) Limit(tier string) Limit {
	n, ok := t[tier]
	if !ok && tier == TierUnlimited {
		return Limit{Window: time.Hour}
	}
	if !ok {
		if n, ok = t[TierStandard]; !ok {
			n = DefaultTiers()[TierStandard]
		}
	}
	return Limit{Max: n, Window: time.Hour}
}

// ResetSeconds is Reset in whole seconds, rounded up; at least 1 for a refusal.
func (r Result) ResetSeconds() int64 {
	s := int64(math.Ceil(r.Reset.Seconds()))
	if !r.Allowed {
		return max(s, 1)
	}
	return s
}

// SetHeaders tells the caller how it stands: the RateLimit and RateLimit-Policy
// fields (draft-ietf-httpapi-ratelimit-headers, policy named after the tier)
// and the X-RateLimit fields of docs/contract.md, "Limit headers".
func (r Result) SetHeaders(h http.Header, tier string) {
	if r.Limit.Unlimited() {
		h["X-Ratelimit-Limit"] = infinity
		h["X-Ratelimit-Remaining"] = infinity
		h["X-Ratelimit-Reset"] = zero
		return
	}
	limit, remaining := strconv.FormatInt(r.Limit.Max, 10), strconv.FormatInt(r.Remaining, 10)
	reset := strconv.FormatInt(r.ResetSeconds(), 10)
	window := strconv.FormatInt(int64(r.Limit.Window/time.Second), 10)
	values := [...]string{
		limit, remaining, reset,
		`"` + tier + `";r=` + remaining + ";t=" + reset,
		`"` + tier + `";q=` + limit + ";w=" + window,
	}
	h["X-Ratelimit-Limit"] = values[0:1:1]
	h["X-Ratelimit-Remaining"] = values[1:2:2]
	h["X-Ratelimit-Reset"] = values[2:3:3]
	h["Ratelimit"] = values[3:4:4]
	h["Ratelimit-Policy"] = values[4:5:5]
}

var infinity, zero = []string{"Infinity"}, []string{"0"}

// Refusal is the error a refused request is answered with (docs/contract.md,
// "Limit headers"); nil when it was allowed.
func (r Result) Refusal() error {
	if r.Allowed {
		return nil
	}
	seconds := r.ResetSeconds()
	return fault.Newf(fault.RateLimited, "Rate limit exceeded. Try again in %d seconds.", seconds).
		WithDetails(map[string]int64{"limit": r.Limit.Max, "current": r.Used, "reset_in_seconds": seconds}).
		WithRetryAfter(time.Duration(seconds) * time.Second)
}
