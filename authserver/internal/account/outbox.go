package account

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/httpserver"
)

// Messenger delivers outbox messages to another service. Delivering one twice
// must do no harm.
type Messenger interface {
	EraseFamily(ctx context.Context, familyID string) error
}

const (
	outboxEvery    = time.Second      // how often the outbox is looked at
	outboxLease    = 2 * time.Minute  // a replica that takes longer has died
	outboxTimeout  = 30 * time.Second // of one delivery
	outboxMaxDelay = 10 * time.Minute
)

// How a message of the outbox fared.
const (
	DeliveryDone    = "done"
	DeliveryFailed  = "failed"   // it is tried again
	DeliveryGivenUp = "given_up" // an email that is worth nothing any more
)

// errGivenUp says that a message is not worth another try.
var errGivenUp = errors.New("given up")

// courier delivers the outbox messages of one kind.
type courier struct {
	kind    string
	deliver func(ctx context.Context, e *authserver.OutboxMessage) error
	hands   int  // messages under way at once
	keeps   bool // what was delivered is remembered, and how an attempt failed
}

// RunOutbox tells m of the families that are to be erased until ctx ends: at least
// once each, by one replica at a time, with growing pauses after failures.
func (s *Service) RunOutbox(ctx context.Context, m Messenger) {
	s.run(ctx, courier{authserver.OutboxEraseFamily, func(ctx context.Context, e *authserver.OutboxMessage) error {
		return m.EraseFamily(ctx, e.Subject)
	}, 1, true})
}

func (s *Service) run(ctx context.Context, c courier) {
	tick := time.NewTicker(outboxEvery)
	defer tick.Stop()
	free := make(chan struct{}, c.hands)
	var busy sync.WaitGroup
	defer busy.Wait()
	for {
		s.emptyOutbox(ctx, c, free, &busy)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// emptyOutbox takes up what is due, until there is nothing more.
func (s *Service) emptyOutbox(ctx context.Context, c courier, free chan struct{}, busy *sync.WaitGroup) {
	for {
		select {
		case <-ctx.Done():
			return
		case free <- struct{}{}:
		}
		now := s.now()
		e, err := s.deps.Store.ClaimOutboxMessage(ctx, c.kind, now, now.Add(outboxLease))
		if err != nil && ctx.Err() == nil {
			s.deps.Logger.LogAttrs(ctx, slog.LevelError, "outbox", slog.String("error", err.Error()))
		}
		if err != nil || e == nil {
			<-free
			return
		}
		busy.Go(func() {
			defer func() { <-free }()
			if err := s.attempt(ctx, c, e); err != nil {
				s.deps.Logger.LogAttrs(ctx, slog.LevelError, "outbox", slog.String("error", err.Error()))
			}
		})
	}
}

// attempt tries to deliver one message.
func (s *Service) attempt(ctx context.Context, c courier, e *authserver.OutboxMessage) error {
	ctx = httpserver.Begin(ctx)
	bounded, cancel := context.WithTimeout(ctx, outboxTimeout)
	defer cancel()
	err := s.deliver(bounded, c, e)
	if errors.Is(err, errGivenUp) {
		s.deps.Delivered(e.Kind, DeliveryGivenUp)
		return s.deps.Store.FinishOutboxMessage(context.WithoutCancel(ctx), e.ID)
	}
	if err != nil {
		s.deps.Delivered(e.Kind, DeliveryFailed)
		s.deps.Logger.LogAttrs(ctx, slog.LevelWarn, "an outbox message failed", slog.String("message_id", e.ID), slog.String("kind", e.Kind),
			slog.Int("attempts", e.Attempts), slog.String("error", err.Error()))
		// Even when ctx has just ended, the next try should not wait for the lease.
		return s.deps.Store.PostponeOutboxMessage(context.WithoutCancel(ctx), e.ID, s.now().Add(outboxDelay(e.Attempts)), c.failure(err))
	}
	s.deps.Delivered(e.Kind, DeliveryDone)
	s.deps.Logger.LogAttrs(ctx, slog.LevelInfo, "an outbox message was delivered", slog.String("message_id", e.ID), slog.String("kind", e.Kind),
		slog.Int("attempts", e.Attempts))
	if c.keeps {
		return s.deps.Store.KeepOutboxMessage(context.WithoutCancel(ctx), e.ID, s.now())
	}
	return s.deps.Store.FinishOutboxMessage(context.WithoutCancel(ctx), e.ID)
}

// deliver tries once. A message that panics would end one replica after the other.
func (s *Service) deliver(ctx context.Context, c courier, e *authserver.OutboxMessage) (err error) {
	defer fault.Recover(ctx, s.deps.Logger, "a delivery", func(panicked error) { err = panicked })
	return c.deliver(ctx, e)
}

// failure says how a delivery failed: nothing that an address or an answer may hold.
func (c *courier) failure(err error) string {
	var answered interface{ Status() int }
	var late interface{ Timeout() bool }
	switch {
	case !c.keeps:
		return ""
	case errors.As(err, &answered):
		return strconv.Itoa(answered.Status())
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &late) && late.Timeout():
		return authserver.FailureTimeout
	}
	return authserver.FailureUnreachable
}

// outboxDelay is one second after the first failure, doubling up to a limit.
func outboxDelay(attempts int) time.Duration {
	if attempts > 10 {
		return outboxMaxDelay
	}
	return min(outboxMaxDelay, time.Second<<max(0, attempts-1))
}
