package oauth

import "github.com/prometheus/client_golang/prometheus"

// counters are the endpoints' metrics.
type counters struct {
	issued       *prometheus.CounterVec
	refused      *prometheus.CounterVec
	reused       prometheus.Counter
	introspected *prometheus.CounterVec
}

// NewMetrics registers the endpoints' counters with reg.
func NewMetrics(reg prometheus.Registerer) Metrics {
	c := &counters{
		issued: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "oauth_tokens_issued_total", Help: "Token pairs issued, by grant.",
		}, []string{"grant"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "oauth_refused_total", Help: "Requests refused, by endpoint and OAuth error.",
		}, []string{"endpoint", "error"}),
		reused: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "oauth_refresh_reused_total", Help: "Grant chains ended because a spent refresh token came back.",
		}),
		introspected: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "oauth_introspections_total", Help: "Introspection answers, by result.",
		}, []string{"result"}),
	}
	reg.MustRegister(c.issued, c.refused, c.reused, c.introspected)
	return c
}

// TokensIssued implements Metrics.
func (c *counters) TokensIssued(grant string) { c.issued.WithLabelValues(grant).Inc() }

// Refused implements Metrics.
func (c *counters) Refused(endpoint, code string) { c.refused.WithLabelValues(endpoint, code).Inc() }

// RefreshReused implements Metrics.
func (c *counters) RefreshReused() { c.reused.Inc() }

// Introspected implements Metrics.
func (c *counters) Introspected(active bool) {
	result := "inactive"
	if active {
		result = "active"
	}
	c.introspected.WithLabelValues(result).Inc()
}
