package cache

import (
	"context"
	"errors"
	"strings"

	"github.com/redis/go-redis/v9"

	"latchkey/pkg/span"
)

// spans records the names of the commands that are sent, nothing else of them. What
// requests send together is recorded with the first of them.
type spans struct{}

func begin(ctx context.Context, cmds ...redis.Cmder) *span.Active {
	if !span.On() {
		return nil
	}
	names := make([]string, 0, 4)
	for _, c := range cmds[:min(len(cmds), cap(names))] {
		names = append(names, strings.ToUpper(c.Name()))
	}
	name := strings.Join(names, " ")
	return span.Start(ctx, name, span.Attr{Key: "db.system.name", Value: "redis"}, span.Attr{Key: "db.operation.name", Value: name})
}

func end(a *span.Active, err error) {
	if errors.Is(err, redis.Nil) {
		err = nil // there is no such key
	}
	a.End(err)
}

// DialHook implements redis.Hook.
func (spans) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessHook implements redis.Hook.
func (spans) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		a := begin(ctx, cmd)
		err := next(ctx, cmd)
		end(a, err)
		return err
	}
}

// ProcessPipelineHook implements redis.Hook.
func (spans) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		a := begin(ctx, cmds...)
		err := next(ctx, cmds)
		end(a, err)
		return err
	}
}
