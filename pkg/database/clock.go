package database

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"
)

// Clock is a host's clock that goes by the database's. Replicas on hosts whose
// clocks differ, by more than Tolerance, agree on the time because they share a
// database: a code that one of them makes is not expired for another one.
type Clock struct {
	Host   func() time.Time
	Logger *slog.Logger // nil: slog's own

	ahead atomic.Int64 // nanoseconds that the database is ahead of the host
}

// Tolerance is by how much a host's clock may differ before it is corrected. It is
// more than a network's delays and less than anything lives that is issued.
const Tolerance = time.Second

// askEvery is how often the database is asked.
const askEvery = 10 * time.Second

// Now is the time.
func (c *Clock) Now() time.Time { return c.Host().Add(time.Duration(c.ahead.Load())) }

// Set asks the database what time it is. An answer that took long says too little;
// then, and on SQLite, the clock stays as it is.
func (c *Clock) Set(ctx context.Context, db *DB) error {
	asked := c.Host()
	at, known, err := db.Now(ctx)
	answered := c.Host()
	if err != nil || !known || answered.Sub(asked) > Tolerance {
		return err
	}
	ahead := at.Sub(asked.Add(answered.Sub(asked) / 2))
	if ahead.Abs() <= Tolerance {
		ahead = 0
	}
	if before := time.Duration(c.ahead.Swap(int64(ahead))); (ahead - before).Abs() > Tolerance {
		c.log().LogAttrs(ctx, slog.LevelWarn, "the clock of this host and that of the database differ: the database's counts",
			slog.String("database_ahead", ahead.Round(time.Millisecond).String()))
	}
	return nil
}

func (c *Clock) log() *slog.Logger {
	if c.Logger == nil {
		return slog.Default()
	}
	return c.Logger
}

// Run sets the clock again and again until ctx ends. While the database is away it
// stays as it is.
func (c *Clock) Run(ctx context.Context, db *DB) {
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			_ = c.Set(ctx, db) // what asks for more than the time says that the database is away
		}
	}
}
