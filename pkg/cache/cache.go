// Package cache is a small store of short-lived values, in this process or in
// Redis, behind one interface and one contract test.
//
// It also carries messages between replicas, each delivered at most once. Nothing
// in a cache is the only copy of anything, and no message may have to arrive.
package cache

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// ErrUnavailable is returned when the engine could not be asked. Callers go on
// without the cache.
var ErrUnavailable = errors.New("cache: unavailable")

// Store keeps values until their time to live is over. Its methods are safe for
// concurrent use. Every error is, or wraps, ErrUnavailable or the context's.
type Store interface {
	// Get returns the value under key and how long the store is going to keep it,
	// both in one trip. Left is 0 when there is none, and also when there is one
	// without an end: nothing here is written so.
	Get(ctx context.Context, key string) (value []byte, left time.Duration, err error)
	// Set writes value, whatever stood there, for ttl, at least a millisecond.
	Set(ctx context.Context, key string, value []byte, ttl time.Duration) error
	// DeleteAndPublish removes the values under keys and then publishes message on
	// channel, in one trip: a listener that gets the message finds them removed.
	// Messages that come together may arrive as one, joined.
	DeleteAndPublish(ctx context.Context, keys []string, channel string, message []byte) error
	// Subscribe hands messages on channel to onMessage, one at a time, until ctx
	// ends, whatever keeps arriving. What is published while a connection is lost
	// does not arrive. The error is ctx's.
	Subscribe(ctx context.Context, channel string, onMessage func(message []byte)) error
	// Ping checks that the engine answers.
	Ping(ctx context.Context) error
	// Close gives the engine back.
	Close() error
}

// Options tune Open.
type Options struct {
	Now        func() time.Time // required; drives expiry in process and the breaker of Redis
	Logger     *slog.Logger     // nil: slog.Default
	MaxEntries int              // in process; 0: 100,000
	PoolSize   int              // Redis connections; 0: 32
	Timeout    time.Duration    // one Redis command; 0: 250 ms
}

// Open opens the store that address names: "" is in this process, redis:// and
// rediss:// (TLS) are Redis 7.0 or later. It does not connect: Ping does. An
// address that CheckURL complains about is an error.
func Open(address string, opts Options) (Store, error) {
	if address == "" {
		if opts.Now == nil {
			return nil, errNow
		}
		return NewMemory(opts), nil
	}
	r, err := OpenRedis(address, opts)
	if err != nil {
		return nil, err // not r: a nil *Redis is no nil Store
	}
	return r, nil
}

var errNow = errors.New("cache: Options.Now is required")
