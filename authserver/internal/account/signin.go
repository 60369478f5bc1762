package account

import (
	"context"
	"time"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

// ErrBadCredentials refuses an unknown address and a wrong password alike
// (docs/contract.md, "Sign in").
var ErrBadCredentials = fault.New(fault.Unauthenticated, "Invalid email or password")

// How often the last-seen time of a sign-in is written: on pages, and on the
// authorization endpoint, where the write would be felt.
const (
	stampEvery       = time.Minute
	stampEveryRarely = time.Hour
)

// CheckPassword finds the user that email and password belong to. An unknown
// address costs what a wrong password costs and answers the same. Errors:
// ErrBadCredentials, fault.RateLimited, fault.Unavailable.
func (s *Service) CheckPassword(ctx context.Context, email, password string, v Visitor) (*authserver.User, error) {
	return s.checkPassword(ctx, email, password, v, s.findByEmail)
}

type finder func(ctx context.Context, email string) (*authserver.User, error)

func (s *Service) checkPassword(ctx context.Context, email, password string, v Visitor, find finder) (*authserver.User, error) {
	email = authserver.NormalizeEmail(email)
	if err := s.take(ctx, "signin-address", v.Address, s.deps.Settings.Throttles.SigninAddress); err != nil {
		return nil, err
	}
	u, err := find(ctx, email)
	if err != nil {
		return nil, err
	}
	who, err := s.guesser(ctx, email, v)
	if err != nil {
		return nil, err
	}
	if err := s.tryPassword(ctx, u, who, password); err != nil {
		if fault.Is(err, fault.Unauthenticated) {
			s.refused(ctx, u.ID, "password")
		}
		return nil, err
	}
	return u, nil
}

// findByEmail returns a user without id and hash when there is none, or none
// that may sign in, so that the caller treats both alike.
func (s *Service) findByEmail(ctx context.Context, email string) (*authserver.User, error) {
	u, err := s.findAny(ctx, email)
	if err == nil && !u.Active() {
		return &authserver.User{}, nil
	}
	return u, err
}

// findHere is findByEmail for the pages, where a closed account can be restored.
func (s *Service) findHere(ctx context.Context, email string) (*authserver.User, error) {
	u, err := s.findAny(ctx, email)
	if err == nil && !u.Active() && !u.Closed() {
		return &authserver.User{}, nil
	}
	return u, err
}

func (s *Service) findAny(ctx context.Context, email string) (*authserver.User, error) {
	if len(authserver.CheckEmail(email)) > 0 {
		return &authserver.User{}, nil
	}
	u, err := s.deps.Store.FindUserByEmail(ctx, email)
	if fault.Is(err, fault.NotFound) {
		return &authserver.User{}, nil
	}
	return u, err
}

// tryPassword compares the password once it has a turn. It asks the throttle
// within the turn, so that parallel guesses cannot all pass before the first of
// them is counted: the limit is exceeded by one guess for each core at most. Only
// failures count.
func (s *Service) tryPassword(ctx context.Context, u *authserver.User, who, password string) error {
	release, err := s.hasher.turn(ctx)
	if err != nil {
		return err
	}
	defer release()
	limits := s.deps.Settings.Throttles.SigninAccount
	if err := s.blocked(ctx, "signin", who, limits); err != nil {
		return err
	}
	ok, outdated := s.hasher.matches(u.PasswordHash, password)
	if !ok {
		if err := s.take(ctx, "signin", who, limits); err != nil {
			return err
		}
		return ErrBadCredentials
	}
	if !outdated || !u.Active() {
		return nil
	}
	return s.rehash(ctx, u, password)
}

// rehash stores a right password anew at today's cost, unless it has been changed
// meanwhile.
func (s *Service) rehash(ctx context.Context, u *authserver.User, password string) error {
	hash := s.hasher.hashNow(password)
	won, err := s.deps.Store.ReplacePassword(ctx, u.ID, u.PasswordHash, hash, nil)
	if err == nil && !won {
		return ErrBadCredentials
	}
	u.PasswordHash = hash
	return err
}

// opened is a sign-in that was just made.
type opened struct {
	cookie secret.Token
	id     string
	fresh  bool // the person has to hear of the browser
}

// openSignin makes a sign-in for u at this browser. It
// locks the user's row as stillGood does. Locks are taken in the order user,
// sign-in: callers end another sign-in after it. confirmed is when the person
// proved to be present. ErrBadCredentials: as stillGood.
func (s *Service) openSignin(ctx context.Context, u *authserver.User, v Visitor, confirmed time.Time) (opened, error) {
	now, made := s.now(), opened{cookie: secret.New(secret.Signin), id: uuid.NewString()}
	err := s.deps.Store.InTx(ctx, func(ctx context.Context) (err error) {
		made.fresh, err = s.createSignin(ctx, &authserver.Signin{
			ID: made.id, Digest: made.cookie.Digest(), User: *u,
			CreatedAt: now, SeenAt: now, ConfirmedAt: confirmed, ExpiresAt: now.Add(s.deps.Settings.SigninLifetime),
			UserAgent: authserver.UserAgentText(v.UserAgent), Address: v.Address,
		}, v)
		return err
	})
	if fault.Is(err, fault.NotFound) {
		err = ErrBadCredentials
	}
	if err != nil {
		return opened{}, err
	}
	return made, nil
}

// SigninResult is where signing in at a browser leads: to a sign-in, to the question
// for the second factor, or to the question whether to restore a closed account.
type SigninResult struct {
	Cookie  secret.Token // of the new sign-in; zero: not yet
	Pending secret.Token // stands for the right password until the second factor comes
	Restore secret.Token // restores the account, which is closed
	Review  bool         // with Cookie: the person is asked what a reset has suspended
}

// pendingLife is how long a right password waits for the second factor.
const pendingLife = 10 * time.Minute

// SignIn checks email and password at a browser. replaced is the cookie the
// browser came with, if any: that sign-in ends. Errors: as CheckPassword.
func (s *Service) SignIn(ctx context.Context, email, password string, v Visitor, replaced secret.Token) (SigninResult, error) {
	u, err := s.checkPassword(ctx, email, password, v, s.findHere)
	if err != nil {
		return SigninResult{}, err
	}
	if u.SecondFactor {
		return s.await(ctx, u)
	}
	return s.signInHere(ctx, u, v, replaced, nil)
}

// await remembers a right password until the second factor comes.
// ErrBadCredentials: it is not right any more.
func (s *Service) await(ctx context.Context, u *authserver.User) (SigninResult, error) {
	pending, now := secret.New(secret.Signin), s.now()
	err := s.deps.Store.CreatePendingSignin(ctx, pending.Digest(), u, now, now.Add(pendingLife))
	if fault.Is(err, fault.NotFound) {
		err = ErrBadCredentials
	}
	return SigninResult{Pending: pending}, err
}

// FinishSignIn checks the second factor of a pending sign-in. Errors:
// fault.NotFound (nothing is pending any more), ErrSecondFactor,
// fault.RateLimited.
func (s *Service) FinishSignIn(ctx context.Context, pending secret.Token, code string, v Visitor, replaced secret.Token) (SigninResult, error) {
	u, err := s.deps.Store.FindPendingSignin(ctx, pending.Digest(), s.now())
	if err != nil {
		return SigninResult{}, err
	}
	if err := s.CheckSecondFactor(ctx, u, code); err != nil {
		return SigninResult{}, err
	}
	return s.signInHere(ctx, u, v, replaced, func(ctx context.Context) error {
		return s.deps.Store.TakePendingSignin(ctx, pending.Digest())
	})
}

// PendingSignin returns who gave the right password, fault.NotFound if nobody.
func (s *Service) PendingSignin(ctx context.Context, pending secret.Token) (*authserver.User, error) {
	return s.deps.Store.FindPendingSignin(ctx, pending.Digest(), s.now())
}

// signInHere signs u in, or asks whether to restore the account where it is closed.
// first, unless nil, runs before that in the same transaction.
func (s *Service) signInHere(ctx context.Context, u *authserver.User, v Visitor, replaced secret.Token, first func(ctx context.Context) error) (SigninResult, error) {
	if u.Closed() {
		return s.offerRestore(ctx, u, first)
	}
	if err := s.learnLanguage(ctx, u, v); err != nil {
		return SigninResult{}, err
	}
	result := SigninResult{Review: u.Review}
	err := s.deps.Store.InTx(ctx, func(ctx context.Context) error {
		if first != nil {
			if err := first(ctx); err != nil {
				return err
			}
		}
		if err := s.deps.Store.NoteSignin(ctx, u.ID, s.now(), authserver.UserAgentText(v.UserAgent)); err != nil {
			return err
		}
		made, err := s.openSignin(ctx, u, v, s.now())
		if err != nil {
			return err
		}
		result.Cookie = made.cookie
		unfamiliar := made.fresh && !u.New
		if unfamiliar {
			if _, err := s.deps.Store.SetUnfamiliar(ctx, u.ID, made.id, true); err != nil {
				return err
			}
		}
		err = s.deps.Events.Record(ctx, authserver.Event{
			Kind: authserver.EventSignin, UserID: u.ID, SubjectID: made.id, Details: origins("", unfamiliar),
		})
		if err != nil {
			return err
		}
		return s.endReplaced(ctx, replaced)
	})
	return result, err
}

// RenewSignin gives a sign-in a new cookie, whenever the account has got another
// way to sign in.
func (s *Service) RenewSignin(ctx context.Context, in *authserver.Signin, v Visitor) (secret.Token, error) {
	var made opened
	err := s.deps.Store.InTx(ctx, func(ctx context.Context) (err error) {
		if made, err = s.openSignin(ctx, &in.User, v, in.ConfirmedAt); err != nil {
			return err
		}
		_, err = s.endSignin(ctx, in.Digest)
		return err
	})
	return made.cookie, err
}

// CurrentSignin returns the live sign-in of cookie, and what its user has allowed
// the client ("": none); or nil, nil. One statement.
func (s *Service) CurrentSignin(ctx context.Context, cookie secret.Token, clientID string) (*authserver.Signin, error) {
	found, err := s.deps.Store.FindSignin(ctx, cookie.Digest(), clientID, s.now(), s.deps.Settings.SigninIdle)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	return found, err
}

// StampSignin notes that the sign-in was used, at most once a minute; rarely: at most
// once an hour.
func (s *Service) StampSignin(ctx context.Context, in *authserver.Signin, rarely bool) error {
	every := stampEvery
	if rarely {
		every = stampEveryRarely
	}
	now := s.now()
	if now.Sub(in.SeenAt) < min(every, s.deps.Settings.SigninIdle/4) {
		return nil
	}
	return s.deps.Store.StampSignin(ctx, in.Digest, now)
}
