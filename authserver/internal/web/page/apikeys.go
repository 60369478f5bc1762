package page

import (
	"math"
	"time"

	"latchkey/authserver"
)

// KeyView is an API key on a page.
type KeyView struct {
	*authserver.APIKey
	Path        string
	Scope       string
	EndsSoon    *time.Time // a rotated key's end, or its expiry
	InUse       bool       // used within the last day
	Counted     int64      // requests in the last 60 minutes if Sliding, else in this clock hour; at most MaxRequests
	Sliding     bool
	PassesIn    time.Duration // when a request that would be refused now passes; 0: one passes now, or not known
	Refused     int64         // in this clock hour; on the pages that say so
	Unlimited   bool
	MaxRequests int64 // in an hour, unless Unlimited
}

// Full reports whether the next request would be refused.
func (k KeyView) Full() bool { return !k.Unlimited && k.Counted >= k.MaxRequests }

// near reports whether most of the limit is used up.
func (k KeyView) near() bool { return !k.Full() && k.percent() >= nearLimit }

const nearLimit = 80 // percent

// percent is how much of the limit is used up.
func (k KeyView) percent() int {
	if k.Unlimited || k.MaxRequests <= 0 {
		return 0
	}
	return int(100 * min(k.Counted, k.MaxRequests) / k.MaxRequests)
}

// left is how many requests pass before the limit.
func (k KeyView) left() int64 { return max(0, k.MaxRequests-k.Counted) }

// span is the key of the words for the time that Counted is of.
func (k KeyView) span() string {
	if k.Sliding {
		return "key.span.sliding"
	}
	return "key.span.hour"
}

// again says when the next request of a key at its limit passes.
func (v *View) again(k KeyView) (string, error) {
	if k.PassesIn <= 0 {
		return v.t("key.full.later")
	}
	return v.t("key.full.again", k.minutes())
}

// minutes are those until the next request passes.
func (k KeyView) minutes() int { return int(math.Ceil(k.PassesIn.Minutes())) }

// until says in words when a moment to come will be.
func (v *View) until(at time.Time) (string, error) {
	if v.near(at) != "" || at.Before(v.Now) {
		text, err := v.when(at)
		return within(text), err
	}
	return v.t("key.expires.days", daysBetween(v.Now.In(v.zone()), at.In(v.zone())))
}

// daysBetween counts the midnights between two moments of one zone.
func daysBetween(from, to time.Time) int {
	midnight := func(at time.Time) time.Time {
		y, m, d := at.Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	return int(midnight(to).Sub(midnight(from)) / (24 * time.Hour))
}

// maker is who made a key, and with what.
func (v *View) maker(k KeyView) (string, error) {
	switch k.MadeBy {
	case "":
		return v.t("key.made.unknown")
	case authserver.ActorOperator:
		return v.t("key.made.operator")
	case v.Signin.User.ID:
	default:
		return v.t("key.made.another")
	}
	switch k.MadeWith {
	case "":
		return v.t("key.made.here")
	case authserver.FirstPartyClientID:
		return v.t("key.made.app")
	}
	return v.t("key.made.with", k.MadeWith)
}

// MadeKeyView is a key on the page that shows it, this once.
type MadeKeyView struct {
	KeyView
	Secret string
	API    string   // public address of the resource API
	Old    *KeyView // the key this one replaces; nil: none
	Stages Stages
}

// lastUse is when a key was used last, and from where.
func (v *View) lastUse(k KeyView) (string, error) {
	if k.LastUsedAt == nil {
		return v.t("key.unused")
	}
	used, err := v.t("key.used.at", v.time(*k.LastUsedAt))
	if err != nil || k.LastUsedFrom == "" {
		return used, err
	}
	from, err := v.t("key.from", k.LastUsedFrom)
	return used + " " + from, err
}

var keyScopes = []choice{
	{"read", "key.scope.read", "key_new.scope.read.text"},
	{"read_write", "key.scope.read_write", "key_new.scope.read_write.text"},
}

func keySources() []choice {
	var list []choice
	for _, source := range authserver.Sources() {
		list = append(list, choice{source, "key.source." + source, "key_new.source." + source + ".text"})
	}
	return list
}

// spent is how much of its limit a key has used.
func (v *View) spent(k KeyView) (string, error) {
	return v.t(k.span()+".of", v.plain(k.Counted), v.plain(k.MaxRequests))
}
