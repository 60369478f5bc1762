package account

import (
	"context"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

// DeletionPath is where a link leads that shows how far the deletion of an account is; the
// token follows it.
const DeletionPath = "/deletion?token="

// deletionShown is how long that can be seen after the account could be restored.
const deletionShown = 30 * 24 * time.Hour

// deletionLink makes a link that shows how far the deletion of an account is, in the
// transaction that deletes it: nobody signs in to a deleted account.
func (s *Service) deletionLink(ctx context.Context, userID string) (secret.Token, error) {
	token := secret.New(secret.DeletionLink)
	return token, s.deps.Store.CreateDeletionLink(ctx, userID, token.Digest(), s.now().Add(s.deps.Settings.ErasureGrace+deletionShown))
}

// Deletion returns how far the deletion is that a link shows. ErrLinkGone: the link is
// expired or made up, or the account was restored.
func (s *Service) Deletion(ctx context.Context, text string) (*authserver.Deletion, error) {
	token, err := secret.Parse(secret.DeletionLink, text)
	if err != nil {
		return nil, ErrLinkGone
	}
	d, err := s.deps.Store.FindDeletion(ctx, token.Digest(), s.now())
	if fault.Is(err, fault.NotFound) {
		return nil, ErrLinkGone
	}
	return d, err
}
