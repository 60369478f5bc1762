package account

import (
	"context"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

// ChangePassword replaces the password of the person at sign-in in and ends
// every other sign-in and every grant. The sign-in goes on under a new cookie.
// Who has no password yet gets one.
// Errors: fault.Invalid with every broken rule, fault.RateLimited.
func (s *Service) ChangePassword(ctx context.Context, in *authserver.Signin, current, password string, v Visitor) (secret.Token, error) {
	if err := s.confirm(ctx, in, current); err != nil {
		return secret.Token{}, err
	}
	if err := s.checkNewPassword(password, &in.User); err != nil {
		return secret.Token{}, err
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return secret.Token{}, err
	}
	var made opened
	err = s.deps.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.replacePassword(ctx, &in.User, hash); err != nil {
			return err
		}
		u := in.User
		u.PasswordHash = hash
		made, err = s.openSignin(ctx, &u, v, in.ConfirmedAt)
		return err
	})
	return made.cookie, err
}

// checkNewPassword names the field new_password in what it refuses.
func (s *Service) checkNewPassword(password string, owner *authserver.User) error {
	broken := authserver.CheckPassword(password, owner)
	for i := range broken {
		broken[i].Field = "new_password"
	}
	if len(broken) > 0 {
		return invalid(broken)
	}
	return nil
}

// replacePassword stores hash and ends all that was opened with the old one. The
// user's row is written first, so that nothing more is opened with the old one.
// ErrBadCredentials: it is not the password any more.
func (s *Service) replacePassword(ctx context.Context, u *authserver.User, hash string) error {
	now := s.now()
	won, err := s.deps.Store.ReplacePassword(ctx, u.ID, u.PasswordHash, hash, &now)
	if err == nil && !won {
		err = ErrBadCredentials
	}
	if err != nil {
		return err
	}
	if err := s.record(ctx, authserver.EventPasswordChanged, u.ID); err != nil {
		return err
	}
	return s.end(ctx, u.ID, endingPassword, "")
}

// Signins lists where a user is signed in.
func (s *Service) Signins(ctx context.Context, userID string) ([]authserver.Signin, error) {
	return s.deps.Store.ListSignins(ctx, userID, s.now(), s.deps.Settings.SigninIdle)
}

// Recognise notes that a sign-in was the person's own. fault.NotFound: there is nothing
// to recognise.
func (s *Service) Recognise(ctx context.Context, userID, id string) error {
	missing := fault.New(fault.NotFound, "There is no such sign-in.")
	if !authserver.ValidID(id) {
		return missing
	}
	return s.deps.Store.InTx(ctx, func(ctx context.Context) error {
		known, err := s.deps.Store.SetUnfamiliar(ctx, userID, id, false)
		if err == nil && !known {
			err = missing
		}
		if err != nil {
			return err
		}
		return s.deps.Events.Record(ctx, authserver.Event{Kind: authserver.EventSigninRecognised, UserID: userID, SubjectID: id})
	})
}

// EndOneSignin signs a user out at one browser. fault.NotFound: there is no
// such sign-in.
func (s *Service) EndOneSignin(ctx context.Context, userID, id string) error {
	missing := fault.New(fault.NotFound, "There is no such sign-in.")
	if !authserver.ValidID(id) {
		return missing
	}
	return s.deps.Store.InTx(ctx, func(ctx context.Context) error {
		ended, err := s.deps.Store.EndSigninByID(ctx, userID, id, s.now())
		if err != nil {
			return err
		}
		if !ended {
			return missing
		}
		if err := s.endCodes(ctx, userID, id); err != nil {
			return err
		}
		return s.deps.Events.Record(ctx, authserver.Event{Kind: authserver.EventSigninEnded, UserID: userID, SubjectID: id})
	})
}

// endCodes ends the codes in flight that were made from a sign-in.
func (s *Service) endCodes(ctx context.Context, userID, signinID string) error {
	return s.deps.Grants.End(ctx, authserver.GrantFilter{UserID: userID, SigninID: signinID, PendingOnly: true}, authserver.EndSignedOut)
}

// EndOtherSignins signs a user out everywhere but at sign-in in: browsers and
// devices of the JSON sign-in. Applications that the user allowed keep working;
// codes in flight that were made from the other sign-ins end.
func (s *Service) EndOtherSignins(ctx context.Context, in *authserver.Signin) error {
	return s.deps.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.end(ctx, in.User.ID, endingSignOut, in.ID); err != nil {
			return err
		}
		return s.record(ctx, authserver.EventSignoutOthers, in.User.ID)
	})
}
