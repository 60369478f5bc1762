package sso

import (
	"context"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

// PendingCode reports whether the browser with this code must still give a second factor.
// fault.NotFound: it does not, any more.
func (s *Service) PendingCode(ctx context.Context, pending secret.Token) error {
	_, err := s.pending(ctx, pending)
	return err
}

func (s *Service) pending(ctx context.Context, pending secret.Token) (*authserver.User, error) {
	c, err := s.deps.Store.FindSSOCode(ctx, pending.Digest(), authserver.StageSecondFactor, s.now())
	if err != nil {
		return nil, err
	}
	u, err := s.deps.Store.FindUser(ctx, c.UserID)
	if err != nil {
		return nil, err
	}
	if !u.Active() || !c.Bound.Equal(secret.DigestOf(u.PasswordHash)) {
		return nil, fault.New(fault.NotFound, "No such pending sign-in")
	}
	return u, nil
}

// FinishCode checks the second factor of the person at this browser and returns
// the code for the app. Errors: fault.NotFound (nothing is pending any more),
// account.ErrSecondFactor, fault.RateLimited.
func (s *Service) FinishCode(ctx context.Context, pending secret.Token, otpCode string) (secret.Token, error) {
	u, err := s.pending(ctx, pending)
	if err != nil {
		return secret.Token{}, err
	}
	if err := s.deps.People.CheckSecondFactor(ctx, u, otpCode); err != nil {
		return secret.Token{}, err
	}
	found, err := s.deps.Store.FindSSOCode(ctx, pending.Digest(), authserver.StageSecondFactor, s.now())
	if err != nil {
		return secret.Token{}, err
	}
	var code secret.Token
	err = s.deps.Store.InTx(ctx, func(ctx context.Context) error {
		c, err := s.deps.Store.ClaimSSOCode(ctx, pending.Digest(), authserver.StageSecondFactor, found.Challenge, s.now())
		if err != nil {
			return err
		}
		c.Stage = authserver.StageExchange
		code, err = s.newCode(ctx, *c)
		return err
	})
	return code, err
}

// Exchange gives tokens for a code to the one caller that claims it. Errors:
// errExchange, fault.RateLimited.
func (s *Service) Exchange(ctx context.Context, p Proof, v account.Visitor) (*authserver.User, *authserver.Tokens, error) {
	u, tokens, err := s.exchange(ctx, p)
	return u, tokens, s.deps.People.TokensRefused(ctx, err, v)
}

func (s *Service) exchange(ctx context.Context, p Proof) (*authserver.User, *authserver.Tokens, error) {
	code, err := secret.Parse(secret.ExchangeCode, p.Code)
	challenge, ok := p.challenge()
	if err != nil || !ok {
		return nil, nil, errExchange
	}
	var u *authserver.User
	var tokens *authserver.Tokens
	err = s.deps.Store.InTx(ctx, func(ctx context.Context) error {
		c, err := s.deps.Store.ClaimSSOCode(ctx, code.Digest(), authserver.StageExchange, challenge, s.now())
		if err != nil {
			return err
		}
		if u, err = s.deps.Store.FindUser(ctx, c.UserID); err != nil {
			return err
		}
		if !c.Bound.Equal(secret.DigestOf(u.PasswordHash)) {
			return errExchange
		}
		tokens, err = s.deps.People.OpenDevice(ctx, u, c.Device, authserver.OriginSSO)
		return err
	})
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Unauthenticated) {
		return nil, nil, errExchange.WithCause(err)
	}
	return u, tokens, err
}

// LinkApp connects the account of a linking code with the user whose email and
// password are given, and opens the app's device (docs/contract.md, "Single
// sign-on"). Errors: errLinkingCode, account.ErrBadCredentials, errMFA,
// fault.Forbidden (blocked), fault.RateLimited.
func (s *Service) LinkApp(ctx context.Context, p Proof, c Credentials, v account.Visitor) (*authserver.User, *authserver.Tokens, error) {
	n, err := s.unlinked(ctx, p, true)
	if err != nil {
		return nil, nil, s.deps.People.TokensRefused(ctx, err, v)
	}
	u, err := s.owner(ctx, n, c, v)
	if err != nil {
		return nil, nil, err
	}
	var tokens *authserver.Tokens
	err = s.adopt(ctx, n, u, func(ctx context.Context) (err error) {
		tokens, err = s.deps.People.OpenDevice(ctx, u, n.Device, authserver.OriginSSO)
		return refusedDevice(err)
	})
	return u, tokens, err
}

// CreateApp makes a user for the account of a linking code and opens the app's
// device (docs/contract.md, "Single sign-on"). Who was invited into a family
// joins it. Errors: errLinkingCode, fault.Forbidden (blocked, or nobody may),
// fault.Invalid, fault.RateLimited.
func (s *Service) CreateApp(ctx context.Context, p Proof, names Names, v account.Visitor) (*authserver.User, *authserver.Tokens, error) {
	n, err := s.unlinked(ctx, p, true)
	if err != nil {
		return nil, nil, s.deps.People.TokensRefused(ctx, err, v)
	}
	var tokens *authserver.Tokens
	u, err := s.create(ctx, n, names, FamilyInvited, v, func(ctx context.Context, u *authserver.User) (err error) {
		tokens, err = s.deps.People.OpenDevice(ctx, u, n.Device, authserver.OriginSSO)
		return refusedDevice(err)
	})
	return u, tokens, err
}
