package main

import (
	"context"
	"os"
	"time"

	"latchkey/authserver/internal/event"
	"latchkey/authserver/internal/store"
	"latchkey/pkg/cli"
	"latchkey/pkg/database"
	"latchkey/pkg/retention"
)

// sweep deletes what has expired, or counts it.
func sweep(ctx context.Context, args []string) error {
	fs, how, asJSON := retention.Flags("authserver sweep")
	if _, err := cli.Parse(fs, args, 0); err != nil {
		return err
	}
	return withParts(ctx, func(p *parts) error {
		return retention.Command(ctx, os.Stdout, p.sweeper(), *how, *asJSON)
	})
}

// retention: a device that was not seen for longer than its tokens live, and
// their grants are remembered, has none.
func (p *parts) retention() store.Retention {
	kept := p.cfg.GrantRetention
	return store.Retention{Grants: kept, Devices: max(p.cfg.AccessLifetime, p.cfg.RefreshLifetime) + kept, Events: p.cfg.EventRetention, Usage: p.cfg.UsageRetention}
}

// sweeper deletes what has expired.
func (p *parts) sweeper() *retention.Sweeper {
	keep := p.retention()
	return retention.New(retention.Options{
		DB: p.db, Now: now, Logger: p.log, Interval: p.cfg.SweepInterval, Registerer: p.metrics,
		Apart: sealedEvents{p.events, keep.Events},
		Rules: func(at time.Time) []database.Expiry { return p.store.Expiries(at, keep) },
	})
}

// sealedEvents are the security events of the chain, which end with its beginning. What
// is not sealed goes with the other rows.
type sealedEvents struct {
	events *event.Recorder
	kept   time.Duration
}

// SweepApart implements retention.Apart.
func (s sealedEvents) SweepApart(ctx context.Context, at time.Time, gone func(table string, n int64)) error {
	return s.events.Sweep(ctx, at.Add(-s.kept), func(n int64) { gone("events", n) })
}

// ExpiredApart implements retention.Apart.
func (s sealedEvents) ExpiredApart(ctx context.Context, at time.Time) (map[string]int64, error) {
	n, err := s.events.Expired(ctx, at.Add(-s.kept))
	return map[string]int64{"events": n}, err
}
