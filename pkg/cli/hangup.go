package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// OnHangup calls fn for every SIGHUP, one at a time, until ctx ends. It returns once
// the signal no longer ends the process.
func OnHangup(ctx context.Context, fn func(ctx context.Context)) {
	signals := make(chan os.Signal, 1) // those that come together are one
	signal.Notify(signals, syscall.SIGHUP)
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-signals:
				fn(ctx)
			}
		}
	}()
}
