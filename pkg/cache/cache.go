// Package cache is a small store of short-lived values, in this process or in
// Redis, behind one interface and one contract test.
//
// It also carries messages between replicas. Delivery is at most once: whoever
// listens must treat every (re)subscription as "you may have missed something".
// Nothing in a cache is the only copy of anything, except where a caller says
// so and accepts to lose it.
package cache

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// ErrUnavailable is returned when the engine could not be asked. Callers go on
// without the cache.
var ErrUnavailable = errors.New("cache: unavailable")

// Entry is one value to be written.
type Entry struct {
	Key   string
	Value []byte
	TTL   time.Duration // at least a millisecond
}

// Store keeps values until their time to live is over. Its methods are safe for
// concurrent use. Every error is, or wraps, ErrUnavailable or the context's.
type Store interface {
	// Get returns the value under key and whether there is one.
	Get(ctx context.Context, key string) (value []byte, found bool, err error)
	// SetNX writes value if key has none, and returns the value that stands
	// after the call: of concurrent writers one wins and all learn who.
	SetNX(ctx context.Context, key string, value []byte, ttl time.Duration) (standing []byte, err error)
	// Set writes value whatever stood there.
	Set(ctx context.Context, key string, value []byte, ttl time.Duration) error
	// SetAndPublish writes all entries and then publishes message on channel, in
	// one trip. A listener that gets the message finds the entries written.
	// Messages that come together may arrive as one, joined.
	SetAndPublish(ctx context.Context, entries []Entry, channel string, message []byte) error
	// Take returns the value under key and removes it: one caller gets it.
	Take(ctx context.Context, key string) (value []byte, found bool, err error)
	// Delete removes key; a missing key is no error.
	Delete(ctx context.Context, key string) error
	// Publish sends message to whoever listens on channel now.
	Publish(ctx context.Context, channel string, message []byte) error
	// Subscribe listens on channel until ctx ends. onReset runs when the
	// subscription begins, whenever it is lost and whenever it begins again:
	// messages may have been missed. The callbacks run one at a time, and must
	// not block. The error is ctx's.
	Subscribe(ctx context.Context, channel string, onMessage func(message []byte), onReset func()) error
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

// Open opens the store that url names: "" is in this process, redis:// and
// rediss:// (TLS) are Redis 7.0 or later. It does not connect: Ping does.
func Open(url string, opts Options) (Store, error) {
	if opts.Now == nil {
		return nil, errors.New("cache: Options.Now is required")
	}
	switch {
	case url == "":
		return NewMemory(opts), nil
	case strings.HasPrefix(url, "redis://"), strings.HasPrefix(url, "rediss://"):
		return OpenRedis(url, opts)
	}
	return nil, fmt.Errorf("cache: the URL must be empty or start with redis:// or rediss://")
}
