// Package lanes lets concurrent callers share round trips to an engine. A caller
// that finds a lane free goes at once and alone. Callers that find none wait, and
// go together as soon as one is free.
package lanes

import (
	"errors"
	"sync"
)

// Most is how many calls share a trip at most.
const Most = 128

// ErrGivenUp is what the other callers of a trip get when its run panicked.
var ErrGivenUp = errors.New("lanes: the batch was given up")

// Lanes carry calls. They start no goroutine: the caller that finds a lane free
// runs the trip for all, and hands the lane to a caller that waits.
type Lanes[C any] struct {
	run func(calls []C)

	mu      sync.Mutex
	free    int
	waiting []*waiter[C]
}

type waiter[C any] struct {
	call C
	err  error
	turn chan bool // true: lead the lane; false: done, err is written
}

// New returns n lanes. Run carries all calls in one trip and leaves in each what
// came of it; it is called by n goroutines at a time at most, with one call or
// more, and does not keep the slice.
func New[C any](n int, run func(calls []C)) *Lanes[C] {
	return &Lanes[C]{run: run, free: n}
}

// Do returns when run has carried call.
func (l *Lanes[C]) Do(call C) error {
	l.mu.Lock()
	if l.free > 0 {
		l.free--
		l.mu.Unlock()
		l.lead(call)
		return nil
	}
	w := &waiter[C]{call: call, turn: make(chan bool, 1)}
	l.waiting = append(l.waiting, w)
	l.mu.Unlock()
	if lead := <-w.turn; lead {
		l.lead(call)
	}
	return w.err
}

func (l *Lanes[C]) lead(call C) {
	followers := l.take()
	defer l.pass() // also after a panic, or those who wait would wait for ever
	if len(followers) == 0 {
		l.run([]C{call})
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
	l.run(calls)
	err = nil
}

// take returns those who wait, none when nobody does.
func (l *Lanes[C]) take() []*waiter[C] {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) < Most {
		taken := l.waiting
		l.waiting = nil
		return taken
	}
	taken := l.waiting[: Most-1 : Most-1]
	l.waiting = l.waiting[Most-1:]
	return taken
}

func (l *Lanes[C]) pass() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 {
		l.free++
		return
	}
	next := l.waiting[0]
	l.waiting = l.waiting[1:]
	next.turn <- true
}

// Waiting is how many wait for a lane now.
func (l *Lanes[C]) Waiting() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.waiting)
}
