package operator

import (
	"context"

	"latchkey/authserver"
	"latchkey/authserver/internal/event"
)

// SetLogo makes a picture that by handed in the logo of anybody's client. Errors: those
// of registration.Service.SetLogo.
func (s *Service) SetLogo(ctx context.Context, by *authserver.User, c *authserver.Client, raw []byte) error {
	return s.deps.Clients.SetLogo(event.WithActor(ctx, by.ID), c, raw, true)
}

// FetchLogo fetches the picture that a client names. Errors: those of
// registration.Service.FetchLogo.
func (s *Service) FetchLogo(ctx context.Context, by *authserver.User, c *authserver.Client) error {
	return s.deps.Clients.FetchLogo(event.WithActor(ctx, by.ID), c)
}

// RemoveLogo forgets the picture of anybody's client.
func (s *Service) RemoveLogo(ctx context.Context, by *authserver.User, c *authserver.Client) error {
	return s.deps.Clients.RemoveLogo(event.WithActor(ctx, by.ID), c)
}
