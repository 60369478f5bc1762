package registration

import (
	"context"
	"strings"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

var (
	errOwnClient   = fault.New(fault.Forbidden, "You can only do this from the command line.")
	errVouched     = fault.New(fault.Conflict, "An operator registered this application, so there is nothing to verify.")
	errAsItIs      = fault.New(fault.Conflict, "That is already the case.")
	errEdited      = fault.New(fault.Conflict, "The application was changed while you were editing it. Saving again replaces those changes with what you entered.")
	errOtherSecret = fault.New(fault.Conflict, "The secret was changed in the meantime. A secret you copied before may no longer work.")
	errOtherNow    = fault.New(fault.Conflict, "The application was changed in the meantime. Check it again.")
)

// EditVersion stands for a client as somebody sees it who verifies or edits it: for all that
// its forms show.
func EditVersion(c *authserver.Client) string {
	parts := []string{c.TermsToVerify(), c.Name, c.RefreshOverlap.String()}
	return secret.DigestOf(strings.Join(append(parts, c.RedirectURIs...), "\n")).String()
}

// ReviewVersion is EditVersion for who verifies a client, and sees its picture too.
func ReviewVersion(c *authserver.Client) string {
	return secret.DigestOf(EditVersion(c) + "\n" + c.Logo).String()
}

// SecretVersion stands for the secret of a client as somebody finds it who rotates it.
func SecretVersion(c *authserver.Client) string {
	return secret.DigestOf("seen " + c.SecretDigest.String()).String()
}

// Verify says that somebody has checked who stands behind a client as seen, its ReviewVersion,
// or that nobody has. fault.Conflict: an operator registered it, or it is so already,
// or it is another one now.
func (s *Service) Verify(ctx context.Context, id, seen string, on bool) error {
	c, err := s.Store.FindClient(ctx, id)
	switch {
	case err != nil:
		return err
	case c.Vouched():
		return errVouched
	case c.Verified() == on && !(on && c.LogoWaits()):
		return errAsItIs
	case on && seen != ReviewVersion(c):
		return errOtherNow
	}
	kind, terms, logo := authserver.EventClientUnverified, "", ""
	if on {
		kind, terms, logo = authserver.EventClientVerified, c.TermsToVerify(), c.Logo
	}
	return s.keep(ctx, kind, c, func(ctx context.Context) error {
		found, err := s.Store.VerifyClient(ctx, c.ID, terms, logo)
		if err == nil && !found {
			err = fault.New(fault.NotFound, "Client not found")
		}
		return err
	})
}

// Switch turns a client off, or on again. While it is off nothing of it works, and
// nothing of it is forgotten. It is apart from the owner's account: what is switched on
// while that is closed comes back with it. fault.Forbidden: the product's own apps, or a resource
// server. fault.Conflict: it is so already.
func (s *Service) Switch(ctx context.Context, id string, on bool) error {
	c, err := s.Store.FindClient(ctx, id)
	switch {
	case err != nil:
		return err
	case c.FirstParty || c.ResourceServer:
		return errOwnClient
	case c.Stopped() != on:
		return errAsItIs
	}
	if on {
		return s.keep(ctx, authserver.EventClientEnabled, c, func(ctx context.Context) error {
			_, err := s.Store.EnableClient(ctx, id)
			return err
		})
	}
	return s.keep(ctx, authserver.EventClientDisabled, c, func(ctx context.Context) error {
		return s.Store.DisableClient(ctx, id, s.Now())
	})
}
