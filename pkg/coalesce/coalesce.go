// Package coalesce lets concurrent callers share round trips to an engine. Only
// so many trips are under way at a time. A caller that may start one starts it at
// once and alone; the others wait, and share the next trip.
package coalesce

import (
	"errors"
	"sync"
)

// MaxBatch is the most calls that share a trip.
const MaxBatch = 128

// ErrGivenUp is what the other callers of a batch get when the function that ran
// it panicked.
var ErrGivenUp = errors.New("coalesce: the batch was given up")

// Batcher runs calls in batches. It has no goroutine of its own: a caller runs
// the batch it is in, and then lets one who waits run the next.
type Batcher[C any] struct {
	run func(calls []C)

	mu      sync.Mutex
	free    int // trips that may start now
	waiting []*waiter[C]
}

type waiter[C any] struct {
	call C
	err  error
	turn chan bool // true: run the next batch; false: done, err is written
}

// New returns a Batcher with at most n trips at a time. Run makes one trip for
// all calls and leaves its result in each; it is called by n goroutines at a
// time at most, with one call or more, and does not keep the slice.
func New[C any](n int, run func(calls []C)) *Batcher[C] {
	return &Batcher[C]{run: run, free: n}
}

// Do returns when run has had call in a batch.
func (b *Batcher[C]) Do(call C) error {
	b.mu.Lock()
	if b.free > 0 {
		b.free--
		b.mu.Unlock()
		b.lead(call)
		return nil
	}
	w := &waiter[C]{call: call, turn: make(chan bool, 1)}
	b.waiting = append(b.waiting, w)
	b.mu.Unlock()
	if lead := <-w.turn; lead {
		b.lead(call)
	}
	return w.err
}

func (b *Batcher[C]) lead(call C) {
	followers := b.take()
	defer b.pass() // also after a panic: nobody else would wake the others
	if len(followers) == 0 {
		b.run([]C{call})
		return
	}
	err := ErrGivenUp
	defer func() {
		for _, f := range followers {
			f.err = err
			f.turn <- false
		}
	}()
	calls := make([]C, 1, 1+len(followers))
	calls[0] = call
	for _, f := range followers {
		calls = append(calls, f.call)
	}
	b.run(calls)
	err = nil
}

// take returns those who wait, none when nobody does.
func (b *Batcher[C]) take() []*waiter[C] {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.waiting) < MaxBatch {
		taken := b.waiting
		b.waiting = nil
		return taken
	}
	taken := b.waiting[: MaxBatch-1 : MaxBatch-1]
	b.waiting = b.waiting[MaxBatch-1:]
	return taken
}

func (b *Batcher[C]) pass() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.waiting) == 0 {
		b.free++
		return
	}
	next := b.waiting[0]
	b.waiting = b.waiting[1:]
	next.turn <- true
}

// Waiting is how many callers wait for a trip now.
func (b *Batcher[C]) Waiting() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.waiting)
}
