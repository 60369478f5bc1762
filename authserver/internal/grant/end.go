package grant

import (
	"context"
	"errors"

	"latchkey/authserver"
	"latchkey/pkg/secret"
)

// End ends the live grants that f chooses, codes in flight included, in the
// transaction of ctx.
//
// Whoever ends a person's access changes the row that grants are made from first
// (the user, the sign-in, the client or the consent), and calls End after that in
// the same transaction: a grant that is being made at that moment is then either
// seen here or not made.
func (s *Service) End(ctx context.Context, f authserver.GrantFilter, reason string) error {
	if !tells(reason) {
		ended, err := s.store.EndGrants(ctx, f, reason, s.now())
		s.announce(ctx, ended, reason)
		return err
	}
	return s.store.InTx(ctx, func(ctx context.Context) error {
		ended, err := s.store.EndGrants(ctx, f, reason, s.now())
		if err != nil {
			return err
		}
		for _, e := range ended {
			told := endedEvent(e, reason)
			if reason != authserver.EndRevoked {
				told.Outcome = authserver.OutcomeFailure // somebody has a token who should not
			}
			if err := s.events.Record(ctx, told); err != nil {
				return err
			}
		}
		s.publishEnded(ctx, ended)
		return nil
	})
}

// tells reports whether the end of a grant is an event of its own. Of the others the
// event that they follow from is stored.
func tells(reason string) bool {
	return reason == authserver.EndReused || reason == authserver.EndReplayed || reason == authserver.EndRevoked
}

func endedEvent(e authserver.EndedGrant, reason string) authserver.Event {
	return authserver.Event{
		Kind: authserver.EventGrantEnded, UserID: e.UserID, ClientID: e.ClientID, SubjectID: e.ID,
		Details: map[string]string{"reason": reason},
	}
}

// Revoke ends the grant of a token that its own client gives back (RFC 7009): any
// refresh token the grant ever had, or its current access token. Another
// client's token, and whatever is no token, changes nothing.
func (s *Service) Revoke(ctx context.Context, text, clientID string) error {
	kind, err := secret.KindOf(text)
	if err != nil || kind != secret.AccessToken && kind != secret.RefreshToken {
		return nil
	}
	token, err := secret.Parse(kind, text)
	if err != nil {
		return nil
	}
	handle, err := token.HandleDigest()
	if err != nil {
		return nil
	}
	ended, err := s.store.EndByToken(ctx, Revocation{
		Handle: handle, Kind: kind, Access: token.Digest(), ClientID: clientID, Reason: authserver.EndRevoked, At: s.now(),
	})
	if errors.Is(err, authserver.ErrNotClaimed) {
		return nil
	}
	if err != nil {
		return err
	}
	s.announce(ctx, []authserver.EndedGrant{*ended}, authserver.EndRevoked)
	return nil
}

// announce tells resource servers and the log of grants that have ended, once
// that has committed.
func (s *Service) announce(ctx context.Context, ended []authserver.EndedGrant, reason string) {
	s.publishEnded(ctx, ended)
	for _, e := range ended {
		s.events.Note(ctx, endedEvent(e, reason))
	}
}

// publishEnded tells resource servers alone.
func (s *Service) publishEnded(ctx context.Context, ended []authserver.EndedGrant) {
	digests := make([]secret.Digest, 0, len(ended))
	for _, e := range ended {
		if !e.Access.IsZero() {
			digests = append(digests, e.Access)
		}
	}
	s.publish(ctx, digests)
}

func (s *Service) publish(ctx context.Context, digests []secret.Digest) {
	if len(digests) > 0 {
		s.store.AfterCommit(ctx, func(ctx context.Context) { s.publisher.Publish(ctx, digests) })
	}
}
