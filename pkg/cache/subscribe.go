package cache

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	pingEvery        = time.Second
	firstReconnect   = 50 * time.Millisecond
	slowestReconnect = time.Second
)

// Subscribe implements Store. A connection that is silent for a second is
// pinged, and given up when the second after that is silent too.
func (r *Redis) Subscribe(ctx context.Context, channel string, onMessage func([]byte)) error {
	wait := firstReconnect
	for ctx.Err() == nil {
		heard, err := r.listen(ctx, channel, onMessage)
		if heard && ctx.Err() == nil {
			wait = firstReconnect
			r.log.WarnContext(ctx, "subscription lost", "channel", channel, "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
		wait = min(2*wait, slowestReconnect)
	}
	return ctx.Err()
}

// listen returns when the connection is lost or ctx ends; heard tells whether
// there was a connection.
func (r *Redis) listen(ctx context.Context, channel string, onMessage func([]byte)) (heard bool, err error) {
	ps := r.Client().Subscribe(ctx, channel)
	defer func() { _ = ps.Close() }()                         // it is lost or no longer wanted
	defer context.AfterFunc(ctx, func() { _ = ps.Close() })() // ends a read under way
	pinged := false
	for ctx.Err() == nil { // messages may arrive faster than a read can fail
		got, err := ps.ReceiveTimeout(ctx, pingEvery)
		if err != nil {
			if errors.Is(err, errCluster) {
				r.becomeCluster()
			}
			if timeout, ok := err.(net.Error); !ok || !timeout.Timeout() || pinged { //nolint:errorlint // the driver hands the net error over unwrapped
				return heard, err
			}
			if err := ps.Ping(ctx); err != nil {
				return heard, err
			}
			pinged = true
			continue
		}
		pinged = false
		switch m := got.(type) {
		case *redis.Subscription:
			heard = true
		case *redis.Message:
			onMessage([]byte(m.Payload))
		}
	}
	return heard, ctx.Err()
}
