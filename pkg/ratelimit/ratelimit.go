// Package ratelimit counts requests against limits, in this process or in
// Redis, with one algorithm and one contract test.
//
// # The algorithm
//
// Counted requests are gathered in bursts: a burst takes what comes within a
// thirtieth of the window after its first request, and is forgotten, whole,
// when its last request is one window old. So in no window, wherever it begins,
// do more than Limit.Max requests pass: neither a window's edge nor a refill
// lets more through. The error is on the other side only: a request can be
// remembered for up to a thirtieth of the window (two minutes of an hour)
// longer than the window. A record is at most 33 bursts, whatever the limit.
//
// (Two weighted buckets would be smaller, but count a burst at the end of one
// bucket as if it had been spread over it, and so let nearly twice the limit
// through within one window.)
//
// Refused requests are not counted: retrying while limited does not extend the wait.
package ratelimit

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"latchkey/pkg/cache"
)

// Limit allows Max requests in any Window. Max 0 or below: as many as come;
// they are counted in Result.Hour all the same.
type Limit struct {
	Max    int64
	Window time.Duration // at least a millisecond
}

// Unlimited reports whether the limit refuses nothing.
func (l Limit) Unlimited() bool { return l.Max <= 0 }

// grain is how long a burst takes requests in.
func (l Limit) grain() time.Duration { return max(l.Window/grains, time.Millisecond) }

const grains = 30

// Count is a key and the limit it is counted against.
type Count struct {
	Key   string
	Limit Limit
}

// Result tells how a request stands against its limit.
type Result struct {
	Allowed   bool
	Limit     Limit
	Used      int64 // counted in the window, this request included when it was
	Remaining int64
	// Reset is when, without further requests, the next part of Used is
	// forgotten; for a refused request, when to try again. At most one window.
	Reset    time.Duration
	Hour     int64     // counted since the last full hour, UTC
	LastUsed time.Time // of the last counted request; zero: not in the last two hours. Set by Peek only
	LastFrom string    // its address. Set by Peek only
	Degraded bool      // decided by this process alone, as Redis was away
}

// Limiter decides. Its methods are safe for concurrent use; of N parallel
// requests no more pass than the limit has room for. A key must hold neither a
// secret nor an email address: digest such parts first.
//
// An error is fault.Unavailable: nobody could decide and the policy is Refuse.
type Limiter interface {
	// Allow counts one request against each key that has room for it, all in one
	// trip.
	Allow(ctx context.Context, counts ...Count) ([]Result, error)
	// Use counts one request against key, if there is room, and stamps key as
	// used now from an address.
	Use(ctx context.Context, key string, l Limit, from string) (Result, error)
	// Peek tells how each key stands and counts nothing; Allowed says whether a
	// request would pass.
	Peek(ctx context.Context, counts ...Count) ([]Result, error)
	// Forget clears key's count.
	Forget(ctx context.Context, key string) error
}

// Policy is what happens to limits while Redis is away.
type Policy string

// The policies. There is none that lets everything through.
const (
	// Local counts in each replica alone, from what it last heard of a key. N
	// replicas may let N times the rest of the limit through.
	Local Policy = "local"
	// Refuse answers every limited request with 503.
	Refuse Policy = "refuse"
)

// Options tune New.
type Options struct {
	Now        func() time.Time      // required; in process, and while Redis is away
	Logger     *slog.Logger          // required
	Policy     Policy                // empty: Local
	Registerer prometheus.Registerer // nil: no metrics
	MaxKeys    int                   // remembered in process; 0: 100,000
}

// New returns a limiter in Redis when store is one, else in this process.
func New(store cache.Store, opts Options) (Limiter, error) {
	if opts.Now == nil || opts.Logger == nil {
		return nil, errors.New("ratelimit: Options.Now and Logger are required")
	}
	if opts.Policy == "" {
		opts.Policy = Local
	}
	if opts.Policy != Local && opts.Policy != Refuse {
		return nil, errors.New(`ratelimit: the policy must be "local" or "refuse"`)
	}
	m := newMetrics(opts.Registerer)
	local := newMemory(opts, m)
	if r, ok := store.(*cache.Redis); ok {
		return newRedis(r, local, opts, m), nil
	}
	return local, nil
}

// ForKeys is the limiter's key for the API keys of a user and a source, in both
// services: a rotated key and its successor count together.
func ForKeys(userID, source string) string { return "keys:" + userID + ":" + source }

// ForTokens is the limiter's key for the access tokens that a user gave a client.
func ForTokens(userID, clientID string) string { return "tokens:" + userID + ":" + clientID }

type metrics struct{ allowed, refused, degraded prometheus.Counter }

func newMetrics(reg prometheus.Registerer) *metrics {
	decisions := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "ratelimit_decisions_total", Help: "Requests counted against a limit, by outcome.",
	}, []string{"result"})
	degraded := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "ratelimit_degraded_total", Help: "Decisions that Redis was away for.",
	})
	if reg != nil {
		reg.MustRegister(decisions, degraded)
	}
	return &metrics{decisions.WithLabelValues("allowed"), decisions.WithLabelValues("refused"), degraded}
}

func (m *metrics) count(r Result) {
	if r.Allowed {
		m.allowed.Inc()
	} else {
		m.refused.Inc()
	}
}
