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
	return r.all(ctx, counts, func(c Count) step { return step{c, 1, "", c.Limit.Window} })
}

// Use implements Limiter.
func (r *Redis) Use(ctx context.Context, key string, l Limit, from string) (Result, error) {
	s := step{Count{key, l}, 1, from, max(l.Window, stampLife)}
	answer := r.send(ctx, s)
	return r.result(ctx, s, answer[0])
}

// Peek implements Limiter.
func (r *Redis) Peek(ctx context.Context, counts ...Count) ([]Result, error) {
	return r.all(ctx, counts, func(c Count) step { return step{c, 0, "", 0} })
}

// step is one run of the script.
type step struct {
	Count
	cost int // 0: look only
	from string
	keep time.Duration
}

func (r *Redis) all(ctx context.Context, counts []Count, of func(Count) step) ([]Result, error) {
	steps := make([]step, len(counts))
	for i, c := range counts {
		steps[i] = of(c)
	}
	answers, results := r.send(ctx, steps...), make([]Result, len(steps))
	for i, s := range steps {
		var err error
		if results[i], err = r.result(ctx, s, answers[i]); err != nil {
			return nil, err
		}
	}
	return results, nil
}

// result reads the answer to a step, or decides without Redis.
func (r *Redis) result(ctx context.Context, s step, answered *redis.Cmd) (Result, error) {
	answer, err := answered.Slice()
	if err == nil && len(answer) < 4 {
		err = errors.New("unexpected answer")
	}
	if err != nil {
		return r.without(ctx, fmt.Errorf("ratelimit: %w", err), s)
	}
	res := read(s.Limit, answer)
	if s.cost > 0 {
		r.local.learn(s.Key, s.Limit, res.Used)
		r.metrics.count(res)
		return res, nil
	}
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

// send takes the steps in one trip; each answer has its own error.
func (r *Redis) send(ctx context.Context, steps ...step) []*redis.Cmd {
	now := int64(0)
	if r.clock != nil {
		now = r.clock()
	}
	sent, commands := make([]*redis.Cmd, len(steps)), make([]redis.Cmder, len(steps))
	for i, s := range steps {
		sent[i] = redis.NewCmd(ctx, "evalsha", r.script.Hash(), 1, keyPrefix+s.Key,
			s.Limit.Window.Milliseconds(), max(s.Limit.Max, 0), s.Limit.grain().Milliseconds(), s.cost, s.keep.Milliseconds(), s.from, now)
		commands[i] = sent[i]
	}
	r.shared.Send(ctx, commands...)
	for i, c := range sent {
		if redis.HasErrorPrefix(c.Err(), "NOSCRIPT") {
			args := c.Args()[4:]
			sent[i] = r.script.Eval(ctx, r.shared.Client(), []string{keyPrefix + steps[i].Key}, args...)
		}
	}
	return sent
}

func read(l Limit, answer []any) Result {
	return result(l, number(answer, 0) == 1, number(answer, 1), number(answer, 3), time.Duration(number(answer, 2))*time.Millisecond)
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
	if s.cost > 0 {
		res = r.local.step(s.Key, s.Limit, s.from, s.keep)
	} else {
		res = r.local.peek(s.Key, s.Limit)
	}
	res.Degraded = true
	return res, nil
}
