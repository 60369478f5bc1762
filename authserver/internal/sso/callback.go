package sso

import (
	"context"
	"errors"
	"strings"

	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

// CallbackRequest is what a browser comes back with.
type CallbackRequest struct {
	Provider  string
	State     string
	Code      string
	Error     string // of the provider (RFC 6749 section 4.1.2.1)
	Issuer    string // RFC 9207; HasIssuer: it was there
	HasIssuer bool
	Browser   secret.Token       // the browser's own cookie
	Signin    *authserver.Signin // who is signed in there; nil: nobody
	Cookie    secret.Token       // of that sign-in
	Visitor   account.Visitor
}

// CallbackResult is where a sign-in at a provider led. One of Linked, Signin, Code,
// Pending and Linking is set.
type CallbackResult struct {
	Purpose  string // authserver.LoginStateSignin …
	ReturnTo string
	Linked   bool                 // the account is connected now
	Signin   account.SigninResult // at this browser
	Code     secret.Token         // for the app
	Pending  secret.Token         // the person in the app must still give the second factor
	Linking  secret.Token         // nobody is connected with this account yet
	Unlinked *LinkOptions         // with Linking
}

// LinkOptions is what the person of an unlinked identity can do.
type LinkOptions struct {
	authserver.UnlinkedIdentity
	Provider   string // label
	MayCreate  bool
	Invitation *authserver.Invitation // into a family; nil: none
}

func asFault(err error) (*fault.Error, bool) { return errors.AsType[*fault.Error](err) }

// Callback takes up a browser that comes back from a provider: its state is claimed
// by one callback, the provider vouches for the person, and provider and subject
// decide who that is. Errors: those of the web leg (see CodeOf).
func (s *Service) Callback(ctx context.Context, in CallbackRequest) (*CallbackResult, error) {
	u, ok := s.providers[in.Provider]
	if !ok {
		return nil, errProvider
	}
	if err := s.deps.People.AdmitSignin(ctx, in.Visitor); err != nil {
		return nil, err
	}
	state, err := secret.Parse(secret.Visit, strings.TrimSuffix(in.State, mobileMark))
	if err != nil || in.Browser.IsZero() {
		return nil, errSession.WithCause(err)
	}
	login, err := s.deps.Store.ClaimLoginState(ctx, state.Digest(), in.Provider, in.Browser.Digest(), s.now())
	if fault.Is(err, fault.NotFound) {
		return nil, errSession.WithCause(err)
	}
	if err != nil {
		return nil, err
	}
	found, err := s.ask(ctx, u, in, state)
	if err != nil {
		return &CallbackResult{Purpose: login.Purpose, ReturnTo: login.ReturnTo}, s.failed(ctx, in.Provider, err)
	}
	a, err := s.decide(ctx, login, found, in)
	if err != nil {
		return &CallbackResult{Purpose: login.Purpose, ReturnTo: login.ReturnTo}, s.failed(ctx, in.Provider, err)
	}
	a.Purpose, a.ReturnTo = login.Purpose, login.ReturnTo
	return a, nil
}

func (s *Service) failed(ctx context.Context, provider string, err error) error {
	code, _ := CodeOf(err)
	s.deps.Events.Refused(ctx, authserver.Event{
		Kind: authserver.EventSigninFailed, Details: map[string]string{"reason": code, "provider": provider},
	})
	return err
}

// ask checks the answer in the address bar and asks the provider who it is about.
func (s *Service) ask(ctx context.Context, u *upstream, in CallbackRequest, state secret.Token) (*voucher, error) {
	ctx, cancel := context.WithTimeout(ctx, callbackTimeout)
	defer cancel()
	e, err := u.discover(ctx)
	if err != nil {
		return nil, err
	}
	switch {
	case in.HasIssuer && in.Issuer != u.Issuer, !in.HasIssuer && e.saysIss:
		return nil, errResponse.WithCause(errors.New("sso: the answer is of another issuer"))
	case in.Error == "temporarily_unavailable" || in.Error == "server_error":
		return nil, errUnavailable.WithCause(errors.New("sso: the provider says " + in.Error))
	case in.Error != "":
		return nil, errDenied
	case in.Code == "":
		return nil, errResponse.WithCause(errors.New("sso: neither code nor error"))
	}
	return u.vouch(ctx, e, in.Code, derive(in.Browser, "verifier", state), derive(in.Browser, "nonce", state))
}

// decide finds whose account it is.
func (s *Service) decide(ctx context.Context, login *authserver.LoginState, found *voucher, in CallbackRequest) (*CallbackResult, error) {
	identity, err := s.deps.Store.FindIdentity(ctx, login.Provider, found.subject)
	switch {
	case err != nil && !fault.Is(err, fault.NotFound):
		return nil, err
	case err == nil && identity.BlockedAt != nil:
		return nil, errBlocked
	case err != nil:
		identity = nil
	}
	if login.Purpose == authserver.LoginStateLink {
		return s.connect(ctx, login, identity, found, in.Signin)
	}
	if identity == nil || identity.UserID == "" {
		return s.welcome(ctx, login, found)
	}
	user, err := s.deps.Store.FindUser(ctx, identity.UserID)
	if err != nil {
		return nil, err
	}
	if !user.Active() && (!user.Closed() || login.Purpose == authserver.LoginStateMobile) {
		return nil, errInactive
	}
	if identity.SuspendedAt != nil {
		return nil, errSuspended
	}
	var a *CallbackResult
	err = s.deps.Store.InTx(ctx, func(ctx context.Context) error {
		known, err := s.deps.Store.StampIdentity(ctx, identity.ID, found.email, s.now())
		if err != nil {
			return err
		}
		if !known {
			return errSession
		}
		if login.Purpose == authserver.LoginStateMobile {
			a, err = s.codeFor(ctx, user, login)
			return err
		}
		result, err := s.deps.People.SignInVouched(ctx, user, in.Visitor, in.Cookie)
		a = &CallbackResult{Signin: result}
		if fault.Is(err, fault.Unauthenticated) {
			return errInactive.WithCause(err)
		}
		return err
	})
	return a, err
}

// connect gives the account to the user who asked, who must still be signed in
// at this browser.
func (s *Service) connect(ctx context.Context, login *authserver.LoginState, identity *authserver.Identity, found *voucher, in *authserver.Signin) (*CallbackResult, error) {
	if in == nil || in.User.ID != login.UserID {
		return nil, errSigninGone
	}
	if identity != nil && identity.UserID == login.UserID {
		return &CallbackResult{Linked: true}, nil
	}
	if identity != nil {
		return nil, fault.New(fault.Conflict, "This account is already connected to someone on this server.").WithCode(CodeFailed)
	}
	ctx = authserver.Admitted(ctx, authserver.Admission{SigninID: in.ID}) // which may have ended while the provider was asked
	if err := s.link(ctx, &in.User, login.Provider, found.subject, found.email); err != nil {
		return nil, err
	}
	return &CallbackResult{Linked: true}, nil
}

func (s *Service) link(ctx context.Context, u *authserver.User, provider, subject, email string) error {
	now, details := s.now(), map[string]string{"provider": provider}
	if u.New {
		details[authserver.DetailSignup] = "true"
	}
	i := authserver.Identity{
		ID: uuid.NewString(), Provider: provider, Subject: subject, UserID: u.ID, Email: email, CreatedAt: now, UsedAt: &now,
	}
	return s.deps.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.deps.Store.HoldUser(ctx, u.ID); err != nil {
			return err
		}
		if err := s.deps.Store.CreateIdentity(ctx, i); err != nil {
			return err
		}
		return s.deps.Events.Record(ctx, authserver.Event{
			Kind: authserver.EventIdentityLinked, UserID: u.ID, SubjectID: i.ID, Details: details,
		})
	})
}

