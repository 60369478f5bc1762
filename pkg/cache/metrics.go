package cache

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
)

// Register shows the connections of s as metrics, where it is Redis, and whether
// Redis is being left alone: latchkey_redis_… and latchkey_breaker_open.
func Register(reg prometheus.Registerer, s Store) {
	r, ok := s.(*Redis)
	if !ok {
		return
	}
	gauge := func(name, help string, value func(*redis.PoolStats) float64) {
		reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "latchkey_redis_" + name, Help: help},
			func() float64 { return value(r.Client().PoolStats()) }))
	}
	counter := func(name, help string, value func(*redis.PoolStats) float64) {
		reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "latchkey_redis_" + name, Help: help},
			func() float64 { return value(r.Client().PoolStats()) }))
	}
	gauge("connections_in_use", "Connections to Redis that work.", func(s *redis.PoolStats) float64 { return float64(s.TotalConns) - float64(s.IdleConns) })
	gauge("connections_open", "Connections to Redis.", func(s *redis.PoolStats) float64 { return float64(s.TotalConns) })
	counter("waits_total", "Times that a command waited for a connection.", func(s *redis.PoolStats) float64 { return float64(s.WaitCount) })
	counter("wait_seconds_total", "Time that commands waited for a connection.", func(s *redis.PoolStats) float64 { return time.Duration(s.WaitDurationNs).Seconds() })
	counter("wait_timeouts_total", "Times that a command waited for a connection in vain.", func(s *redis.PoolStats) float64 { return float64(s.Timeouts) })
	r.breaker.Register(reg, "redis")
}

// Register shows whether calls to of are being refused: latchkey_breaker_open.
func (b *Breaker) Register(reg prometheus.Registerer, of string) {
	reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "latchkey_breaker_open", Help: "1 while calls to a neighbour that is away are refused without asking it, else 0.",
		ConstLabels: prometheus.Labels{"of": of},
	}, func() float64 {
		if b.tripped() {
			return 1
		}
		return 0
	}))
}
