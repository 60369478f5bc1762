package introspection

import "github.com/prometheus/client_golang/prometheus"

// metrics are bound once: a lookup only counts.
type metrics struct {
	process, shared, asked        prometheus.Counter
	active, inactive, unavailable prometheus.Counter
	doubts                        prometheus.Counter
}

func newMetrics(reg prometheus.Registerer) *metrics {
	lookups := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "introspection_lookups_total", Help: "Where answers came from: this process, the shared store, the authorization server.",
	}, []string{"source"})
	results := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "introspection_results_total", Help: "What was answered.",
	}, []string{"result"})
	doubts := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "introspection_shared_store_failures_total", Help: "Times the shared store was found away.",
	})
	if reg != nil {
		reg.MustRegister(lookups, results, doubts)
	}
	return &metrics{
		process: lookups.WithLabelValues("process"), shared: lookups.WithLabelValues("shared"), asked: lookups.WithLabelValues("authserver"),
		active: results.WithLabelValues("active"), inactive: results.WithLabelValues("inactive"), unavailable: results.WithLabelValues("unavailable"),
		doubts: doubts,
	}
}
