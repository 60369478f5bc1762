package registration

import (
	"context"
	"time"

	"latchkey/pkg/fault"
)

// Ensure makes the client of r exist with the secret of r, which lets a
// deployment bring its resource server's credential along. A secret of before is
// accepted for overlap longer.
func (s *Service) Ensure(ctx context.Context, r Request, overlap time.Duration) error {
	c, err := s.Store.FindClient(ctx, r.ID)
	if fault.Is(err, fault.NotFound) {
		_, _, err = s.Create(ctx, r)
		if fault.Is(err, fault.Conflict) { // another replica was first
			return nil
		}
		return err
	}
	if err != nil {
		return err
	}
	given, err := chooseSecret(r.Secret)
	if err != nil || c.SecretDigest.Equal(given.Digest()) {
		return err
	}
	if overlap > 0 {
		c.PreviousSecretDigest, c.PreviousSecretUntil = c.SecretDigest, s.Now().Add(overlap)
	}
	c.SecretDigest = given.Digest()
	return s.Store.UpdateClient(ctx, c)
}
