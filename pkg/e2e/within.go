package e2e

import (
	"context"
	"time"
)

// revocationBound is how long a resource server may still honour what has been
// revoked.
const revocationBound = time.Second

// within repeats check until it succeeds; what it says once the revocation
// bound is over counts.
func within(ctx context.Context, check func() error) error {
	deadline := time.NewTimer(revocationBound)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		err := check()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline.C:
			return check()
		case <-tick.C:
		}
	}
}
