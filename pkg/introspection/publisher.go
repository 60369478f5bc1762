package introspection

import (
	"context"
	"log/slog"
	"slices"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"latchkey/pkg/cache"
	"latchkey/pkg/secret"
)

const (
	channel = "introspection"
	batch   = 1_000 // credentials in one message
)

// Publisher tells every replica of every resource server that answers about
// credentials have changed, so that they normally ask anew within a few
// milliseconds. No bound depends on it: what does not arrive is seen after the
// life of an answer.
//
// A nil *Publisher does nothing.
type Publisher struct {
	store     cache.Store
	log       *slog.Logger
	away      atomic.Bool // the store was, when it was last used
	published prometheus.Counter
	failed    prometheus.Counter
}

// NewPublisher returns a Publisher to store, nil when store is nil. reg may be nil:
// no metrics.
func NewPublisher(store cache.Store, log *slog.Logger, reg prometheus.Registerer) *Publisher {
	if store == nil {
		return nil
	}
	messages := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "introspection_published_total", Help: "Messages to resource servers that answers about credentials have changed, by result.",
	}, []string{"result"})
	if reg != nil {
		reg.MustRegister(messages)
	}
	return &Publisher{store: store, log: log, published: messages.WithLabelValues("sent"), failed: messages.WithLabelValues("failed")}
}

// Publish removes what the shared store remembers of the credentials and makes
// every replica forget them. It is called once the change is committed, and
// takes no longer than the store's own timeouts allow.
func (p *Publisher) Publish(ctx context.Context, digests []secret.Digest) {
	if p == nil {
		return
	}
	ctx = context.WithoutCancel(ctx) // the change stands, whether or not its caller waits
	for some := range slices.Chunk(digests, batch) {
		p.publish(ctx, some)
	}
}

func (p *Publisher) publish(ctx context.Context, digests []secret.Digest) {
	keys := make([]string, len(digests))
	message := make([]byte, 0, len(digests)*len(secret.Digest{}))
	for i, d := range digests {
		keys[i] = Key(d)
		message = append(message, d[:]...)
	}
	err := p.store.DeleteAndPublish(ctx, keys, channel, message)
	if err == nil {
		p.published.Inc()
		p.away.Store(false)
		return
	}
	p.failed.Inc()
	if !p.away.Swap(true) {
		p.log.LogAttrs(ctx, slog.LevelWarn, "shared store away: changes are seen when the answers that resource servers remember end",
			slog.Any("error", err))
	}
}
