package introspection

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"latchkey/pkg/cache"
	"latchkey/pkg/secret"
)

const (
	// tombstoneLife outlives every "active" that can stand in the shared store.
	tombstoneLife = 2 * sharedLife
	writeTimeout  = time.Second
	maxPending    = 100_000
	batch         = 1_000
	firstRetry    = 100 * time.Millisecond
	slowestRetry  = 250 * time.Millisecond
)

// askAgain stands in the shared store instead of an answer that has changed.
// No "active" can take its place, so one that was in flight is not remembered
// there; until it expires, every process asks for itself.
const askAgain = `"ask again"`

// Tombstones tell every replica of every resource server that credentials have
// ended. While the shared store is away they wait in memory and are written as
// soon as it is back; resource servers pass the store over for longer than
// that. If this process dies in between, or cannot reach a store that the
// resource servers do reach, a revocation is seen when "active" ends there, a
// minute at most.
//
// A nil *Tombstones does nothing: without a shared store there is nothing that
// could contradict the database for longer than Life.
type Tombstones struct {
	store cache.Store
	now   func() time.Time
	log   *slog.Logger
	wake  chan struct{}

	mu      sync.Mutex
	pending map[secret.Digest]pendingTombstone
	depth   prometheus.Gauge
}

type pendingTombstone struct {
	reason string
	since  time.Time
}

// NewTombstones returns a writer to store, nil when store is nil. Run retries.
func NewTombstones(store cache.Store, now func() time.Time, log *slog.Logger, reg prometheus.Registerer) *Tombstones {
	if store == nil {
		return nil
	}
	t := &Tombstones{
		store: store, now: now, log: log, wake: make(chan struct{}, 1), pending: map[secret.Digest]pendingTombstone{},
		depth: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "introspection_tombstones_pending", Help: "Revocations that wait for the shared store to come back.",
		}),
	}
	if reg != nil {
		reg.MustRegister(t.depth)
	}
	return t
}

// Write marks the credentials as ended and tells every replica. It is called
// after the revocation is committed, and never fails it: what cannot be written
// now is written later. Reason is ReasonDeactivated or empty.
func (t *Tombstones) Write(ctx context.Context, digests []secret.Digest, reason string) {
	if t == nil || len(digests) == 0 {
		return
	}
	ctx = context.WithoutCancel(ctx) // the revocation stands, whether or not its caller waits
	for len(digests) > 0 {
		n := min(batch, len(digests))
		if err := t.write(ctx, digests[:n], reason); err != nil {
			t.keep(ctx, digests, reason, err)
			return
		}
		digests = digests[n:]
	}
}

// AskAgain makes every replica forget what it knows of live credentials, whose
// description has changed, and ask anew. It is called after the change is
// committed.
func (t *Tombstones) AskAgain(ctx context.Context, digests []secret.Digest) {
	t.Write(ctx, digests, askAgain)
}

func (t *Tombstones) write(ctx context.Context, digests []secret.Digest, reason string) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	value := []byte(askAgain)
	if reason != askAgain {
		var err error
		if value, err = json.Marshal(Answer{Reason: reason}); err != nil {
			return err //nolint:wrapcheck // two fields always marshal
		}
	}
	entries := make([]cache.Entry, len(digests))
	message := make([]byte, 0, len(digests)*len(secret.Digest{}))
	for i, d := range digests {
		entries[i] = cache.Entry{Key: Key(d), Value: value, TTL: tombstoneLife}
		message = append(message, d[:]...)
	}
	return t.store.SetAndPublish(ctx, entries, channel, message)
}

func (t *Tombstones) keep(ctx context.Context, digests []secret.Digest, reason string, cause error) {
	t.mu.Lock()
	lost := 0
	for _, d := range digests {
		if _, there := t.pending[d]; !there && len(t.pending) >= maxPending {
			lost++
			continue
		}
		t.pending[d] = pendingTombstone{reason, t.now()}
	}
	t.depth.Set(float64(len(t.pending)))
	t.mu.Unlock()
	level := slog.LevelWarn
	if lost > 0 {
		level = slog.LevelError
	}
	t.log.LogAttrs(ctx, level, "shared store away: revocations wait", slog.Int("count", len(digests)),
		slog.Int("dropped", lost), slog.Any("error", cause))
	select {
	case t.wake <- struct{}{}:
	default: // Run knows already
	}
}

// Run writes what waits, until ctx ends.
func (t *Tombstones) Run(ctx context.Context) {
	if t == nil {
		<-ctx.Done()
		return
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.wake:
		}
		for wait := firstRetry; t.writePending(ctx) != nil; wait = min(2*wait, slowestRetry) {
			select {
			case <-ctx.Done():
				return
			case <-time.After(wait):
			}
		}
	}
}

// Flush writes what waits once more; for the end of the process.
func (t *Tombstones) Flush(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.writePending(ctx)
}

// writePending returns nil when nothing waits any longer.
func (t *Tombstones) writePending(ctx context.Context) error {
	for {
		digests, reason := t.next()
		if len(digests) == 0 {
			return nil
		}
		if err := t.write(ctx, digests, reason); err != nil {
			return err
		}
		t.mu.Lock()
		for _, d := range digests {
			delete(t.pending, d)
		}
		t.depth.Set(float64(len(t.pending)))
		t.mu.Unlock()
	}
}

// next picks waiting digests that share a reason, and forgets those whose
// "active" has ended by itself.
func (t *Tombstones) next() (digests []secret.Digest, reason string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for d, p := range t.pending {
		if t.now().Sub(p.since) > tombstoneLife {
			delete(t.pending, d)
			continue
		}
		if len(digests) == 0 {
			reason = p.reason
		}
		if p.reason == reason && len(digests) < batch {
			digests = append(digests, d)
		}
	}
	return digests, reason
}
