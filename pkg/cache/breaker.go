package cache

import (
	"sync/atomic"
	"time"
)

// Breaker keeps callers from waiting for a neighbour that is away. After
// Failures failures in a row it refuses for Pause; then one caller at a time
// may try, and the first success closes it again.
type Breaker struct {
	Now      func() time.Time // required
	Failures int32            // 0: 5
	Pause    time.Duration    // 0: 1 s

	failed    atomic.Int32
	openUntil atomic.Int64 // Unix nanoseconds; 0: closed
}

// Allow reports whether a call may be made. A call that was allowed must be
// followed by Report, or the next try comes one Pause later.
func (b *Breaker) Allow() bool {
	until := b.openUntil.Load()
	if until == 0 {
		return true
	}
	now := b.Now()
	if now.UnixNano() < until {
		return false
	}
	// The winner of this swap tries; the others are refused until it reports.
	return b.openUntil.CompareAndSwap(until, now.Add(b.pause()).UnixNano())
}

// Report tells how an allowed call went.
func (b *Breaker) Report(ok bool) {
	if ok {
		if b.failed.Load() != 0 {
			b.failed.Store(0)
		}
		if b.openUntil.Load() != 0 {
			b.openUntil.Store(0)
		}
		return
	}
	limit := b.Failures
	if limit == 0 {
		limit = 5
	}
	if b.failed.Add(1) >= limit {
		b.openUntil.Store(b.Now().Add(b.pause()).UnixNano())
	}
}

// Open reports whether calls are being refused now.
func (b *Breaker) Open() bool {
	until := b.openUntil.Load()
	return until != 0 && b.Now().UnixNano() < until
}

// tripped reports whether calls are refused, or one is trying.
func (b *Breaker) tripped() bool { return b.openUntil.Load() != 0 }

func (b *Breaker) pause() time.Duration {
	if b.Pause == 0 {
		return time.Second
	}
	return b.Pause
}
