package introspection

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"latchkey/pkg/cache"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

// How old an answer may be.
const (
	DefaultLife = time.Second
	MaxLife     = time.Minute
)

// CachedOptions tune NewCached.
type CachedOptions struct {
	// Life is the most time from sending an ask to the arrival of a request that
	// its answer serves; 0: DefaultLife; at most MaxLife.
	Life       time.Duration
	Store      cache.Store           // shared by all replicas; nil: none
	Now        func() time.Time      // required; differences are taken of its monotonic reading, where it has one
	Logger     *slog.Logger          // required
	Registerer prometheus.Registerer // nil: no metrics
	Timeout    time.Duration         // of one lookup that callers share; 0: 3 s
	Size       int                   // credentials remembered in process; 0: 50,000; negative: none
}

// Cached remembers answers, in process and in a shared store. Whatever that
// store does, no answer serves a request that arrived a Life or more after it was
// asked for: each layer knows when the question was sent, and judges by that
// alone. A difference between the clocks of two hosts adds to it at most as much
// as they differ, and only while the store keeps what it was told to forget.
type Cached struct {
	next    Introspector
	opts    CachedOptions
	process *process
	shared  *shared // nil: none
	metrics *metrics
}

// NewCached puts a cache in front of next. Run must be running for revocations
// to be seen sooner than after a Life.
func NewCached(next Introspector, opts CachedOptions) (*Cached, error) {
	if opts.Life == 0 {
		opts.Life = DefaultLife
	}
	switch {
	case opts.Now == nil || opts.Logger == nil:
		return nil, errors.New("introspection: CachedOptions.Now and Logger are required")
	case opts.Life < 0 || opts.Life > MaxLife:
		return nil, fmt.Errorf("introspection: a life of %v is not within 0 and %v", opts.Life, MaxLife)
	}
	if opts.Timeout <= 0 {
		opts.Timeout = defaultTimeout
	}
	c := &Cached{next: next, opts: opts, process: newProcess(opts.Size, opts.Life), metrics: newMetrics(opts.Registerer)}
	if opts.Store != nil {
		c.shared = &shared{store: opts.Store, life: opts.Life, now: opts.Now, log: opts.Logger, metrics: c.metrics}
	}
	return c, nil
}

// Run listens for what is published until ctx ends.
func (c *Cached) Run(ctx context.Context) {
	if c.shared == nil {
		<-ctx.Done()
		return
	}
	_ = c.opts.Store.Subscribe(ctx, channel, c.process.dropMessage) // the error is ctx's
}

// Introspect implements Introspector.
func (c *Cached) Introspect(ctx context.Context, credential secret.Token) (Answer, error) {
	digest, arrived := credential.Digest(), c.opts.Now()
	if r := c.process.get(digest, arrived); r != nil {
		c.metrics.process.Inc()
		return c.judge(&r.answer, FromProcess, arrived), nil
	}
	r, err := c.await(ctx, digest, credential, arrived)
	if err != nil {
		c.metrics.unavailable.Inc()
		return Answer{}, err
	}
	return c.judge(&r.answer, r.answer.From, c.opts.Now()), nil
}

// await waits for a lookup whose answer is good for a request that arrived at
// arrived.
func (c *Cached) await(ctx context.Context, digest secret.Digest, credential secret.Token, arrived time.Time) (*remembered, error) {
	for {
		l, ours := c.process.join(digest, arrived, c.opts.Now())
		if ours {
			go c.ask(context.WithoutCancel(ctx), l, digest, credential) // others wait for it too
		}
		select {
		case <-l.done:
		case <-ctx.Done():
			return nil, away(ctx.Err())
		}
		// What a lookup brought from the shared store may end before the request
		// of one who joined it; the next lookup began after that request.
		if l.err != nil || arrived.Before(l.result.until) {
			return l.result, l.err
		}
	}
}

// judge applies the credential's own end to a remembered answer.
func (c *Cached) judge(a *Answer, from string, now time.Time) Answer {
	if a.Active && !a.ExpiredAt(now) {
		c.metrics.active.Inc()
		answer := *a
		answer.From = from
		return answer
	}
	c.metrics.inactive.Inc()
	return Answer{Reason: a.Reason, From: from}
}

// ask looks in the shared store, asks the authorization server when nothing is
// there, and remembers.
func (c *Cached) ask(ctx context.Context, l *lookup, digest secret.Digest, credential secret.Token) {
	defer fault.Recover(ctx, c.opts.Logger, "sharing an answer", nil)
	if r := c.stored(ctx, l, digest); r != nil {
		c.metrics.shared.Inc()
		c.process.finish(digest, l, r, nil)
		return
	}
	c.metrics.asked.Inc()
	ctx, cancel := context.WithTimeout(ctx, c.opts.Timeout)
	defer cancel()
	asked := c.opts.Now()
	a, err := c.introspect(ctx, credential)
	newest := c.process.finish(digest, l, &remembered{a, asked.Add(c.opts.Life)}, err)
	if newest && err == nil {
		c.shared.put(ctx, digest, a, asked)
	}
}

// stored is what the shared store knows; nil: nothing, or it panicked.
func (c *Cached) stored(ctx context.Context, l *lookup, digest secret.Digest) (r *remembered) {
	defer fault.Recover(ctx, c.opts.Logger, "reading a shared answer", nil)
	return c.shared.get(ctx, digest, l.began)
}

func (c *Cached) introspect(ctx context.Context, credential secret.Token) (a Answer, err error) {
	defer fault.Recover(ctx, c.opts.Logger, "introspection", func(panicked error) { err = away(panicked) })
	a, err = c.next.Introspect(ctx, credential)
	a.From = FromAuthserver
	return a, err
}
