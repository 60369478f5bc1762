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
func (r *Redis) Allow(ctx context.Context, counts ...Count) ([]Result, error) {
	return r.all(ctx, counts, func(c Count) step { return step{c, "", c.Limit.Window} })
}

// Peek implements Limiter.
func (r *Redis) Peek(ctx context.Context, counts ...Count) ([]Result, error) {
	return r.all(ctx, counts, func(c Count) step { return step{Count: c} })
}

// Use implements Limiter. Callers of one key who come together are counted
// together.
func (r *Redis) Use(ctx context.Context, key string, l Limit, from string) (Result, error) {
	s := step{Count{key, l}, from, max(l.Window, stampLife)}
	command, place := r.shared.SendShared(ctx, cache.Shared{
		Name: s, Build: func(callers []any) redis.Cmder { return r.command(ctx, s, len(callers)) },
	})
	answer := command.(*redis.Cmd) //nolint:forcetypeassert // made above
	if unknownScript(answer) {
		answer, place = r.whole(ctx, s), 0
	}
	return r.result(ctx, s, answer, place)
}

// step is one run of the script, of one request or of several that are alike.
type step struct {
	Count
	from string
	keep time.Duration // 0: look only
}

func (s step) looks() bool { return s.keep == 0 }

func (r *Redis) all(ctx context.Context, counts []Count, of func(Count) step) ([]Result, error) {
	sent, commands := make([]*redis.Cmd, len(counts)), make([]redis.Cmder, len(counts))
	for i, c := range counts {
		sent[i] = r.command(ctx, of(c), 1)
		commands[i] = sent[i]
	}
	r.shared.Send(ctx, commands...)
	results := make([]Result, len(counts))
	for i, c := range counts {
		if unknownScript(sent[i]) {
			sent[i] = r.whole(ctx, of(c))
		}
		var err error
		if results[i], err = r.result(ctx, of(c), sent[i], 0); err != nil {
			return nil, err
		}
	}
	return results, nil
}

func (r *Redis) args(s step, requests int) []any {
	now := int64(0)
	if r.clock != nil {
		now = r.clock()
	}
	if s.looks() {
		requests = 0
	}
	l := s.Limit
	return []any{l.Window.Milliseconds(), max(l.Max, 0), l.grain().Milliseconds(), requests, s.keep.Milliseconds(), s.from, now}
}

func (r *Redis) command(ctx context.Context, s step, requests int) *redis.Cmd {
	return redis.NewCmd(ctx, append([]any{"evalsha", r.script.Hash(), 1, keyPrefix + s.Key}, r.args(s, requests)...)...)
}

func unknownScript(c *redis.Cmd) bool { return redis.HasErrorPrefix(c.Err(), "NOSCRIPT") }

// whole runs the script for one request on a Redis that does not know it.
func (r *Redis) whole(ctx context.Context, s step) *redis.Cmd {
	return r.script.Eval(ctx, r.shared.Client(), []string{keyPrefix + s.Key}, r.args(s, 1)...)
}

// result reads the answer to the request at place, or decides without Redis.
func (r *Redis) result(ctx context.Context, s step, answered *redis.Cmd, place int) (Result, error) {
	answer, err := answered.Slice()
	if err == nil && len(answer) < 5 {
		err = errors.New("unexpected answer")
	}
	if err != nil {
		return r.without(ctx, fmt.Errorf("ratelimit: %w", err), s)
	}
	res := read(s.Limit, answer, int64(place))
	if !s.looks() {
		r.local.learn(s.Key, s.Limit, res.Used)
		r.metrics.count(res)
		return res, nil
	}
	if used := number(answer, 5); used > 0 {
		res.LastUsed = time.UnixMilli(used).UTC()
		res.LastFrom, _ = answer[6].(string)
	}
	return res, nil
}

// read is the result of the request at place: those before it were counted
// before it.
func read(l Limit, answer []any, place int64) Result {
	passed, used, hits, reset := number(answer, 0), number(answer, 1), number(answer, 2), number(answer, 3)
	if place >= passed {
		return result(l, false, used, hits, milliseconds(number(answer, 4)))
	}
	after := passed - 1 - place
	if !l.Unlimited() {
		used -= after
	}
	return result(l, true, used, hits-after, milliseconds(reset))
}

func milliseconds(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

// Forget implements Limiter.
func (r *Redis) Forget(ctx context.Context, key string) error {
	_ = r.local.Forget(ctx, key) // never fails
	if err := r.shared.Delete(ctx, keyPrefix+key); err != nil && r.policy == Refuse {
		return fault.Wrap(fault.Unavailable, err, "")
	}
	return nil
}

func number(answer []any, i int) int64 {
	n, _ := answer[i].(int64)
	return n
}

// without decides when Redis could not.
func (r *Redis) without(ctx context.Context, cause error, s step) (Result, error) {
	r.metrics.degraded.Inc()
	now := r.local.now()
	if until := r.quiet.Load(); now.UnixNano() >= until && r.quiet.CompareAndSwap(until, now.Add(10*time.Second).UnixNano()) {
		r.log.LogAttrs(ctx, slog.LevelWarn, "Redis away: limits are not shared", slog.String("policy", string(r.policy)), slog.Any("error", cause))
	}
	if r.policy == Refuse {
		return Result{}, fault.Wrap(fault.Unavailable, cause, "The service is temporarily unavailable. Try again later.").
			WithRetryAfter(time.Second)
	}
	var res Result
	if s.looks() {
		res = r.local.peek(s.Key, s.Limit)
	} else {
		res = r.local.step(s.Key, s.Limit, s.from, s.keep)
	}
	res.Degraded = true
	return res, nil
}
