package account

import (
	"context"
	"errors"
	"net/netip"
	"strconv"
	"time"

	"latchkey/pkg/fault"
	"latchkey/pkg/ratelimit"
	"latchkey/pkg/secret"
)

// Limit is at most Max attempts within Window.
type Limit = struct {
	Max    int
	Window time.Duration
}

// Throttles are the limits on guessing. Each is a list from the shortest window
// to the longest. Whoever is refused waits until every window has room again. An
// empty list does not limit.
type Throttles struct {
	SigninAccount []Limit // failed sign-ins per email address, known or not
	SigninAddress []Limit // sign-ins per client address
	SecondFactor  []Limit // second factors tried per user
	Signup        []Limit // sign-ups per client address
	Invite        []Limit // wrong invite codes per client address
	Token         []Limit // refused token requests per client address
	Reset         []Limit // password resets asked for per email address
	Registration  []Limit // registrations of clients per client address
}

// throttled is the refusal of one attempt too many.
func throttled(wait time.Duration) error {
	return fault.New(fault.RateLimited, "Too many attempts. Try again later.").WithRetryAfter(wait)
}

// TokenRefused counts one refused request for tokens from a client address, at
// any of the endpoints that give them. It returns how long to wait when it was
// one too many, else 0; while nobody can count, nobody is refused for it.
func (s *Service) TokenRefused(ctx context.Context, address string) time.Duration {
	err := s.take(ctx, "token", address, s.deps.Settings.Throttles.Token)
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind == fault.RateLimited {
		return f.RetryAfter
	}
	return 0
}

// AdmitDevice counts one code of a device typed by the user. fault.RateLimited: it is
// one too many.
func (s *Service) AdmitDevice(ctx context.Context, userID string) error {
	return s.take(ctx, "device", userID, s.deps.Settings.Throttles.SecondFactor)
}

// pictures is how many one person may hand in: each is drawn anew, which takes a moment.
var pictures = []Limit{{Max: 60, Window: time.Hour}}

// AdmitPicture counts one picture handed in by the user. fault.RateLimited: it is one
// too many.
func (s *Service) AdmitPicture(ctx context.Context, userID string) error {
	return s.take(ctx, "picture", userID, pictures)
}

// Registering counts one registration of a client from a client address. It returns
// how long to wait when it was one too many, else 0.
func (s *Service) Registering(ctx context.Context, address string) time.Duration {
	err := s.take(ctx, "registration", address, s.deps.Settings.Throttles.Registration)
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind == fault.RateLimited {
		return f.RetryAfter
	}
	return 0
}

// take counts one attempt of kind by who in every window, and refuses when one
// of them is full. What is refused is looked at first, so that it counts nowhere: whoever
// goes on trying fills neither a longer window nor the wider network of others.
func (s *Service) take(ctx context.Context, kind, who string, limits []Limit) error {
	if s.deps.Limiter == nil || len(limits) == 0 {
		return nil
	}
	if err := s.blocked(ctx, kind, who, limits); err != nil {
		return err
	}
	return throttling(s.deps.Limiter.Allow(ctx, attempts(kind, who, limits)...))
}

// blocked refuses when one of the windows is full, and counts nothing.
func (s *Service) blocked(ctx context.Context, kind, who string, limits []Limit) error {
	if s.deps.Limiter == nil || len(limits) == 0 {
		return nil
	}
	return throttling(s.deps.Limiter.Peek(ctx, attempts(kind, who, limits)...))
}

// wider is how many networks of 64 bits, each at its limit, one of 48 bits holds
// at most: providers hand out either, so that neither is always one subscriber.
const wider = 4

// counted are whom a limit counts, each with how many times the limit it may
// have: of an IPv6 address its network of 64 bits, because one subscriber holds
// all the addresses in it, and its network of 48 bits; anything else as it is.
func counted(who string) map[string]int {
	addr, err := netip.ParseAddr(who)
	if err != nil || addr.Is4() || addr.Is4In6() {
		return map[string]int{who: 1}
	}
	addr = addr.WithZone("")
	return map[string]int{
		netip.PrefixFrom(addr, 64).Masked().String(): 1, netip.PrefixFrom(addr, 48).Masked().String(): wider,
	}
}

// attempts are one attempt in every window. Keys hold a digest, so that the
// shared counter store learns no email address.
func attempts(kind, who string, limits []Limit) (list []ratelimit.Count) {
	for name, times := range counted(who) {
		digest := secret.DigestOf(name).String()[:32]
		for _, l := range limits {
			key := "throttle:" + kind + ":" + strconv.Itoa(int(l.Window.Seconds())) + ":" + digest
			list = append(list, ratelimit.Count{Key: key, Limit: ratelimit.Limit{Max: int64(l.Max * times), Window: l.Window}})
		}
	}
	return list
}

// throttling refuses until all limits have room again.
func throttling(results []ratelimit.Result, err error) error {
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "The service is temporarily unavailable. Try again later.")
	}
	var wait time.Duration
	for _, r := range results {
		if !r.Allowed {
			wait = max(wait, r.Reset, time.Second)
		}
	}
	if wait > 0 {
		return throttled(wait)
	}
	return nil
}
