package sso

import (
	"context"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

// LinkHere is LinkApp at a browser, which is then signed in. It returns the
// cookie, and where the person was going.
func (s *Service) LinkHere(ctx context.Context, code secret.Token, c Credentials, v account.Visitor, replaced secret.Token) (secret.Token, string, error) {
	n, err := s.unlinked(ctx, Proof{Code: code.Reveal()}, false)
	if err != nil {
		return secret.Token{}, "", err
	}
	u, err := s.owner(ctx, n, c, v)
	if err != nil {
		return secret.Token{}, "", err
	}
	var cookie secret.Token
	err = s.adopt(ctx, n, u, func(ctx context.Context) (err error) {
		cookie, err = s.deps.People.SignInChecked(ctx, u, v, replaced)
		return err
	})
	return cookie, n.ReturnTo, err
}

// CreateHere is CreateApp at a browser, which is then signed in. Somebody with an
// invitation must have chosen a family. Errors: fault.Invalid (they have not), and
// as CreateApp.
func (s *Service) CreateHere(ctx context.Context, code secret.Token, names Names, into Family, v account.Visitor, replaced secret.Token) (secret.Token, string, error) {
	n, err := s.unlinked(ctx, Proof{Code: code.Reveal()}, false)
	if err != nil {
		return secret.Token{}, "", err
	}
	var cookie secret.Token
	_, err = s.create(ctx, n, names, into, v, func(ctx context.Context, u *authserver.User) (err error) {
		cookie, err = s.deps.People.SignInChecked(ctx, u, v, replaced)
		return err
	})
	return cookie, n.ReturnTo, err
}

// Identities lists the accounts a user is connected with.
func (s *Service) Identities(ctx context.Context, userID string) ([]authserver.Identity, error) {
	return s.deps.Store.ListIdentities(ctx, userID)
}

var errNoIdentity = fault.New(fault.NotFound, "There is no such connected account.")

// Disconnect takes a connection of a user back. Asking for the password again is
// the caller's part. Errors: fault.NotFound, fault.Conflict (the user could not
// sign in any more).
func (s *Service) Disconnect(ctx context.Context, userID, id string) error {
	if !authserver.ValidID(id) {
		return errNoIdentity
	}
	return s.deps.Store.InTx(ctx, func(ctx context.Context) error {
		// Held, so that two last ways in are not given up at the same time.
		if err := s.deps.Store.HoldUser(ctx, userID); err != nil {
			return err
		}
		ok, err := s.deps.Store.DeleteIdentity(ctx, userID, id)
		if err != nil {
			return err
		}
		if !ok {
			return errNoIdentity
		}
		left, err := s.deps.Store.WaysIn(ctx, userID)
		if err == nil && left == 0 {
			err = fault.New(fault.Conflict, "This is your only way to sign in. Set a password or add a passkey first.")
		}
		if err != nil {
			return err
		}
		return s.deps.Events.Record(ctx, authserver.Event{Kind: authserver.EventIdentityUnlinked, UserID: userID, SubjectID: id})
	})
}

// AllIdentities lists every known account, for the operator.
func (s *Service) AllIdentities(ctx context.Context) ([]authserver.Identity, error) {
	return s.deps.Store.AllIdentities(ctx)
}

// Block makes an account at a provider worthless here, for the operator: it signs
// nobody in and can be connected with nobody. fault.NotFound: there is none.
func (s *Service) Block(ctx context.Context, id string) error {
	return s.operate(ctx, id, authserver.EventIdentityBlocked, func(ctx context.Context) (bool, error) { return s.deps.Store.BlockIdentity(ctx, id, s.now()) })
}

// Unblock takes Block back. fault.NotFound: there is none that is blocked.
func (s *Service) Unblock(ctx context.Context, id string) error {
	return s.operate(ctx, id, authserver.EventIdentityUnblocked, func(ctx context.Context) (bool, error) { return s.deps.Store.UnblockIdentity(ctx, id) })
}

func (s *Service) operate(ctx context.Context, id, kind string, change func(ctx context.Context) (bool, error)) error {
	if !authserver.ValidID(id) {
		return errNoIdentity
	}
	return s.deps.Store.InTx(ctx, func(ctx context.Context) error {
		ok, err := change(ctx)
		if err == nil && !ok {
			return errNoIdentity
		}
		if err != nil {
			return err
		}
		return s.deps.Events.Record(ctx, authserver.Event{Kind: kind, SubjectID: id})
	})
}
