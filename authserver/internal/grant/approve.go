package grant

import (
	"context"
	"log/slog"
	"time"

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
	Terms       string        // of the client as it was shown
	Device      secret.Digest // of the device code that stands in the place of a code (RFC 8628); zero: none
	Until       time.Time     // with Device: when that expires
	Consented   bool          // just now; otherwise a remembered consent must cover it
}

// What stands for redirect URI and challenge where a device code is the code: no
// request at the token endpoint can bring either.
const (
	deviceRedirect  = "urn:ietf:params:oauth:grant-type:device_code"
	deviceChallenge = "device"
)

// Approve makes a grant and its code, which is zero where a device waits for it. Errors: ErrNoParent; fault.RateLimited.
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
	digest, until := code.Digest(), now.Add(s.settings.CodeLifetime)
	if !a.Device.IsZero() {
		code, digest, until = secret.Token{}, a.Device, a.Until
		a.RedirectURI, a.Challenge = deviceRedirect, deviceChallenge
	}
	stored, err := s.insertCode(ctx, Code{
		GrantID: id.String(), Digest: digest, UserID: userID, SigninID: a.Signin.ID, ClientID: a.ClientID,
		Scopes: a.Scopes, RedirectURI: a.RedirectURI, Challenge: a.Challenge, Resource: a.Resource,
		CreatedAt: now, ExpiresAt: until, Consented: a.Consented, Terms: a.Terms,
		Count: enough(s.settings.MaxCodes),
	})
	if err != nil {
		return secret.Token{}, err
	}
	s.keepFew(ctx, userID, a.ClientID, stored.Pending, s.settings.MaxCodes, true)
	return code, nil
}

// insertCode stores a grant with its code, and records a consent that was just given.
// Where it is remembered, one statement does.
func (s *Service) insertCode(ctx context.Context, c Code) (stored CodeStored, err error) {
	if !c.Consented {
		return s.store.InsertCode(ctx, c)
	}
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		if stored, err = s.store.InsertCode(ctx, c); err != nil {
			return err
		}
		return s.events.Record(ctx, authserver.Event{
			Kind: authserver.EventConsentGiven, UserID: c.UserID, ClientID: c.ClientID, SubjectID: c.GrantID,
			Details: map[string]string{"scope": c.Scopes.String()},
		})
	})
	return stored, err
}

// enough is how many grants an insert counts besides its own. Inserts at the same
// instant do not see each other, so from half of the limit on another statement counts
// again, which sees what was committed meanwhile.
func enough(most int) int { return (most + 1) / 2 }

// keepFew ends the oldest grants of a user and client that are more than most (0:
// no limit), where the insert saw enough. What cannot be ended now is ended after the
// next insert: this grant is made, and its caller gets it.
func (s *Service) keepFew(ctx context.Context, userID, clientID string, seen, most int, pending bool) {
	if most <= 0 || seen < enough(most) {
		return
	}
	ended, err := s.store.EndOldest(ctx, userID, clientID, pending, most, s.now())
	if err != nil {
		s.log.LogAttrs(ctx, slog.LevelWarn, "the oldest grants of a client were not ended",
			slog.String("client_id", clientID), slog.String("user_id", userID), slog.Any("error", err))
	}
	s.announce(ctx, ended, authserver.EndLimit)
}
