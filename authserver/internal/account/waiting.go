package account

import (
	"context"
	"time"
)

// PendingRequest is a request that waits for a person, and takes one of Most places for Life.
type PendingRequest struct {
	Kind     string
	ClientID string
	Most     int
	Life     time.Duration

	// Proven says that the client has proved itself by a secret, and that an operator
	// registered it: what comes from its one address is of all the people who use it.
	Proven bool
}

// Of the places for what waits one client address may take a twentieth, and one client
// half: nobody alone keeps everybody else from waiting.
const (
	addressShare = 20
	clientShare  = 2
)

// Waiting counts one request that waits for a person, from a client address.
// fault.RateLimited: it is one too many of that address, or of its client.
// fault.Unavailable: nobody could say.
func (s *Service) Waiting(ctx context.Context, address string, w PendingRequest) error {
	if !w.Proven {
		if err := s.take(ctx, w.Kind, address, []Limit{{Max: w.Most / addressShare, Window: w.Life}}); err != nil {
			return err
		}
	}
	return s.take(ctx, w.Kind+"-client", w.ClientID, []Limit{{Max: w.Most / clientShare, Window: w.Life}})
}
