package introspection

import "github.com/prometheus/client_golang/prometheus"

// metrics are bound once: a lookup only counts.
type metrics struct {
	process, shared, asked        prometheus.Counter
	active, inactive, unavailable prometheus.Counter
	failures, misdated            prometheus.Counter
}

func newMetrics(reg prometheus.Registerer) *metrics {
	lookups := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "introspection_lookups_total", Help: "Where answers came from: this process, the shared store, the authorization server.",
	}, []string{"source"})
	results := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "introspection_results_total", Help: "What was answered.",
	}, []string{"result"})
	failures := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "introspection_shared_store_failures_total", Help: "Times the shared store could not be read or written.",
	})
	misdated := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "introspection_misdated_total",
		Help: "Answers in the shared store that came from the future or were too old: clocks differ, or the store does not forget in time.",
	})
	if reg != nil {
		reg.MustRegister(lookups, results, failures, misdated)
	}
	return &metrics{
		process: lookups.WithLabelValues("process"), shared: lookups.WithLabelValues("shared"), asked: lookups.WithLabelValues("authserver"),
		active: results.WithLabelValues("active"), inactive: results.WithLabelValues("inactive"), unavailable: results.WithLabelValues("unavailable"),
		failures: failures, misdated: misdated,
	}
}
