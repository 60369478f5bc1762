package operator

import (
	"context"
	"strconv"
	"strings"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/event"
	"latchkey/authserver/internal/registration"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

// VerifyClient says that by has checked who stands behind a client as seen, or takes that
// back. Errors: those of registration.Service.Verify.
func (s *Service) VerifyClient(ctx context.Context, by *authserver.User, id, seen string, on bool) error {
	return s.deps.Clients.Verify(event.WithActor(ctx, by.ID), id, seen, on)
}

// SwitchClient turns a client off, or on again. Errors: those of
// registration.Service.Switch.
func (s *Service) SwitchClient(ctx context.Context, by *authserver.User, id string, on bool) error {
	return s.deps.Clients.Switch(event.WithActor(ctx, by.ID), id, on)
}

// Editable reports whether operators may change a client here: nobody else's document
// says what it is, and it is no part of the deployment.
func Editable(c *authserver.Client) bool {
	return c.Introduced == "" && !c.FirstParty && !c.ResourceServer
}

// ChangeClient gives anybody's client another name, other redirect URIs or scopes.
// fault.Invalid lists every broken rule; fault.Forbidden: it describes itself;
// fault.Conflict: somebody else changed it meanwhile.
func (s *Service) ChangeClient(ctx context.Context, by *authserver.User, c *authserver.Client, r registration.Request) error {
	if !Editable(c) {
		return fault.New(fault.Forbidden, "You can't change this application here: it describes itself, or belongs to this installation.")
	}
	_, err := s.deps.Clients.Change(event.WithActor(ctx, by.ID), c, r)
	return err
}

// RotateClient gives anybody's confidential client a new secret; the old one is accepted
// for overlap longer. Errors: those of registration.Service.RotateSecret.
func (s *Service) RotateClient(ctx context.Context, by *authserver.User, id string, overlap time.Duration, seen string) (secret.Token, error) {
	return s.deps.Clients.RotateSecret(event.WithActor(ctx, by.ID), id, overlap, seen)
}

const maxTokenUses = 1000

var errUses = fault.New(fault.Invalid, "Enter a number of registrations from 1 to 1000.").WithCause(authserver.Violations{{
	Field: "uses", Rule: "uses.range", Message: "Enter a number of registrations from 1 to 1000.",
}})

// NewRegistrationToken makes an initial access token that is good for so many
// registrations and days. fault.Invalid: they are no numbers from 1 to 1000 and 365.
func (s *Service) NewRegistrationToken(ctx context.Context, by *authserver.User, note, uses, days string) (secret.Token, error) {
	n, err := strconv.Atoi(strings.TrimSpace(uses))
	if err != nil || n < 1 || n > maxTokenUses {
		return secret.Token{}, errUses
	}
	d, err := strconv.Atoi(strings.TrimSpace(days))
	if err != nil || d < 1 || d > maxInviteDays {
		return secret.Token{}, errDays
	}
	var text secret.Token
	err = s.handOut(ctx, by, func(ctx context.Context) (err error) {
		_, text, err = s.deps.Clients.NewToken(ctx, strings.TrimSpace(note), n, time.Duration(d)*24*time.Hour)
		return err
	})
	return text, err
}

// RevokeRegistrationToken ends one. fault.NotFound: there is none.
func (s *Service) RevokeRegistrationToken(ctx context.Context, by *authserver.User, id string) error {
	return s.deps.Clients.RevokeToken(event.WithActor(ctx, by.ID), id)
}
