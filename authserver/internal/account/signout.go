package account

import (
	"context"

	"latchkey/authserver"
	"latchkey/pkg/secret"
)

// SignOut ends the sign-in of cookie. It is no error when there is none.
func (s *Service) SignOut(ctx context.Context, cookie secret.Token) error {
	return s.deps.Store.InTx(ctx, func(ctx context.Context) error {
		ended, err := s.endSignin(ctx, cookie.Digest())
		if err != nil || ended == nil {
			return err
		}
		return s.deps.Events.Record(ctx, authserver.Event{Kind: authserver.EventSignout, UserID: ended.User.ID, SubjectID: ended.ID})
	})
}

func (s *Service) endReplaced(ctx context.Context, cookie secret.Token) error {
	if cookie.IsZero() {
		return nil
	}
	_, err := s.endSignin(ctx, cookie.Digest())
	return err
}

// endSignin ends the sign-in of a cookie and the codes in flight that were made
// from it, and returns it; nil: there is none.
func (s *Service) endSignin(ctx context.Context, cookie secret.Digest) (ended *authserver.Signin, err error) {
	err = s.deps.Store.InTx(ctx, func(ctx context.Context) error {
		ended, err = s.deps.Store.EndSignin(ctx, cookie, s.now())
		if err != nil || ended == nil {
			return err
		}
		return s.endCodes(ctx, ended.User.ID, ended.ID)
	})
	return ended, err
}
