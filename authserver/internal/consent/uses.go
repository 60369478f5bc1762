package consent

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	stampEvery = time.Minute
	stampBatch = 500
	maxNoted   = 100_000 // chains; more within a minute are not noted
	stampTime  = 5 * time.Second
)

// Uses remembers which chains were asked about and writes it down once a minute,
// so that looking a token up stays one statement.
type Uses struct {
	Store  Store
	Logger *slog.Logger
	Now    func() time.Time
	Every  time.Duration // 0: a minute

	mu    sync.Mutex
	noted map[string]struct{}
}

// Note remembers that the chain's access token was asked about.
func (u *Uses) Note(chainID string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.noted == nil {
		u.noted = map[string]struct{}{}
	}
	if len(u.noted) < maxNoted {
		u.noted[chainID] = struct{}{}
	}
}

// Run writes down what was noted until ctx ends, and what is left then.
func (u *Uses) Run(ctx context.Context) {
	every := u.Every
	if every <= 0 {
		every = stampEvery
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			u.Flush(ctx)
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), stampTime)
			u.Flush(last)
			cancel()
			return
		}
	}
}

// Flush writes down what was noted so far. What cannot be written is dropped:
// the next use is noted again.
func (u *Uses) Flush(ctx context.Context) {
	u.mu.Lock()
	noted := u.noted
	u.noted = nil
	u.mu.Unlock()
	batch := make([]string, 0, min(len(noted), stampBatch))
	write := func() {
		if len(batch) == 0 {
			return
		}
		if err := u.Store.StampChains(ctx, batch, u.Now()); err != nil {
			u.Logger.WarnContext(ctx, "uses of chains were not written", slog.Any("error", err))
		}
		batch = batch[:0]
	}
	for id := range noted {
		if batch = append(batch, id); len(batch) == stampBatch {
			write()
		}
	}
	write()
}
