package oauth

import (
	"github.com/prometheus/client_golang/prometheus"

	"latchkey/authserver"
)

// Counters are the metrics of the endpoints and of grants.
type Counters struct {
	issued       *prometheus.CounterVec
	refused      *prometheus.CounterVec
	reused       prometheus.Counter
	repeated     *prometheus.CounterVec
	introspected *prometheus.CounterVec
	happened     func(name string)
}

// NewMetrics registers the counters of the endpoints and of grants with reg. happened is
// told of each pair of tokens too; nil: nobody is.
func NewMetrics(reg prometheus.Registerer, happened func(name string)) *Counters {
	if happened == nil {
		happened = func(string) {}
	}
	c := &Counters{
		happened: happened,
		issued: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "oauth_tokens_issued_total", Help: "Token pairs issued, by grant.",
		}, []string{"grant"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "oauth_refused_total", Help: "Requests refused, by endpoint and OAuth error.",
		}, []string{"endpoint", "error"}),
		reused: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "oauth_refresh_reused_total", Help: "Grants ended because a spent refresh token came back.",
		}),
		repeated: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "oauth_refresh_repeated_total", Help: "Spent refresh tokens answered with the pair they were spent for, by reason: retry, overlap. Each would have ended a grant.",
		}, []string{"reason"}),
		introspected: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "oauth_introspections_total", Help: "Introspection answers, by result.",
		}, []string{"result"}),
	}
	reg.MustRegister(c.issued, c.refused, c.reused, c.repeated, c.introspected)
	return c
}

// TokensIssued implements grant.Metrics.
func (c *Counters) TokensIssued(grant string) {
	c.issued.WithLabelValues(grant).Inc()
	c.happened(authserver.CountTokens)
}

// Refused implements Metrics.
func (c *Counters) Refused(endpoint, code string) { c.refused.WithLabelValues(endpoint, code).Inc() }

// RefreshReused implements grant.Metrics.
func (c *Counters) RefreshReused() { c.reused.Inc() }

// RefreshRepeated implements grant.Metrics.
func (c *Counters) RefreshRepeated(why string) { c.repeated.WithLabelValues(why).Inc() }

// Introspected implements Metrics.
func (c *Counters) Introspected(active bool) {
	result := "inactive"
	if active {
		result = "active"
	}
	c.introspected.WithLabelValues(result).Inc()
}
