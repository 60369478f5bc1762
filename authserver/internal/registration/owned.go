package registration

import (
	"context"
	"strings"

	"latchkey/authserver"
	"latchkey/pkg/fault"
)

// MaxOwned is how many clients one person may register.
const MaxOwned = 50

var errNotOwned = fault.New(fault.NotFound, "You have not registered such an application.")

// CreateOwned is Create by a person, who may register MaxOwned clients and no
// resource server. Errors: fault.Conflict (there are that many already), fault.NotFound
// (the person is not active any more).
func (s *Service) CreateOwned(ctx context.Context, r Request) (Made, error) {
	r.ID, r.Secret, r.ResourceServer = "", "", false
	var made Made
	err := s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.HoldUser(ctx, r.OwnerID); err != nil {
			return err
		}
		n, err := s.Store.CountClients(ctx, r.OwnerID)
		if err == nil && n >= MaxOwned {
			err = fault.New(fault.Conflict, "You have registered 50 applications already. Delete one first.")
		}
		if err == nil {
			made.Client, made.Secret, err = s.Create(ctx, r)
		}
		return err
	})
	return made, err
}

// Owned returns the client with id if ownerID has registered it.
// fault.NotFound: it is somebody else's, or there is none.
func (s *Service) Owned(ctx context.Context, ownerID, id string) (*authserver.Client, error) {
	if len(id) > maxID || strings.ContainsFunc(id, unusual) {
		return nil, errNotOwned
	}
	c, err := s.Store.FindClient(ctx, id)
	if fault.Is(err, fault.NotFound) || err == nil && (ownerID == "" || c.OwnerID != ownerID) {
		return nil, errNotOwned
	}
	return c, err
}

// ListOwned returns what ownerID has registered, oldest first.
func (s *Service) ListOwned(ctx context.Context, ownerID string) ([]*authserver.Client, error) {
	if ownerID == "" {
		return nil, errNotOwned
	}
	return s.Store.ListClients(ctx, ownerID)
}

// Change gives a client another name, other redirect URIs and scopes; whether
// it has a secret stays as it was registered. What was issued goes on: a scope
// that is taken away can no longer be asked for. fault.Invalid lists every
// broken rule. fault.Conflict: somebody else has changed it since c was read, or since
// r.Seen was shown.
func (s *Service) Change(ctx context.Context, c *authserver.Client, r Request) (*authserver.Client, error) {
	checked, err := s.build(Request{
		ID: c.ID, Name: r.Name, RedirectURIs: r.RedirectURIs, AuthMethod: c.AuthMethod, Scopes: r.Scopes,
		ResourceServer: c.ResourceServer, OwnerID: c.OwnerID, RefreshOverlap: r.RefreshOverlap,
		LocalhostPorts: r.LocalhostPorts, PushedOnly: r.PushedOnly, DeviceGrant: r.DeviceGrant,
	})
	if err != nil {
		return nil, err
	}
	if r.Seen != "" && r.Seen != EditVersion(c) {
		return nil, errEdited
	}
	next := *c
	next.Name, next.RedirectURIs, next.Scopes = checked.Name, checked.RedirectURIs, checked.Scopes
	next.RefreshOverlap = checked.RefreshOverlap
	next.LocalhostPorts, next.PushedOnly, next.DeviceGrant = checked.LocalhostPorts, checked.PushedOnly, checked.DeviceGrant
	err = s.keep(ctx, authserver.EventClientChanged, c, func(ctx context.Context) error {
		ok, err := s.Store.ReplaceClient(ctx, c, &next)
		if err != nil || ok {
			return err
		}
		if _, err = s.Store.FindClient(ctx, c.ID); err == nil {
			err = errEdited
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &next, nil
}
