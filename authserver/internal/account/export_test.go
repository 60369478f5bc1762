package account

import (
	"context"
	"sync"

	"latchkey/authserver"
)

// DeliverDue sends the letters that are due, once.
func (r *Recovery) DeliverDue(ctx context.Context) {
	var busy sync.WaitGroup
	r.People.emptyOutbox(ctx, courier{authserver.OutboxLetter, r.deliver, letterHands}, make(chan struct{}, letterHands), &busy)
	busy.Wait()
}
