package grant

import (
	"context"
	"log/slog"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
)

// Approval is a user's yes to a client.
type Approval struct {
	Signin      *authserver.Signin
	ClientID    string
	Scopes      scope.Set
	RedirectURI string
	Challenge   string // S256, 43 characters
	Resource    string
	Consented   bool // just now; otherwise a remembered consent must cover it
}

// Approve makes a grant and its code. Errors: ErrNoParent; fault.RateLimited.
func (s *Service) Approve(ctx context.Context, a Approval) (secret.Token, error) {
	now, userID := s.now(), a.Signin.User.ID
	if err := s.codes.admit(userID, a.ClientID, now); err != nil {
		return secret.Token{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return secret.Token{}, err
	}
	code := secret.New(secret.Code)
	stored, err := s.store.InsertCode(ctx, Code{
		GrantID: id.String(), Digest: code.Digest(), UserID: userID, SigninID: a.Signin.ID, ClientID: a.ClientID,
		Scopes: a.Scopes, RedirectURI: a.RedirectURI, Challenge: a.Challenge, Resource: a.Resource,
		CreatedAt: now, ExpiresAt: now.Add(s.settings.CodeLifetime), Consented: a.Consented,
	})
	if err != nil {
		return secret.Token{}, err
	}
	if stored.Widened {
		s.log.LogAttrs(ctx, slog.LevelInfo, "consent given", slog.String("event", authserver.EventConsentGiven),
			slog.String("client_id", a.ClientID), slog.String("user_id", userID), slog.String("scope", a.Scopes.String()))
	}
	return code, s.keepFew(ctx, userID, a.ClientID, stored.Pending, s.settings.MaxCodes, true)
}

// keepFew ends the oldest grants of a user and client that are more than most.
// known is how many the birth saw beside itself: births at the same instant do
// not see each other, so the count is looked at again long before the limit, by
// a statement that sees what was committed meanwhile.
func (s *Service) keepFew(ctx context.Context, userID, clientID string, known, most int, pending bool) error {
	if known < most/2 {
		return nil
	}
	ended, err := s.store.EndOldest(ctx, userID, clientID, pending, most, s.now())
	s.announce(ctx, ended, authserver.EndLimit)
	return err
}
