package grant

import (
	"context"
	"errors"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

// Exchange is a request for tokens by an authorization code (RFC 6749 section
// 4.1.3, RFC 7636 section 4.5).
type Exchange struct {
	Code        string
	ClientID    string // authenticated
	RedirectURI string
	Challenge   string // computed from the verifier; empty: it has a wrong shape
	Resource    string // empty: as authorized
}

// Redeem gives the tokens of a code, once. Errors: *Refusal, ErrTarget.
func (s *Service) Redeem(ctx context.Context, x Exchange) (*authserver.Tokens, error) {
	code, err := secret.Parse(secret.Code, x.Code)
	if err != nil {
		return nil, &Refusal{Reason: ReasonMalformed}
	}
	return s.redeem(ctx, code, x)
}

// RedeemDevice gives the tokens of a device code that was allowed, once. Errors: as
// Redeem.
func (s *Service) RedeemDevice(ctx context.Context, code secret.Token, clientID, resource string) (*authserver.Tokens, error) {
	return s.redeem(ctx, code, Exchange{ClientID: clientID, RedirectURI: deviceRedirect, Challenge: deviceChallenge, Resource: resource})
}

func (s *Service) redeem(ctx context.Context, code secret.Token, x Exchange) (*authserver.Tokens, error) {
	now := s.now()
	end := s.end(now)
	pair, tokens := s.newPair(secret.NewHandle(), now, end)
	claim := Redemption{
		Code: code.Digest(), ClientID: x.ClientID, RedirectURI: x.RedirectURI, Challenge: x.Challenge,
		Resource: x.Resource, EndsAt: end, Count: enough(s.settings.MaxLive), Pair: pair,
	}
	redeemed, err := s.claimCode(ctx, claim)
	if err != nil {
		return nil, err
	}
	tokens.GrantID, tokens.Scopes = redeemed.ID, redeemed.Scopes
	s.began(ctx, authserver.OriginCode, redeemed.ID, x.ClientID, redeemed.UserID)
	s.keepFew(ctx, redeemed.UserID, x.ClientID, redeemed.Live, s.settings.MaxLive, false)
	return &tokens, nil
}

func (s *Service) claimCode(ctx context.Context, claim Redemption) (*Redeemed, error) {
	redeemed, err := s.store.Redeem(ctx, claim)
	if !errors.Is(err, authserver.ErrNotClaimed) {
		return redeemed, err
	}
	err = s.refuseCode(ctx, claim)
	if refused := (*Refusal)(nil); !claim.Wait && errors.As(err, &refused) && refused.Reason == ReasonRace { // somebody holds the row
		claim.Wait = true
		return s.claimCode(ctx, claim)
	}
	return nil, err
}

// refuseCode says why a code was not claimed. A redeemed code that comes again
// from its client, with the redirect URI and verifier that redeemed it, is a
// replay and ends its grant (RFC 6749 section 4.1.2); whoever lacks one of these
// has only seen the code, and changes nothing.
func (s *Service) refuseCode(ctx context.Context, r Redemption) error {
	c, err := s.store.FindCode(ctx, r.Code, r.ClientID)
	if fault.Is(err, fault.NotFound) {
		return &Refusal{Reason: ReasonUnknown}
	}
	if err != nil {
		return err
	}
	refused := &Refusal{GrantID: c.GrantID, Reason: ReasonRace}
	switch {
	case c.RedirectURI != r.RedirectURI:
		refused.Reason = ReasonRedirect
	case c.Challenge != r.Challenge:
		refused.Reason = ReasonVerifier
	case c.Redeemed:
		refused.Reason = ReasonReplayed
		if err := s.End(ctx, authserver.GrantFilter{ID: c.GrantID}, authserver.EndReplayed); err != nil {
			return err
		}
	case c.Ended:
		refused.Reason = ReasonEnded
	case !r.IssuedAt.Before(c.ExpiresAt):
		refused.Reason = ReasonExpired
	case r.Resource != "" && c.Resource != "" && r.Resource != c.Resource:
		return ErrTarget
	}
	return refused
}

// began counts and logs a grant's first tokens.
func (s *Service) began(ctx context.Context, origin, id, clientID, userID string) {
	s.store.AfterCommit(ctx, func(context.Context) { s.metrics.TokensIssued(originMetric(origin)) })
	s.events.Note(ctx, authserver.Event{Kind: authserver.EventGrantOpened, UserID: userID, ClientID: clientID, SubjectID: id})
}

// originMetric is the label of oauth_tokens_issued_total.
func originMetric(origin string) string {
	if origin == authserver.OriginCode {
		return "authorization_code"
	}
	return origin
}
