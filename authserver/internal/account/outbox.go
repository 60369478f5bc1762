package account

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"latchkey/authserver"
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

// RunOutbox delivers what the outbox holds until ctx ends: at least once each,
// by one replica at a time, with growing pauses after failures.
func (s *Service) RunOutbox(ctx context.Context, m Messenger) {
	tick := time.NewTicker(outboxEvery)
	defer tick.Stop()
	for {
		for ctx.Err() == nil {
			found, err := s.deliverNext(ctx, m)
			if err != nil && ctx.Err() == nil {
				s.deps.Logger.LogAttrs(ctx, slog.LevelError, "outbox", slog.String("error", err.Error()))
			}
			if !found || err != nil {
				break
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// deliverNext delivers the message that is due, if there is one.
func (s *Service) deliverNext(ctx context.Context, m Messenger) (found bool, err error) {
	now := s.now()
	e, err := s.deps.Store.ClaimOutboxMessage(ctx, now, now.Add(outboxLease))
	if err != nil || e == nil {
		return false, err
	}
	ctx = httpserver.Begin(ctx)
	bounded, cancel := context.WithTimeout(ctx, outboxTimeout)
	defer cancel()
	if err := s.deliver(bounded, m, e); err != nil {
		s.deps.Logger.LogAttrs(ctx, slog.LevelWarn, "an outbox message failed", slog.String("message_id", e.ID), slog.String("kind", e.Kind),
			slog.Int("attempts", e.Attempts), slog.String("error", err.Error()))
		// Even when ctx has just ended, the next try should not wait for the lease.
		return true, s.deps.Store.PostponeOutboxMessage(context.WithoutCancel(ctx), e.ID, s.now().Add(outboxDelay(e.Attempts)))
	}
	s.deps.Logger.LogAttrs(ctx, slog.LevelInfo, "an outbox message was delivered", slog.String("message_id", e.ID), slog.String("kind", e.Kind),
		slog.Int("attempts", e.Attempts))
	return true, s.deps.Store.FinishOutboxMessage(context.WithoutCancel(ctx), e.ID)
}

func (s *Service) deliver(ctx context.Context, m Messenger, e *authserver.OutboxMessage) error {
	if e.Kind == authserver.OutboxEraseFamily {
		return m.EraseFamily(ctx, e.Subject)
	}
	return errors.New("account: unknown kind of outbox message: " + e.Kind)
}

// outboxDelay is one second after the first failure, doubling up to a limit.
func outboxDelay(attempts int) time.Duration {
	if attempts > 10 {
		return outboxMaxDelay
	}
	return min(outboxMaxDelay, time.Second<<max(0, attempts-1))
}
