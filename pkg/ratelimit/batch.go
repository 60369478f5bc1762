package ratelimit

import (
	"context"
	"sync"

	"github.com/redis/go-redis/v9"
)

// maxBatch bounds how many steps travel together.
const maxBatch = 128

// batcher sends the steps that are asked for while a round trip is under way
// together in the next one. A step that is asked for alone is sent alone, at
// once. Each step takes part in one round trip, and Redis runs them one after
// the other, as it does whichever way they come.
type batcher struct {
	client *redis.Client
	script *redis.Script

	mu      sync.Mutex
	busy    bool // a round trip is under way
	waiting []*step
}

// step is one run of the script.
type step struct {
	key    string
	args   []any
	answer []any
	err    error
	done   chan struct{}
}

// run takes one step. The script is loaded when Redis does not have it. The
// client's timeouts bound each trip; the end of ctx does not matter, for the
// step may be under way, and to watch for it would cost every request a timer.
func (b *batcher) run(ctx context.Context, key string, args ...any) ([]any, error) {
	ctx = context.WithoutCancel(ctx)
	s := &step{key: key, args: args}
	b.mu.Lock()
	if !b.busy {
		b.busy = true
		b.mu.Unlock()
		defer b.pass(ctx) // also after a panic: nobody else would let the others go
		b.alone(ctx, s)
		return s.answer, s.err
	}
	s.done = make(chan struct{})
	b.waiting = append(b.waiting, s)
	b.mu.Unlock()
	<-s.done
	return s.answer, s.err
}

// pass lets those who have come meanwhile travel.
func (b *batcher) pass(ctx context.Context) {
	b.mu.Lock()
	b.busy = len(b.waiting) > 0
	busy := b.busy
	b.mu.Unlock()
	if !busy {
		return
	}
	go func() {
		for batch := b.next(nil); len(batch) > 0; batch = b.next(batch) {
			b.together(ctx, batch)
		}
	}()
}

// next takes the batch that has gathered; none: nobody waits. The memory of the
// batch before is used again.
func (b *batcher) next(before []*step) []*step {
	clear(before)
	batch := before[:0]
	b.mu.Lock()
	defer b.mu.Unlock()
	n := min(len(b.waiting), maxBatch)
	batch = append(batch, b.waiting[:n]...)
	rest := copy(b.waiting, b.waiting[n:])
	clear(b.waiting[rest:])
	b.waiting = b.waiting[:rest]
	b.busy = n > 0
	return batch
}

func (b *batcher) alone(ctx context.Context, s *step) {
	s.answer, s.err = b.script.Run(ctx, b.client, []string{s.key}, s.args...).Slice()
}

func (b *batcher) together(ctx context.Context, batch []*step) {
	if len(batch) == 1 {
		b.alone(ctx, batch[0])
		close(batch[0].done)
		return
	}
	pipe := b.client.Pipeline()
	commands := make([]*redis.Cmd, len(batch))
	for i, s := range batch {
		commands[i] = b.script.EvalSha(ctx, pipe, []string{s.key}, s.args...)
	}
	_, _ = pipe.Exec(ctx) // each command has its own error
	for i, s := range batch {
		if s.answer, s.err = commands[i].Slice(); redis.HasErrorPrefix(s.err, "NOSCRIPT") {
			b.alone(ctx, s)
		}
		close(s.done)
	}
}
