package authserver

import (
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"latchkey/pkg/fault"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
)

// Sources of API keys: what a key is for. A user has one active key of each.
const (
	SourceWeb        = "web"
	SourceMobile     = "mobile"
	SourceMonitoring = "monitoring"
)

// Tiers of API keys: how many requests an hour a key may make is a setting of
// each tier.
const (
	TierStandard   = "standard"
	TierPremium    = "premium"
	TierEnterprise = "enterprise"
	TierUnlimited  = "unlimited"
)

// Limits of API keys.
const (
	MaxKeyName    = 100                // characters
	maxKeyCIDRs   = 50                 // networks of the allow list
	MaxKeyOverlap = 7 * 24 * time.Hour // how long a rotated key may live on beside its successor
	MaxKeyEchoes  = 5                  // rotated keys of one source that live on at once
)

// Why an API key was revoked.
const (
	KeyRevoked     = "revoked" // by its owner or the operator
	KeyRotated     = "rotated" // rotated without overlap
	KeyDeactivated = EndDeactivated
)

// APIKey is a long-lived credential a user makes for a machine.
type APIKey struct {
	ID           string
	UserID       string
	Name         string
	Scopes       scope.Set // exactly one
	Source       string
	Tier         string
	Stub         string // prefix and last four characters, by which people recognise it
	AllowedCIDRs []string
	CreatedAt    time.Time
	KeyMaker
	ExpiresAt     *time.Time // its own end; nil: none
	RevokedAt     *time.Time
	PredecessorID string // the key it was rotated from; empty: none
	// SupersededAt is when it was rotated away; until OverlapUntil it lives on
	// beside its successor.
	SupersededAt *time.Time
	OverlapUntil *time.Time

	LastUsedAt   *time.Time // as last reported, at most a minute ago
	LastUsedFrom string     // client address; empty: unknown
	HourAt       *time.Time // the clock hour HourRequests were counted in
	HourRequests int64
}

// KeyMaker is who made a key, or made it as the successor of another.
type KeyMaker struct {
	MadeBy   string // a user, or ActorOperator; "": not known
	MadeWith string // id of the client it was asked for with; "": on the pages, or at the command line
}

// EndsAt is when the key ends by itself: the earlier of its
// own end and the end of its overlap; nil: never.
func (k *APIKey) EndsAt() *time.Time {
	if k.ExpiresAt == nil || k.OverlapUntil != nil && k.OverlapUntil.Before(*k.ExpiresAt) {
		return k.OverlapUntil
	}
	return k.ExpiresAt
}

// Live reports whether the key opens anything at now.
func (k *APIKey) Live(now time.Time) bool {
	end := k.EndsAt()
	return k.RevokedAt == nil && (end == nil || now.Before(*end))
}

// Superseded reports whether the key has a successor.
func (k *APIKey) Superseded() bool { return k.SupersededAt != nil }

// RequestsThisHour is what was counted in the clock hour of now.
func (k *APIKey) RequestsThisHour(now time.Time) int64 {
	if k.HourAt == nil || !k.HourAt.Equal(now.UTC().Truncate(time.Hour)) {
		return 0
	}
	return k.HourRequests
}

// Used says that the key was used, unless a later use is known.
func (k *APIKey) Used(at time.Time, from string) {
	if !at.IsZero() && (k.LastUsedAt == nil || at.After(*k.LastUsedAt)) {
		k.LastUsedAt, k.LastUsedFrom = &at, from
	}
}

// AddRequests says that there were more requests in a clock hour.
func (k *APIKey) AddRequests(hour time.Time, count int64) {
	switch {
	case k.HourAt == nil || hour.After(*k.HourAt):
		k.HourAt, k.HourRequests = &hour, count
	case hour.Equal(*k.HourAt):
		k.HourRequests += count
	}
}

// KeyRotation asks to replace the user's key ID by a successor.
type KeyRotation struct {
	ID           string
	UserID       string
	Now          time.Time
	OverlapUntil time.Time // not after Now: the old key ends at once
	SuccessorID  string
	Successor    secret.Digest
	Stub         string // of the successor
	KeyMaker
}

// EndedKey names a key that has just ended.
type EndedKey struct {
	ID     string
	UserID string
	Digest secret.Digest
}

// KeyFilter chooses keys to list. Empty fields do not filter.
type KeyFilter struct {
	UserID string
	LiveAt time.Time // only keys that are live at this time; zero: revoked and expired ones too
}

// KeyRequest is what a user asks a new key to be.
type KeyRequest struct {
	Name         string
	Scopes       []string // exactly one name
	Source       string   // empty: web
	ExpiresAt    *time.Time
	AllowedCIDRs []string
	With         string // id of the client that asks for it; "": none
}

