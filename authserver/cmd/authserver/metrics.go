package main

import (
	"github.com/prometheus/client_golang/prometheus"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/pkg/backlog"
	"latchkey/pkg/cache"
)

// show registers the metrics of what the server stands on and of what waits.
func (p *parts) show() {
	p.db.Register(p.metrics)
	cache.Register(p.metrics, p.cache)
	queues := []backlog.Queue{{
		Name: "outbox", Kinds: []string{authserver.OutboxEraseFamily, authserver.OutboxEmail}, Count: p.store.CountOutbox,
	}}
	if p.events.Keys != nil { // without a key nothing is ever sealed
		queues = append(queues, backlog.Queue{Name: "security_events", Kinds: []string{"unsealed"}, Count: p.store.CountUnsealed})
		sealed := prometheus.NewCounter(prometheus.CounterOpts{
			Name: "latchkey_events_sealed_total", Help: "Security events that this replica sealed.",
		})
		p.metrics.MustRegister(sealed)
		p.events.Sealed = func(n int) { sealed.Add(float64(n)) }
	}
	backlog.Register(p.metrics, now, p.log, queues...)
}

// deliveries counts how messages of the outbox fare.
func (p *parts) deliveries() func(kind, result string) {
	counts := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "latchkey_outbox_deliveries_total", Help: "Attempts to deliver messages of the outbox, by kind and result.",
	}, []string{"kind", "result"})
	p.metrics.MustRegister(counts)
	for _, kind := range []string{authserver.OutboxEraseFamily, authserver.OutboxEmail} {
		for _, result := range []string{account.DeliveryDone, account.DeliveryFailed, account.DeliveryGivenUp} {
			counts.WithLabelValues(kind, result)
		}
	}
	return func(kind, result string) {
		counts.WithLabelValues(kind, result).Inc()
		if kind == authserver.OutboxEmail && result == account.DeliveryDone {
			p.sent.Store(now().UnixMicro())
		}
	}
}
