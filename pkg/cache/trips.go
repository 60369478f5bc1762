package cache

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// trip is the commands of one caller.
type trip struct {
	ctx      context.Context //nolint:containedctx // of the request it belongs to, for as long as that waits
	commands []redis.Cmder

	shared  *Shared // nil: none; goes after all commands
	command redis.Cmder
	place   int
}

// Shared is a command that callers who come together send as one: Build makes it
// of the parts of all callers that give the same Name.
type Shared struct {
	Name  any
	Part  any // what this caller adds
	Build func(parts []any) redis.Cmder
}

// Send runs the commands, one after the other, in a round trip that they share
// with those of others who come while another is under way. Each command has its
// own error afterwards. The client's timeouts bound the trip. The end of ctx does
// not: the commands may be under way, and watching it would cost every request a
// timer.
func (r *Redis) Send(ctx context.Context, commands ...redis.Cmder) {
	r.send(&trip{ctx: ctx, commands: commands})
}

// SendShared is Send with a command at the end that callers share. It returns
// that command and the place of this caller's part in it.
func (r *Redis) SendShared(ctx context.Context, shared Shared, commands ...redis.Cmder) (command redis.Cmder, place int) {
	t := &trip{ctx: ctx, commands: commands, shared: &shared}
	r.send(t)
	return t.command, t.place
}

func (r *Redis) send(t *trip) {
	t.ctx = context.WithoutCancel(t.ctx)
	if r.breaker.tripped() { // a caller that tries whether Redis is back makes nobody else wait
		r.carry([]*trip{t})
		return
	}
	err := r.trips.Do(t)
	if err == nil {
		return
	}
	if t.shared != nil && t.command == nil {
		t.command = t.shared.Build([]any{t.shared.Part})
	}
	for _, c := range append(t.commands, t.command) {
		if c != nil && c.Err() == nil {
			c.SetErr(err)
		}
	}
}

// commandsOf are the commands of the trips, and after them the shared ones.
func commandsOf(trips []*trip) []redis.Cmder {
	if t := trips[0]; len(trips) == 1 && t.shared == nil {
		return t.commands
	}
	var commands []redis.Cmder
	sharing := map[any][]*trip{}
	for _, t := range trips {
		commands = append(commands, t.commands...)
		if t.shared != nil {
			t.place = len(sharing[t.shared.Name])
			sharing[t.shared.Name] = append(sharing[t.shared.Name], t)
		}
	}
	for _, alike := range sharing {
		parts := make([]any, len(alike))
		for i, t := range alike {
			parts[i] = t.shared.Part
		}
		command := alike[0].shared.Build(parts)
		for _, t := range alike {
			t.command = command
		}
		commands = append(commands, command)
	}
	return commands
}

func (r *Redis) carry(trips []*trip) {
	ctx, commands := trips[0].ctx, commandsOf(trips)
	if len(commands) == 1 {
		_ = r.Client().Process(ctx, commands[0]) // the command has its error
		return
	}
	pipe := r.Client().Pipeline()
	for _, c := range commands {
		_ = pipe.Process(ctx, c) // only queues
	}
	_, _ = pipe.Exec(ctx) // each command has its own error
}
