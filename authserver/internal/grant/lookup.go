package grant

import (
	"context"
	"log/slog"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

// errUnknown is the answer to every text that is no current access token.
var errUnknown = fault.New(fault.NotFound, "No such access token")

// usedEvery is how often it is written down that a grant was used.
const usedEvery = time.Hour

// Lookup describes an access token; it may have ended. Whoever asks about a live
// one has been given it, so its pair cannot be asked for again after that, except
// within the client's overlap. fault.NotFound: it is no current access token.
func (s *Service) Lookup(ctx context.Context, token secret.Token) (*authserver.Credential, error) {
	handle, err := token.HandleDigest()
	if err != nil {
		return nil, errUnknown
	}
	state, err := s.store.FindAccess(ctx, handle)
	if err != nil {
		return nil, err
	}
	if !state.Access.Equal(token.Digest()) {
		return nil, authserver.ErrReplaced
	}
	c, now := &state.Credential, s.now()
	if !c.Active(now) {
		return c, nil
	}
	if state.SealOpen {
		s.closeSeal(ctx, state)
	}
	if state.UsedAt == nil || now.Sub(*state.UsedAt) >= usedEvery {
		s.uses.note(c.ID)
	}
	return c, nil
}

// closeSeal notes the first use of a pair. When it cannot be written the answer
// is given all the same, and the next one who asks closes it.
func (s *Service) closeSeal(ctx context.Context, state *AccessState) {
	keep := s.overlap(state.Credential.ClientID, state.Overlap) > 0
	if err := s.store.CloseSeal(ctx, state.Credential.ID, state.Access, keep); err != nil {
		s.log.LogAttrs(ctx, slog.LevelWarn, "the first use of a token pair was not written",
			slog.String("grant_id", state.Credential.ID), slog.Any("error", err))
	}
}
