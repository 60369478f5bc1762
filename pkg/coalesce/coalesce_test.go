package coalesce_test

import (
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"latchkey/pkg/coalesce"
)

type call struct{ asked, answered int }

func TestEveryCallRunsOnce(t *testing.T) {
	const tripsAtATime, callers, each = 3, 50, 200
	var trips, under atomic.Int64
	b := coalesce.New(tripsAtATime, func(calls []*call) {
		if n := under.Add(1); n > tripsAtATime {
			t.Errorf("%d trips at a time", n)
		}
		defer under.Add(-1)
		if len(calls) == 0 || len(calls) > coalesce.MaxBatch {
			t.Errorf("a trip of %d", len(calls))
		}
		trips.Add(1)
		for _, c := range calls {
			c.answered += c.asked
		}
	})
	var group sync.WaitGroup
	for i := range callers {
		group.Go(func() {
			for j := range each {
				c := &call{asked: i*each + j + 1}
				if err := b.Do(c); err != nil || c.answered != c.asked {
					t.Errorf("asked %d, answered %d, %v", c.asked, c.answered, err)
				}
			}
		})
	}
	group.Wait()
	if n := trips.Load(); n == 0 || n > callers*each {
		t.Errorf("%d trips", n)
	}
}

// Callers who come while the only trip is under way wait, and share the next one
// in the order they came; those who do not fit share the one after it.
func TestWaitingCallsShareATrip(t *testing.T) {
	const waiting = coalesce.MaxBatch + 10
	var (
		sizes []int
		first = make(chan struct{})
		open  = make(chan struct{})
	)
	b := coalesce.New(1, func(calls []*call) {
		if sizes = append(sizes, len(calls)); len(sizes) == 1 {
			close(first)
			<-open
		}
	})
	var group sync.WaitGroup
	group.Go(func() { _ = b.Do(&call{}) })
	<-first
	for range waiting {
		group.Go(func() { _ = b.Do(&call{}) })
	}
	for b.Waiting() < waiting {
		runtime.Gosched()
	}
	close(open)
	group.Wait()
	if want := []int{1, coalesce.MaxBatch, 10}; !slices.Equal(sizes, want) {
		t.Errorf("trips of %v, want %v", sizes, want)
	}
}

func TestAPanicIsItsLeadersAndHoldsNobodyUp(t *testing.T) {
	entered, open := make(chan struct{}), make(chan struct{})
	b := coalesce.New(1, func(calls []*call) {
		switch calls[0].asked {
		case 1:
			close(entered)
			<-open
		default:
			if len(calls) > 1 {
				panic("no")
			}
		}
	})
	var (
		group             sync.WaitGroup
		panicked, givenUp atomic.Int64
	)
	group.Go(func() { _ = b.Do(&call{asked: 1}) })
	<-entered
	for range 5 {
		group.Go(func() {
			defer func() {
				if recover() != nil {
					panicked.Add(1)
				}
			}()
			if errors.Is(b.Do(&call{asked: 2}), coalesce.ErrGivenUp) {
				givenUp.Add(1)
			}
		})
	}
	for b.Waiting() < 5 {
		runtime.Gosched()
	}
	close(open)
	group.Wait()
	if panicked.Load() != 1 || givenUp.Load() != 4 {
		t.Errorf("%d panicked, %d were given up", panicked.Load(), givenUp.Load())
	}
	if err := b.Do(&call{asked: 2}); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}
