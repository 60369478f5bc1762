package grant

import (
	"context"
	"errors"
	"time"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/scope"
	"latchkey/pkg/secret"
)

// RefreshRequest is a request for tokens by a refresh token (RFC 6749 section 6).
type RefreshRequest struct {
	RefreshToken string
	ClientID     string    // authenticated
	Scopes       scope.Set // 0: the grant's
	Resource     string    // empty: as authorized
}

// Refresh gives the next pair for a refresh token. A token that was spent is
// answered with the pair it was spent for while that may be asked for again; any
// other spent token ends the grant, whatever is asked for with it (RFC 9700
// section 4.14.2). Errors: *Refusal, ErrScope, ErrTarget, fault.RateLimited.
func (s *Service) Refresh(ctx context.Context, r RefreshRequest) (*authserver.Tokens, error) {
	presented, err := secret.Parse(secret.RefreshToken, r.RefreshToken)
	if err != nil {
		return nil, &Refusal{Reason: ReasonMalformed}
	}
	handle, err := presented.Handle()
	if err != nil {
		return nil, &Refusal{Reason: ReasonMalformed}
	}
	now := s.now()
	pair, tokens := s.newPair(handle, now, nil)
	if err := s.refreshes.admitKnown(pair.Handle, now); err != nil {
		return nil, err
	}
	rotation := Rotation{Presented: presented.Digest(), ClientID: r.ClientID, Scopes: r.Scopes, Resource: r.Resource, Pair: pair}
	if s.settings.RetryWindow > 0 {
		if rotation.Seal, err = seal(presented, tokens.AccessToken, tokens.RefreshToken); err != nil {
			return nil, err
		}
	}
	return s.rotate(ctx, presented, rotation, tokens)
}

// rotate stores tokens as the next pair, or answers a refresh token that could
// not be claimed.
func (s *Service) rotate(ctx context.Context, presented secret.Token, r Rotation, tokens authserver.Tokens) (*authserver.Tokens, error) {
	moved, err := s.store.Rotate(ctx, r)
	if errors.Is(err, authserver.ErrNotClaimed) {
		return s.explainRefresh(ctx, presented, r, tokens)
	}
	if err != nil {
		return nil, err
	}
	s.refreshes.remember(r.Handle, moved.UserID, r.ClientID, r.IssuedAt)
	s.publish(ctx, []secret.Digest{moved.Retired})
	s.metrics.TokensIssued("refresh_token")
	tokens.GrantID, tokens.Scopes, tokens.AccessExpiresAt = moved.ID, moved.Scopes, moved.AccessExpiresAt
	tokens.RefreshExpiresAt, tokens.EndsAt = moved.RefreshExpiresAt, moved.EndsAt
	return &tokens, nil
}

// explainRefresh answers a refresh token that could not be claimed.
func (s *Service) explainRefresh(ctx context.Context, presented secret.Token, r Rotation, tokens authserver.Tokens) (*authserver.Tokens, error) {
	state, err := s.store.FindRefresh(ctx, r.Handle, r.ClientID)
	if fault.Is(err, fault.NotFound) {
		return nil, &Refusal{Reason: ReasonUnknown}
	}
	if err != nil {
		return nil, err
	}
	now := r.IssuedAt
	refused := &Refusal{GrantID: state.GrantID}
	spent := !state.Refresh.Equal(r.Presented)
	repeat := ""
	if spent {
		repeat = s.mayRepeat(state, r, now)
	}
	switch {
	case state.Ended || state.EndsAt != nil && !now.Before(*state.EndsAt):
		refused.Reason = ReasonEnded
	case !now.Before(state.RefreshExpiresAt):
		refused.Reason = ReasonExpired
	case spent && repeat == "":
		return nil, s.reused(ctx, refused)
	case !state.Scopes.Satisfies(r.Scopes):
		return nil, ErrScope
	case r.Resource != "" && r.Resource != state.Resource:
		return nil, ErrTarget
	case spent:
		return s.repeat(presented, state, repeat)
	case !r.Wait: // somebody holds the row
		r.Wait = true
		return s.rotate(ctx, presented, r, tokens)
	default:
		refused.Reason = ReasonRace
	}
	return nil, refused
}

// reused ends the grant of a spent refresh token that somebody kept.
func (s *Service) reused(ctx context.Context, refused *Refusal) error {
	refused.Reason = ReasonReused
	s.metrics.RefreshReused()
	if err := s.End(ctx, authserver.GrantFilter{ID: refused.GrantID}, authserver.EndReused); err != nil {
		return err
	}
	return refused
}

// firstPartyOverlap is the overlap of the product's own apps, whose requests run
// side by side.
const firstPartyOverlap = 10 * time.Second

// overlap is how long after a rotation the direct parent is answered although the
// pair is in use.
func (s *Service) overlap(clientID string, ofClient time.Duration) time.Duration {
	switch {
	case s.settings.RetryWindow <= 0:
		return 0
	case clientID == authserver.FirstPartyClientID:
		return min(firstPartyOverlap, s.settings.RetryWindow)
	}
	return ofClient
}

// mayRepeat says why the presented token, which is spent, is answered with the
// current pair: RepeatRetry, RepeatOverlap, or "" when it is not.
func (s *Service) mayRepeat(state *RefreshState, r Rotation, now time.Time) string {
	if s.settings.RetryWindow <= 0 || len(state.Seal) == 0 || !state.Parent.Equal(r.Presented) {
		return ""
	}
	age := now.Sub(state.AccessIssuedAt)
	switch {
	case !state.SealUsed && age < s.settings.RetryWindow:
		return RepeatRetry
	case age < s.overlap(r.ClientID, state.Overlap):
		return RepeatOverlap
	}
	return ""
}

func (s *Service) repeat(presented secret.Token, state *RefreshState, why string) (*authserver.Tokens, error) {
	access, refresh, err := openSeal(presented, state.Seal)
	if err != nil {
		return nil, err
	}
	s.metrics.RefreshRepeated(why)
	return &authserver.Tokens{
		AccessToken: access, RefreshToken: refresh, Scopes: state.AccessScopes, GrantID: state.GrantID,
		IssuedAt: state.AccessIssuedAt, AccessExpiresAt: state.AccessExpiresAt,
		RefreshExpiresAt: state.RefreshExpiresAt, EndsAt: state.EndsAt,
	}, nil
}