// codeFor makes the code of a known person: for the app, or, while the second
// factor is owed, for this browser only.
func (s *Service) codeFor(ctx context.Context, u *authserver.User, login *authserver.LoginState) (*CallbackResult, error) {
	c := authserver.SSOCode{
		Stage: authserver.StageExchange, UserID: u.ID, Bound: secret.DigestOf(u.PasswordHash),
		Device: login.Device, Challenge: login.Challenge,
	}
	if u.SecondFactor {
		c.Stage = authserver.StageSecondFactor
	}
	code, err := s.newCode(ctx, c)
	if u.SecondFactor {
		return &CallbackResult{Pending: code}, err
	}
	return &CallbackResult{Code: code}, err
}

func (s *Service) newCode(ctx context.Context, c authserver.SSOCode) (secret.Token, error) {
	code, life := secret.New(secret.ExchangeCode), codeLife
	if c.Stage == authserver.StageSecondFactor {
		life = pendingLife
	}
	c.Digest, c.CreatedAt = code.Digest(), s.now()
	c.ExpiresAt = c.CreatedAt.Add(life)
	return code, s.deps.Store.CreateSSOCode(ctx, &c)
}

// welcome remembers somebody nobody here is connected with.
func (s *Service) welcome(ctx context.Context, login *authserver.LoginState, found *voucher) (*CallbackResult, error) {
	code, now := secret.New(secret.LinkingCode), s.now()
	n := authserver.UnlinkedIdentity{
		Digest: code.Digest(), Provider: login.Provider, Subject: found.subject,
		Email: found.email, EmailVerified: found.emailVerified, FirstName: found.firstName, LastName: found.lastName,
		Device: login.Device, Challenge: login.Challenge, ReturnTo: login.ReturnTo,
		CreatedAt: now, ExpiresAt: now.Add(linkingLife),
	}
	if err := s.deps.Store.CreateUnlinkedIdentity(ctx, &n); err != nil {
		return nil, err
	}
	w, err := s.options(ctx, &n)
	return &CallbackResult{Linking: code, Unlinked: w}, err
}
