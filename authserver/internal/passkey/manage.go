package passkey

import (
	"context"
	"strings"

	"latchkey/authserver"
	"latchkey/pkg/fault"
)

var (
	errMissing = fault.New(fault.NotFound, "There is no such passkey.")
	errRenamed = fault.New(fault.Conflict, "This passkey was renamed in the meantime. Saving again replaces that name with yours.")
)

// List returns the passkeys of a user, the oldest first.
func (s *Service) List(ctx context.Context, userID string) ([]authserver.Passkey, error) {
	return s.deps.Store.ListPasskeys(ctx, userID)
}

// Find returns one passkey of a user. fault.NotFound: there is none.
func (s *Service) Find(ctx context.Context, userID, id string) (*authserver.Passkey, error) {
	keys, err := s.deps.Store.ListPasskeys(ctx, userID)
	if err != nil {
		return nil, err
	}
	for i := range keys {
		if keys[i].ID == id {
			return &keys[i], nil
		}
	}
	return nil, errMissing
}

// Rename gives a passkey of the user another name. seen is the name that the form showed;
// "": whatever it is now. Errors: fault.Invalid, fault.NotFound, fault.Conflict (it has
// another name).
func (s *Service) Rename(ctx context.Context, userID, id, seen, name string) error {
	if !authserver.ValidID(id) {
		return errMissing
	}
	name = strings.TrimSpace(name)
	if broken := authserver.CheckPasskeyName(name); len(broken) > 0 {
		return invalid(broken)
	}
	ok, err := s.deps.Store.RenamePasskey(ctx, userID, id, seen, name)
	if err != nil || ok {
		return err
	}
	if _, err := s.Find(ctx, userID, id); err != nil {
		return err
	}
	return errRenamed
}

// Remove forgets a passkey of the user. Errors: fault.NotFound; fault.Conflict:
// the user would have no way in any more.
func (s *Service) Remove(ctx context.Context, userID, id string) error {
	if !authserver.ValidID(id) {
		return errMissing
	}
	return s.deps.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.deps.Store.HoldUser(ctx, userID); err != nil {
			return err
		}
		ok, err := s.deps.Store.DeletePasskey(ctx, userID, id)
		if err != nil {
			return err
		}
		if !ok {
			return errMissing
		}
		left, err := s.deps.Store.WaysIn(ctx, userID)
		if err == nil && left == 0 {
			err = fault.New(fault.Conflict, "This passkey is your only way to sign in. Set a password or add another passkey first.")
		}
		if err != nil {
			return err
		}
		return s.deps.Events.Record(ctx, authserver.Event{Kind: authserver.EventPasskeyRemoved, UserID: userID, SubjectID: id})
	})
}
