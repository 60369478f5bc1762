package ratelimit

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"latchkey/pkg/cache"
	"latchkey/pkg/fault"
)

//go:embed step.lua
var stepText string

const keyPrefix = "ratelimit:"

// Redis is a Limiter shared by all replicas. One script decides, counts and
// stamps, by the clock of Redis, in one round trip; requests that come together
// share it.
type Redis struct {
	shared  *cache.Redis
	script  *redis.Script
	local   *Memory
	policy  Policy
	log     *slog.Logger
	metrics *metrics
	quiet   atomic.Int64 // Unix nanoseconds until which degradation has been reported

	clock func() int64 // Unix milliseconds; nil: the clock of Redis. For tests
}

func newRedis(shared *cache.Redis, local *Memory, opts Options, m *metrics) *Redis {
	return &Redis{
		shared: shared, script: redis.NewScript(stepText), local: local,
		policy: opts.Policy, log: opts.Logger, metrics: m,
	}
}

// Allow implements Limiter.
func (r *Redis) Allow(ctx context.Context, key string, l Limit) (Result, error) {
	return r.step(ctx, key, l, "", l.Window)
}

// Use implements Limiter.
func (r *Redis) Use(ctx context.Context, key string, l Limit, from string) (Result, error) {
	return r.step(ctx, key, l, from, max(l.Window, stampLife))
}

func (r *Redis) step(ctx context.Context, key string, l Limit, from string, keep time.Duration) (Result, error) {
	answer, err := r.run(ctx, key, l, 1, from, keep)
	if err != nil {
		return r.without(ctx, err, func() Result { return r.local.step(key, l, from, keep) })
	}
	res := read(l, answer)
	r.local.learn(key, l, res.Used)
	r.metrics.count(res)
	return res, nil
}

// Peek implements Limiter.
func (r *Redis) Peek(ctx context.Context, key string, l Limit) (Result, error) {
	answer, err := r.run(ctx, key, l, 0, "", 0)
	if err != nil {
		return r.without(ctx, err, func() Result {
			res, _ := r.local.Peek(ctx, key, l) // never fails
			return res
		})
	}
	res := read(l, answer)
	if used := number(answer, 4); used > 0 {
		res.LastUsed = time.UnixMilli(used).UTC()
		res.LastFrom, _ = answer[5].(string)
	}
	return res, nil
}

// Forget implements Limiter.
func (r *Redis) Forget(ctx context.Context, key string) error {
	_ = r.local.Forget(ctx, key) // never fails
	if err := r.shared.Delete(ctx, keyPrefix+key); err != nil && r.policy == Refuse {
		return fault.Wrap(fault.Unavailable, err, "")
	}
	return nil
}

func (r *Redis) run(ctx context.Context, key string, l Limit, cost int, from string, keep time.Duration) ([]any, error) {
	now := int64(0)
	if r.clock != nil {
		now = r.clock()
	}
	args := []any{l.Window.Milliseconds(), max(l.Max, 0), l.grain().Milliseconds(), cost, keep.Milliseconds(), from, now}
	command := redis.NewCmd(ctx, append([]any{"evalsha", r.script.Hash(), 1, keyPrefix + key}, args...)...)
	r.shared.Send(ctx, command)
	if redis.HasErrorPrefix(command.Err(), "NOSCRIPT") {
		command = r.script.Eval(ctx, r.shared.Client(), []string{keyPrefix + key}, args...)
	}
	answer, err := command.Slice()
	if err != nil {
		return nil, fmt.Errorf("ratelimit: %w", err)
	}
	if len(answer) < 4 {
		return nil, errors.New("ratelimit: unexpected answer")
	}
	return answer, nil
}

func read(l Limit, answer []any) Result {
	return result(l, number(answer, 0) == 1, number(answer, 1), number(answer, 3), time.Duration(number(answer, 2))*time.Millisecond)
}

func number(answer []any, i int) int64 {
	n, _ := answer[i].(int64)
	return n
}

// without decides when Redis could not.
func (r *Redis) without(ctx context.Context, cause error, local func() Result) (Result, error) {
	r.metrics.degraded.Inc()
	now := r.local.now()
	if until := r.quiet.Load(); now.UnixNano() >= until && r.quiet.CompareAndSwap(until, now.Add(10*time.Second).UnixNano()) {
		r.log.LogAttrs(ctx, slog.LevelWarn, "Redis away: limits are not shared", slog.String("policy", string(r.policy)), slog.Any("error", cause))
	}
	if r.policy == Refuse {
		return Result{}, fault.Wrap(fault.Unavailable, cause, "The service is temporarily unavailable. Try again later.").
			WithRetryAfter(time.Second)
	}
	res := local()
	res.Degraded = true
	return res, nil
}
