package account

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"latchkey/authserver"
)

// Messenger delivers a message of the outbox to another service. Delivering one
// twice must do no harm.
type Messenger interface {
	EraseFamily(ctx context.Context, familyID string) error
}

const (
	errandEvery    = time.Second      // how often the outbox is looked at
	errandLease    = 2 * time.Minute  // a replica that takes longer has died
	errandTimeout  = 30 * time.Second // of one delivery
	errandMaxDelay = 10 * time.Minute
)

// RunErrands delivers the messages of the outbox until ctx ends: at least once each,
// by one replica at a time, with growing pauses after failures.
func (s *Service) RunErrands(ctx context.Context, m Messenger) {
	tick := time.NewTicker(errandEvery)
	defer tick.Stop()
	for {
		for ctx.Err() == nil {
			found, err := s.runErrand(ctx, m)
			if err != nil && ctx.Err() == nil {
				s.Logger.LogAttrs(ctx, slog.LevelError, "errand", slog.String("error", err.Error()))
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

// runErrand delivers the message that is due, if there is one.
func (s *Service) runErrand(ctx context.Context, m Messenger) (found bool, err error) {
	now := s.now()
	e, err := s.Store.ClaimErrand(ctx, now, now.Add(errandLease))
	if err != nil || e == nil {
		return false, err
	}
	bounded, cancel := context.WithTimeout(ctx, errandTimeout)
	defer cancel()
	if err := s.deliver(bounded, m, e); err != nil {
		s.Logger.LogAttrs(ctx, slog.LevelWarn, "errand failed", slog.String("errand_id", e.ID), slog.String("kind", e.Kind),
			slog.Int("attempts", e.Attempts), slog.String("error", err.Error()))
		// Even when ctx has just ended, the next try should not wait for the lease.
		return true, s.Store.PostponeErrand(context.WithoutCancel(ctx), e.ID, s.now().Add(errandDelay(e.Attempts)))
	}
	return true, s.Store.FinishErrand(context.WithoutCancel(ctx), e.ID)
}

func (s *Service) deliver(ctx context.Context, m Messenger, e *authserver.Errand) error {
	if e.Kind == authserver.ErrandEraseFamily {
		return m.EraseFamily(ctx, e.Subject)
	}
	return errors.New("account: unknown kind of errand: " + e.Kind)
}

// errandDelay is one second after the first failure, doubling up to a limit.
func errandDelay(attempts int) time.Duration {
	if attempts > 10 {
		return errandMaxDelay
	}
	return min(errandMaxDelay, time.Second<<max(0, attempts-1))
}
