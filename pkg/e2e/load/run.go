package load

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Sample is one thing that was done.
type Sample struct {
	Kind   Kind
	Due    time.Time // when it was to begin: an open loop waits for nobody
	Sent   time.Time
	Done   time.Time
	Status string // of the last answer, such as 503; "503 of the proxy"; "no answer"
	Good   bool
	Bare   bool   // a 503 without Retry-After
	Body   string // of an answer with 500
}

// Took is how long it took, from when it was due.
func (s Sample) Took() time.Duration { return s.Done.Sub(s.Due) }

// Run is load that is being made, until Stop.
type Run struct {
	mu      sync.Mutex
	samples []Sample
	stop    context.CancelFunc
	working sync.WaitGroup
}

// queued is how many may be due without a free connection.
const queued = 1 << 16

type arrival struct {
	kind Kind
	due  time.Time
}

// Open makes load in an open loop: so many a second are due, whatever happens to
// those before.
func (c *Generator) Open(ctx context.Context, rate float64) *Run {
	r := &Run{}
	sending, stop := context.WithCancel(ctx)
	r.stop = stop
	due := make(chan arrival, queued)
	r.working.Go(func() {
		defer close(due)
		c.arrive(sending, rate, due)
	})
	for _, conn := range c.connections {
		r.working.Go(func() {
			for next := range due {
				r.add(c.sample(ctx, conn, next))
			}
		})
	}
	return r
}

// Closed makes as much load as workers connections can, each sending the next when
// it has its answer.
func (c *Generator) Closed(ctx context.Context, workers int) *Run {
	r := &Run{}
	sending, stop := context.WithCancel(ctx)
	r.stop = stop
	for _, conn := range c.connections[:min(workers, len(c.connections))] {
		r.working.Go(func() {
			for sending.Err() == nil {
				r.add(c.sample(ctx, conn, arrival{c.Mix.pick(), time.Now()}))
			}
		})
	}
	return r
}

// arrive lets the next be due at even times.
func (c *Generator) arrive(ctx context.Context, rate float64, due chan<- arrival) {
	every := time.Duration(float64(time.Second) / rate)
	for next := time.Now(); pause(ctx, time.Until(next)); next = next.Add(every) {
		select {
		case due <- arrival{c.Mix.pick(), next}:
		default: // too many wait: the machine is asleep
		}
	}
}

func (c *Generator) sample(ctx context.Context, conn *connection, next arrival) Sample {
	s := Sample{Kind: next.kind, Due: next.due, Sent: time.Now()}
	out := c.one(ctx, conn, next.kind)
	s.Done, s.Good, s.Bare = time.Now(), out.good, out.bare
	switch {
	case out.status == 0:
		s.Status = "no answer"
	case out.byOrigin:
		s.Status = strconv.Itoa(out.status) + " of the proxy"
	default:
		s.Status = strconv.Itoa(out.status)
	}
	if out.status == http.StatusInternalServerError {
		s.Body = string(out.body)
	}
	return s
}

func (r *Run) add(s Sample) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.samples = append(r.samples, s)
}

// Since are the samples that were sent at from or later and are done.
func (r *Run) Since(from time.Time) []Sample {
	r.mu.Lock()
	defer r.mu.Unlock()
	var later []Sample
	for _, s := range r.samples {
		if !s.Sent.Before(from) {
			later = append(later, s)
		}
	}
	return later
}

// Stop lets nothing be due any more, waits for the answers and returns all samples.
func (r *Run) Stop() []Sample {
	r.stop()
	r.working.Wait()
	return r.samples
}

// Quantile is the least time that so large a part of took was not longer than.
func Quantile(took []time.Duration, q float64) time.Duration {
	if len(took) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(took))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}