// Check returns the key that r asks for, or every rule it breaks
// (docs/contract.md, "API key record").
func (r KeyRequest) Check(now time.Time) (*APIKey, Violations) {
	k := &APIKey{Name: strings.TrimSpace(r.Name), Source: r.Source, Tier: TierStandard, CreatedAt: now, KeyMaker: KeyMaker{MadeWith: r.With}}
	if k.Source == "" {
		k.Source = SourceWeb
	}
	broken := checkKeyName(k.Name)
	var wrong Violations
	if k.Scopes, wrong = oneScope(r.Scopes); len(wrong) > 0 {
		broken = append(broken, wrong...)
	}
	if !slices.Contains(Sources(), k.Source) {
		broken = append(broken, Violation{"source", "source.unknown", "Source must be web, mobile or monitoring"})
	}
	if r.ExpiresAt != nil {
		end := r.ExpiresAt.UTC().Truncate(time.Second) // what introspection can say
		k.ExpiresAt = &end
		if !end.After(now) {
			broken = append(broken, Violation{"expires_at", "expires_at.past", "Expiry must be in the future"})
		} else if end.Year() > 9999 {
			broken = append(broken, Violation{"expires_at", "expires_at.far", "Expiry is too far away"})
		}
	}
	if k.AllowedCIDRs, wrong = checkCIDRs(r.AllowedCIDRs); len(wrong) > 0 {
		broken = append(broken, wrong...)
	}
	return k, broken
}

func checkKeyName(name string) Violations {
	switch {
	case name == "":
		return Violations{{"name", "name.blank", "Name can't be blank"}}
	case utf8.RuneCountInString(name) > MaxKeyName:
		return Violations{{"name", "name.long", "Name is too long (maximum is 100 characters)"}}
	case !utf8.ValidString(name), strings.ContainsFunc(name, unprintable):
		return Violations{{"name", "name.invalid", "Name is invalid"}}
	}
	return nil
}

func oneScope(names []string) (scope.Set, Violations) {
	broken := func(rule, message string) (scope.Set, Violations) {
		return 0, Violations{{"scopes", "scopes." + rule, "Scopes " + message}}
	}
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return strings.TrimSpace(name) == "" })
	switch {
	case len(names) == 0:
		return broken("blank", "must include at least one permission")
	case len(names) > 1:
		return broken("many", "can only have one permission level")
	case names[0] != "read" && names[0] != "read_write":
		return broken("unknown", "must be either 'read' or 'read_write'")
	case names[0] == "read":
		return scope.Read, nil
	}
	return scope.ReadWrite, nil
}

// checkCIDRs reads networks or single addresses and returns them in their
// canonical form, each once.
func checkCIDRs(list []string) ([]string, Violations) {
	var networks []string
	for _, text := range list {
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		network, ok := parseNetwork(text)
		if !ok {
			return nil, Violations{{
				"allowed_cidrs", "allowed_cidrs.invalid",
				"Allowed networks must be IP addresses or networks such as 203.0.113.0/24 or 2001:db8::/32",
			}}
		}
		if !slices.Contains(networks, network) {
			networks = append(networks, network)
		}
	}
	if len(networks) > maxKeyCIDRs {
		return nil, Violations{{"allowed_cidrs", "allowed_cidrs.many", "Allowed networks can be at most 50"}}
	}
	return networks, nil
}

func parseNetwork(text string) (string, bool) {
	if p, err := netip.ParsePrefix(text); err == nil {
		if a := p.Addr(); a.Is4In6() {
			if p.Bits() < 96 {
				return "", false
			}
			p = netip.PrefixFrom(a.Unmap(), p.Bits()-96) // client addresses are compared unmapped
		}
		return p.Masked().String(), true
	}
	a, err := netip.ParseAddr(text)
	if err != nil || a.Zone() != "" {
		return "", false
	}
	a = a.Unmap()
	return netip.PrefixFrom(a, a.BitLen()).String(), true
}

// Sources returns what a key can be for.
func Sources() []string { return []string{SourceWeb, SourceMobile, SourceMonitoring} }

// Tiers returns the tiers of API keys, the smallest first.
func Tiers() []string {
	return []string{TierStandard, TierPremium, TierEnterprise, TierUnlimited}
}

// ValidTier reports whether there is such a tier.
func ValidTier(tier string) bool {
	return slices.Contains(Tiers(), tier)
}

// ParseKeyDay reads the last day of a key, with whose last second in zone it ends, or
// what ParseKeyExpiry reads.
func ParseKeyDay(text string, zone *time.Location) (*time.Time, error) {
	day, err := time.Parse(time.DateOnly, strings.TrimSpace(text))
	if err != nil {
		return ParseKeyExpiry(text)
	}
	end := time.Date(day.Year(), day.Month(), day.Day()+1, 0, 0, -1, 0, zone)
	return &end, nil
}

// ParseKeyExpiry reads when a key shall end: RFC 3339, or a date, after whose
// last second (UTC) it ends. Blank is nil: never. fault.Invalid: neither.
func ParseKeyExpiry(text string) (*time.Time, error) {
	if text = strings.TrimSpace(text); text == "" {
		return nil, nil
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		end := day.AddDate(0, 0, 1)
		return &end, nil
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		broken := Violations{{"expires_at", "expires_at.invalid", "Expiry must be a time such as 2030-12-31T23:59:59Z or a date such as 2030-12-31"}}
		return nil, fault.New(fault.Invalid, broken[0].Message).WithErrors(broken.Messages()...).WithCause(broken)
	}
	return &at, nil
}
