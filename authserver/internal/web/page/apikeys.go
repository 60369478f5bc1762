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
	Unlimited   bool
	MaxRequests int64 // in an hour, unless Unlimited
}

// full reports whether the next request would be refused.
func (k KeyView) full() bool { return !k.Unlimited && k.Counted >= k.MaxRequests }

// near reports whether most of the limit is used up.
func (k KeyView) near() bool { return !k.full() && k.percent() >= nearLimit }

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
	return v.t("key.full.again", int(math.Ceil(k.PassesIn.Minutes())))
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
}

// command uses a key that the environment holds: a command with the key itself
// would stay in the shell's history.
func (k MadeKeyView) command() string {
	return `curl -H "X-Api-Key: $LATCHKEY_API_KEY" ` + k.API + "/api/v1/accounts"
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
