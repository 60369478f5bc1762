package cache

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"
)

// gate asks the breaker before a command takes a connection. The option Limiter of
// go-redis does not serve: it asks for each handshake too, so that the one command
// that is let through to try would be refused its own connection.
type gate struct{ breaker *Breaker }

// admitted marks the context of a command, and so of the handshake it may need.
type admitted struct{}

// DialHook implements redis.Hook.
func (gate) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessHook implements redis.Hook.
func (g gate) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := g.pass(ctx, 1, func(ctx context.Context) error { return next(ctx, cmd) })
		if errors.Is(err, ErrUnavailable) {
			cmd.SetErr(err)
		}
		return err
	}
}

// ProcessPipelineHook implements redis.Hook.
func (g gate) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		err := g.pass(ctx, len(cmds), func(ctx context.Context) error { return next(ctx, cmds) })
		if errors.Is(err, ErrUnavailable) {
			for _, cmd := range cmds {
				cmd.SetErr(err)
			}
		}
		return err
	}
}

// pass lets n commands through in one trip, which succeed or fail together.
func (g gate) pass(ctx context.Context, n int, next func(context.Context) error) error {
	if ctx.Value(admitted{}) != nil {
		return next(ctx)
	}
	trial := g.breaker.tripped()
	if !g.breaker.Allow() {
		return ErrUnavailable
	}
	if trial {
		ctx = context.WithValue(ctx, admitted{}, true)
	}
	err := next(ctx)
	if errors.Is(err, context.Canceled) {
		return err // says nothing about Redis
	}
	var answer redis.Error // Redis answered, be it "no such key"
	if err == nil || errors.As(err, &answer) {
		g.breaker.Report(true)
		return err
	}
	for range n { // each would have failed on its own
		g.breaker.Report(false)
	}
	return err
}
