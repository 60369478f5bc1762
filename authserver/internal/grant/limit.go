package grant

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

// maxBuckets bounds what a limiter remembers; when it is full it starts anew.
const maxBuckets = 50_000

type owner struct{ userID, clientID string }

// limiter counts moves by user and client in this process. It guards the database
// against a client that repeats itself in a loop, not a secret, so that replicas need not
// agree and nothing is asked for it.
type limiter struct {
	perMinute int // 0: no limit

	mu      sync.Mutex
	buckets map[owner]*rate.Limiter
	handles map[secret.HandleDigest]*rate.Limiter
}

func (l *limiter) off() bool { return l.perMinute <= 0 }

func (l *limiter) bucket(o owner) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b, ok := l.buckets[o]; ok {
		return b
	}
	if l.buckets == nil || len(l.buckets) >= maxBuckets {
		l.buckets, l.handles = map[owner]*rate.Limiter{}, map[secret.HandleDigest]*rate.Limiter{}
	}
	b := rate.NewLimiter(rate.Every(time.Minute/time.Duration(l.perMinute)), l.perMinute)
	l.buckets[o] = b
	return b
}

// admit counts a move. fault.RateLimited: it is one too many.
func (l *limiter) admit(userID, clientID string, now time.Time) error {
	if l.off() {
		return nil
	}
	return take(l.bucket(owner{userID, clientID}), now)
}

// admitKnown counts a refresh of a grant whose user is known from the refresh
// before.
func (l *limiter) admitKnown(handle secret.HandleDigest, now time.Time) error {
	if l.off() {
		return nil
	}
	l.mu.Lock()
	b := l.handles[handle]
	l.mu.Unlock()
	if b == nil {
		return nil
	}
	return take(b, now)
}

// remember says whose grant a handle is.
func (l *limiter) remember(handle secret.HandleDigest, userID, clientID string, now time.Time) {
	if l.off() {
		return
	}
	b := l.bucket(owner{userID, clientID})
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, known := l.handles[handle]; known {
		return
	}
	if len(l.handles) >= maxBuckets {
		l.handles = map[secret.HandleDigest]*rate.Limiter{}
	}
	l.handles[handle] = b
	b.AllowN(now, 1)
}

func take(b *rate.Limiter, now time.Time) error {
	r := b.ReserveN(now, 1)
	wait := r.DelayFrom(now)
	if wait == 0 {
		return nil
	}
	r.CancelAt(now)
	return fault.New(fault.RateLimited, "Too many requests. Try again later.").WithRetryAfter(wait)
}
