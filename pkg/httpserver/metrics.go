package httpserver

import (
	"maps"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts requests by route, method and status.
type Metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	inFlight prometheus.Gauge

	mu    sync.Mutex
	bound atomic.Pointer[map[series]instruments] // read without a lock; replaced when a series is new
}

type series struct {
	route, method string
	status        int
}

type instruments struct {
	requests prometheus.Counter
	seconds  prometheus.Observer
}

// NewMetrics registers http_requests_total, http_request_duration_seconds and
// http_requests_in_flight with reg.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "http_requests_total", Help: "Requests answered, by route, method and status.",
		}, []string{"route", "method", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "http_request_duration_seconds", Help: "Time to answer a request, by route and method.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"route", "method"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "http_requests_in_flight", Help: "Requests being answered.",
		}),
	}
	m.bound.Store(&map[series]instruments{})
	reg.MustRegister(m.requests, m.seconds, m.inFlight)
	return m
}

func (m *Metrics) begin() {
	if m != nil {
		m.inFlight.Inc()
	}
}

func (m *Metrics) end(route, verb string, status int, took time.Duration) {
	if m == nil {
		return
	}
	m.inFlight.Dec()
	s := series{route, method(verb), status}
	in, ok := (*m.bound.Load())[s]
	if !ok {
		in = m.bind(s)
	}
	in.requests.Inc()
	in.seconds.Observe(took.Seconds())
}

func (m *Metrics) bind(s series) instruments {
	m.mu.Lock()
	defer m.mu.Unlock()
	in := instruments{
		requests: m.requests.WithLabelValues(s.route, s.method, strconv.Itoa(s.status)),
		seconds:  m.seconds.WithLabelValues(s.route, s.method),
	}
	next := maps.Clone(*m.bound.Load())
	next[s] = in
	m.bound.Store(&next)
	return in
}

// method keeps callers from inventing label values and log fields.
func method(verb string) string {
	switch verb {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodOptions, http.MethodConnect, http.MethodTrace:
		return verb
	}
	return "other"
}
