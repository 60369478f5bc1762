package introspection

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/singleflight"

	"latchkey/pkg/cache"
	"latchkey/pkg/secret"
)

// The bounds of what is remembered. Changing Life changes the promise that a
// revocation is seen within a second by every replica.
const (
	Life       = 800 * time.Millisecond // in process, from before the lookup began: a second, less what a request takes
	sharedLife = time.Minute            // in the shared store; never beyond the credential's own life
	// distrust is how long the shared store is passed over after it was away: a
	// revocation of that time may still wait to be written there.
	distrust = 5 * time.Second

	channel   = "introspection"
	keyPrefix = "introspection:"
)

// CachedOptions tune NewCached.
type CachedOptions struct {
	Store      cache.Store           // shared by all replicas; nil: none
	Now        func() time.Time      // required
	Logger     *slog.Logger          // required
	Registerer prometheus.Registerer // nil: no metrics
	Timeout    time.Duration         // of one lookup that callers share; 0: 3 s
	Size       int                   // credentials remembered in process; 0: 50,000; negative: none
}

// Cached remembers answers: in process for at most Life, and, where there is a
// shared store, there for at most a minute.
//
// "Active" is written to the shared store only where nothing stands, and what
// stands is the answer; revocation writes a tombstone whatever stands (see
// Tombstones). So an answer that was in flight cannot undo a revocation.
type Cached struct {
	next    Introspector
	store   cache.Store
	opts    CachedOptions
	process *process
	flights singleflight.Group
	metrics *metrics
	trust   atomic.Int64 // Unix nanoseconds from which the shared store is believed
}

// NewCached puts a cache in front of next. Run must be running for revocations
// to be seen sooner than after Life.
func NewCached(next Introspector, opts CachedOptions) (*Cached, error) {
	if opts.Now == nil || opts.Logger == nil {
		return nil, errors.New("introspection: CachedOptions.Now and Logger are required")
	}
	if opts.Timeout <= 0 {
		opts.Timeout = defaultTimeout
	}
	return &Cached{
		next: next, store: opts.Store, opts: opts,
		process: newProcess(opts.Size), metrics: newMetrics(opts.Registerer),
	}, nil
}

// Run listens for revocations until ctx ends.
func (c *Cached) Run(ctx context.Context) {
	if c.store == nil {
		<-ctx.Done()
		return
	}
	first := true
	_ = c.store.Subscribe(ctx, channel, c.process.dropMessage, func() { // the error is ctx's
		c.process.dropAll()
		if !first { // lost, or found again after a loss
			c.suspect()
		}
		first = false
	})
}

// Introspect implements Introspector.
func (c *Cached) Introspect(ctx context.Context, credential secret.Token) (Answer, error) {
	digest, asked := credential.Digest(), c.opts.Now()
	if r, ok := c.process.get(digest, asked); ok {
		c.metrics.process.Inc()
		return c.judge(r.answer, asked), nil
	}
	if a, ok := c.shared(ctx, digest, asked); ok {
		c.metrics.shared.Inc()
		return c.judge(a, c.opts.Now()), nil
	}
	for {
		f, err := c.share(ctx, digest, credential)
		if err != nil {
			c.metrics.unavailable.Inc()
			return Answer{}, err
		}
		// A flight that took off long before this request arrived may have
		// missed a revocation this caller knows of.
		if asked.Sub(f.began) <= Life {
			return c.judge(f.answer, c.opts.Now()), nil
		}
	}
}

// judge applies the credential's own end to a remembered answer.
func (c *Cached) judge(a Answer, now time.Time) Answer {
	if a.Active && !a.ExpiredAt(now) {
		c.metrics.active.Inc()
		return a
	}
	c.metrics.inactive.Inc()
	return Answer{Reason: a.Reason}
}

// shared looks in the shared store.
func (c *Cached) shared(ctx context.Context, digest secret.Digest, began time.Time) (Answer, bool) {
	if !c.believed(began) {
		return Answer{}, false
	}
	mark := c.process.mark(digest)
	raw, found, err := c.store.Get(ctx, Key(digest))
	if err != nil {
		c.doubt(ctx, err)
		return Answer{}, false
	}
	if !found || string(raw) == askAgain {
		return Answer{}, false
	}
	a, err := decodeShared(raw)
	if err != nil {
		c.opts.Logger.LogAttrs(ctx, slog.LevelWarn, "unreadable entry in the shared store", slog.Any("error", err))
		return Answer{}, false
	}
	c.process.put(digest, a, began, mark)
	return a, true
}

type flight struct {
	answer Answer
	began  time.Time
}

// share asks once for all callers that want digest now. The call is detached
// from the caller who happened to be first, and bounded.
func (c *Cached) share(ctx context.Context, digest secret.Digest, credential secret.Token) (flight, error) {
	done := c.flights.DoChan(string(digest[:]), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.opts.Timeout)
		defer cancel()
		return c.fly(ctx, digest, credential)
	})
	select {
	case r := <-done:
		f, _ := r.Val.(flight)
		return f, r.Err
	case <-ctx.Done():
		return flight{}, away(ctx.Err())
	}
}

// fly asks the authorization server and remembers.
func (c *Cached) fly(ctx context.Context, digest secret.Digest, credential secret.Token) (flight, error) {
	if r, ok := c.process.get(digest, c.opts.Now()); ok { // another flight landed while this caller was on its way here
		return flight{r.answer, r.until.Add(-Life)}, nil
	}
	c.metrics.asked.Inc()
	began, mark := c.opts.Now(), c.process.mark(digest)
	a, err := c.next.Introspect(ctx, credential)
	if err != nil {
		return flight{}, err
	}
	if a.Active {
		a = c.settle(ctx, digest, a)
	}
	c.process.put(digest, a, began, mark)
	return flight{a, began}, nil
}

// settle offers an active answer to the shared store and returns what stands
// there: a tombstone, if a revocation came first.
func (c *Cached) settle(ctx context.Context, digest secret.Digest, a Answer) Answer {
	now := c.opts.Now()
	if a.ExpiredAt(now) || !c.believed(now) {
		return a
	}
	life := sharedLife
	if a.Exp != 0 {
		life = min(life, time.Unix(a.Exp, 0).Sub(now))
	}
	standing, err := c.store.SetNX(ctx, Key(digest), encodeShared(a), life)
	if err != nil {
		c.doubt(ctx, err)
		return a
	}
	if stood, err := decodeShared(standing); err == nil && !stood.Active {
		return stood
	}
	return a // newer than an "active" that stood there
}

func (c *Cached) believed(now time.Time) bool {
	return c.store != nil && now.UnixNano() >= c.trust.Load()
}

// doubt is called when the shared store could not be asked.
func (c *Cached) doubt(ctx context.Context, err error) {
	if ctx.Err() != nil && !errors.Is(err, cache.ErrUnavailable) {
		return // our caller left; that says nothing about the store
	}
	if c.believed(c.opts.Now()) {
		c.opts.Logger.LogAttrs(ctx, slog.LevelWarn, "shared store away: asking the authorization server instead", slog.Any("error", err))
	}
	c.suspect()
}

func (c *Cached) suspect() {
	c.metrics.doubts.Inc()
	c.trust.Store(c.opts.Now().Add(distrust).UnixNano())
}

// Key returns the shared store's key for a credential's digest.
func Key(digest secret.Digest) string { return keyPrefix + digest.String() }
