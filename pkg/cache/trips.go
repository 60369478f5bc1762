package cache

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// trip is the commands of one caller.
type trip struct {
	ctx      context.Context //nolint:containedctx // of the request it belongs to, for as long as that waits
	commands []redis.Cmder

	name  any // not nil: a command that callers of one name share
	build func(callers int) redis.Cmder
	place int
}

// Send runs the commands, one after the other, in a round trip that they share
// with those of others who come while another is under way. Each command has its
// own error afterwards. The client's timeouts bound the trip; the end of ctx does
// not matter, for the commands may be under way, and to watch for it would cost
// every request a timer.
func (r *Redis) Send(ctx context.Context, commands ...redis.Cmder) {
	r.send(&trip{ctx: ctx, commands: commands})
}

// SendShared is Send for callers who want the same at the same time: all those of
// one name share a command that build makes for their number. It returns the
// command and the caller's place among them, from 0. A name must say all that
// build makes of a command but the number.
func (r *Redis) SendShared(ctx context.Context, name any, build func(callers int) redis.Cmder) (shared redis.Cmder, place int) {
	t := &trip{ctx: ctx, name: name, build: build}
	r.send(t)
	return t.commands[0], t.place
}

func (r *Redis) send(t *trip) {
	t.ctx = context.WithoutCancel(t.ctx)
	if r.breaker.tripped() { // nobody waits behind the one who tries whether Redis is back
		r.carry([]*trip{t})
		return
	}
	err := r.trips.Do(t)
	if err != nil && t.commands == nil {
		t.commands = []redis.Cmder{t.build(1)}
	}
	for _, c := range t.commands {
		if err != nil && c.Err() == nil {
			c.SetErr(err)
		}
	}
}

// share builds the shared commands, and returns the trips without those that
// share the command of another.
func share(trips []*trip) (own []*trip) {
	if t := trips[0]; len(trips) == 1 {
		if t.name != nil {
			t.commands = []redis.Cmder{t.build(1)}
		}
		return trips
	}
	sharing := map[any][]*trip{}
	for _, t := range trips {
		if t.name == nil {
			own = append(own, t)
			continue
		}
		t.place = len(sharing[t.name])
		sharing[t.name] = append(sharing[t.name], t)
	}
	for _, alike := range sharing {
		commands := []redis.Cmder{alike[0].build(len(alike))}
		for _, t := range alike {
			t.commands = commands
		}
		own = append(own, alike[0])
	}
	return own
}

func (r *Redis) carry(trips []*trip) {
	trips = share(trips)
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
