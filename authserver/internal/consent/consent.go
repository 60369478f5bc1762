// Package consent is what people have allowed applications: seeing it, taking it
// back, and when it was last used. Giving consent belongs to package grant.
package consent

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/authserver/internal/event"
	"latchkey/authserver/internal/grant"
	"latchkey/pkg/fault"
)

// Store keeps consents and grants.
type Store interface {
	InTx(ctx context.Context, fn func(ctx context.Context) error) error
	ListApplications(ctx context.Context, userID string, now time.Time) ([]authserver.Application, error)
	DeleteConsent(ctx context.Context, userID, clientID string) (existed bool, err error)
	ListGrants(ctx context.Context, userID string) ([]authserver.Grant, error)
}

// Service shows consents and takes them back.
type Service struct {
	Store  Store
	Grants *grant.Service
	Events *event.Recorder
	Now    func() time.Time
}

// ErrNone is returned for an application the person has not allowed.
var ErrNone = fault.New(fault.NotFound, "You have not allowed this application.")

// List returns what a user has allowed, last used first.
func (s *Service) List(ctx context.Context, userID string) ([]authserver.Application, error) {
	return s.Store.ListApplications(ctx, userID, s.Now())
}

// ListGrants returns every grant of a user that got tokens and is still remembered,
// newest first.
func (s *Service) ListGrants(ctx context.Context, userID string) ([]authserver.Grant, error) {
	return s.Store.ListGrants(ctx, userID)
}

// Installations returns the live grants of an application, newest first: each is one
// place where the person let it in.
func (s *Service) Installations(ctx context.Context, userID, clientID string) ([]authserver.Grant, error) {
	all, err := s.ListGrants(ctx, userID)
	if err != nil {
		return nil, err
	}
	now := s.Now()
	return slices.DeleteFunc(all, func(g authserver.Grant) bool {
		return g.ClientID != clientID || g.EndedAt != nil || g.EndsAt != nil && !now.Before(*g.EndsAt)
	}), nil
}

// Ended returns the last grant of each application that had access and is not among what
// the user still allows, the last ended first, as long as it is remembered.
func (s *Service) Ended(ctx context.Context, userID string, allowed []authserver.Application) ([]authserver.Grant, error) {
	all, err := s.ListGrants(ctx, userID)
	if err != nil {
		return nil, err
	}
	last := map[string]authserver.Grant{}
	for _, g := range all {
		known := slices.ContainsFunc(allowed, func(a authserver.Application) bool { return a.Client.ID == g.ClientID })
		if known || g.ClientID == authserver.FirstPartyClientID || g.EndedAt == nil {
			continue
		}
		if before, ok := last[g.ClientID]; !ok || g.EndedAt.After(*before.EndedAt) {
			last[g.ClientID] = g
		}
	}
	return slices.SortedFunc(maps.Values(last), func(a, b authserver.Grant) int {
		return cmp.Or(b.EndedAt.Compare(*a.EndedAt), cmp.Compare(a.ClientID, b.ClientID))
	}), nil
}

// EndInstallation ends one grant of an application. The consent stays, and so do the
// other grants. A grant that is not the user's, or has ended, changes nothing.
func (s *Service) EndInstallation(ctx context.Context, userID, clientID, grantID string) error {
	if uuid.Validate(grantID) != nil || clientID == "" {
		return ErrNone
	}
	return s.Grants.End(ctx, authserver.GrantFilter{ID: grantID, UserID: userID, ClientID: clientID}, authserver.EndRevoked)
}

// Find returns one application the user has allowed, or ErrNone.
func (s *Service) Find(ctx context.Context, userID, clientID string) (*authserver.Application, error) {
	all, err := s.List(ctx, userID)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].Client.ID == clientID {
			return &all[i], nil
		}
	}
	return nil, ErrNone
}

// Revoke forgets a consent and ends every grant that came of it, everywhere.
// ErrNone: there is none.
func (s *Service) Revoke(ctx context.Context, userID, clientID string) error {
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		existed, err := s.Store.DeleteConsent(ctx, userID, clientID)
		if err != nil {
			return err
		}
		if !existed {
			return ErrNone
		}
		err = s.Events.Record(ctx, authserver.Event{Kind: authserver.EventConsentRevoked, UserID: userID, ClientID: clientID})
		if err != nil {
			return err
		}
		return s.Grants.End(ctx, authserver.GrantFilter{UserID: userID, ClientID: clientID}, authserver.EndConsentRevoked)
	})
}
