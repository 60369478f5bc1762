package grant

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	stampEvery = time.Minute
	stampBatch = 500
	maxNoted   = 100_000 // grants; more within a minute are not noted
	stampTime  = 5 * time.Second
)

// uses remembers which grants were used, so that looking a token up stays one
// statement.
type uses struct {
	mu    sync.Mutex
	noted map[string]struct{}
}

func (u *uses) note(grantID string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.noted == nil {
		u.noted = map[string]struct{}{}
	}
	if len(u.noted) < maxNoted {
		u.noted[grantID] = struct{}{}
	}
}

func (u *uses) take() map[string]struct{} {
	u.mu.Lock()
	defer u.mu.Unlock()
	noted := u.noted
	u.noted = nil
	return noted
}

// RunUses writes down once a minute which grants were used, until ctx ends, and
// what is left then.
func (s *Service) RunUses(ctx context.Context) {
	tick := time.NewTicker(stampEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.FlushUses(ctx)
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), stampTime)
			s.FlushUses(last)
			cancel()
			return
		}
	}
}

// FlushUses writes down what was noted so far. What cannot be written is dropped:
// the next use is noted again.
func (s *Service) FlushUses(ctx context.Context) {
	noted := s.uses.take()
	batch := make([]string, 0, min(len(noted), stampBatch))
	write := func() {
		if len(batch) == 0 {
			return
		}
		if err := s.store.StampGrants(ctx, batch, s.now()); err != nil {
			s.log.WarnContext(ctx, "uses of grants were not written", slog.Any("error", err))
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
