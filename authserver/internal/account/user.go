package account

import (
	"context"

	"latchkey/authserver"
)

// User returns the user with id. fault.NotFound: there is none.
func (s *Service) User(ctx context.Context, id string) (*authserver.User, error) {
	return s.deps.Store.FindUser(ctx, id)
}
