package cache

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// trip is the commands of one caller.
type trip struct {
	ctx      context.Context //nolint:containedctx // of the request it belongs to, for as long as that waits
	commands []redis.Cmder
}

// Send runs the commands, one after the other, in a round trip that they share
// with those of others who come while another is under way. Each command has its
// own error afterwards. The client's timeouts bound the trip; the end of ctx does
// not matter, for the commands may be under way, and to watch for it would cost
// every request a timer.
func (r *Redis) Send(ctx context.Context, commands ...redis.Cmder) {
	t := &trip{context.WithoutCancel(ctx), commands}
	if r.breaker.tripped() { // nobody waits behind the one who tries whether Redis is back
		r.carry([]*trip{t})
		return
	}
	err := r.trips.Do(t)
	for _, c := range commands {
		if err != nil && c.Err() == nil {
			c.SetErr(err)
		}
	}
}

func (r *Redis) carry(trips []*trip) {
	ctx := trips[0].ctx
	if len(trips) == 1 && len(trips[0].commands) == 1 {
		_ = r.client.Process(ctx, trips[0].commands[0]) // the command has its error
		return
	}
	pipe := r.client.Pipeline()
	for _, t := range trips {
		for _, c := range t.commands {
			_ = pipe.Process(ctx, c) // only queues
		}
	}
	_, _ = pipe.Exec(ctx) // each command has its own error
}
