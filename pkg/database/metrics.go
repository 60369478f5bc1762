package database

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Register shows the connections as metrics: latchkey_database_….
func (db *DB) Register(reg prometheus.Registerer) {
	gauge := func(name, help string, value func(poolState) float64) {
		reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "latchkey_database_" + name, Help: help},
			func() float64 { return value(db.state()) }))
	}
	counter := func(name, help string, value func(poolState) float64) {
		reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "latchkey_database_" + name, Help: help},
			func() float64 { return value(db.state()) }))
	}
	gauge("connections_in_use", "Connections to the database that work.", func(s poolState) float64 { return float64(s.inUse) })
	gauge("connections_open", "Connections to the database.", func(s poolState) float64 { return float64(s.open) })
	gauge("connections_max", "Most connections to the database that this process opens.", func(s poolState) float64 { return float64(s.most) })
	counter("waits_total", "Times that all connections were in use or a new one had to be made.", func(s poolState) float64 { return float64(s.waits) })
	counter("wait_seconds_total", "Time spent waiting for a connection.", func(s poolState) float64 { return s.waited.Seconds() })
}

// poolState is how the connections stand.
type poolState struct {
	inUse, open, most int
	waits             int64
	waited            time.Duration
}

func (db *DB) state() poolState {
	if db.pool != nil {
		s := db.pool.Stat()
		return poolState{int(s.AcquiredConns()), int(s.TotalConns()), int(s.MaxConns()), s.EmptyAcquireCount(), s.EmptyAcquireWaitTime()}
	}
	s := db.sql.Stats()
	return poolState{s.InUse, s.OpenConnections, s.MaxOpenConnections, s.WaitCount, s.WaitDuration}
}
