package account

import (
	"context"
	"sync"

	"latchkey/authserver"
)

// DeliverDue sends the emails that are due, once.
func (r *Recovery) DeliverDue(ctx context.Context) {
	var busy sync.WaitGroup
	r.People.emptyOutbox(ctx, courier{authserver.OutboxEmail, r.deliver, emailHands, false}, make(chan struct{}, emailHands), &busy)
	busy.Wait()
}
