package sso

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"regexp"
	"strings"

	"latchkey/authserver"
	"latchkey/authserver/internal/account"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

// The refusals of docs/contract.md, "Single sign-on".
var (
	errLinkingCode = fault.New(fault.Unauthenticated, "Linking code is invalid or expired")
	errExchange    = fault.New(fault.Unauthenticated, "Authorization code is invalid or expired").WithCode("invalid_or_expired_code")
	errMFA         = fault.New(fault.Unauthenticated, "MFA users should sign in with email and password").WithField("mfa_required", true)
	errNoCreation  = fault.New(fault.Forbidden, "SSO account creation is disabled. Please contact an administrator.")
	errRegister    = fault.New(fault.Invalid, "Failed to register device")
	errBlockedAPI  = fault.New(fault.Forbidden, "SSO identity was removed by an administrator")
)

// Proof is what whoever redeems a code shows beside it.
type Proof struct {
	Code     string
	Verifier string // code_verifier (RFC 7636); "": none
}

// verifierShape is RFC 7636 section 4.1.
var verifierShape = regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`)

// challenge computes the S256 challenge, "" for no verifier. ok is false for what
// is no verifier.
func (p Proof) challenge() (text string, ok bool) {
	if p.Verifier == "" {
		return "", true
	}
	if !verifierShape.MatchString(p.Verifier) {
		return "", false
	}
	sum := sha256.Sum256([]byte(p.Verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:]), true
}

// options applies the operator's policy to an unlinked identity. Only an
// address that the provider has verified counts.
func (s *Service) options(ctx context.Context, n *authserver.UnlinkedIdentity) (*LinkOptions, error) {
	w := &LinkOptions{UnlinkedIdentity: *n, Provider: s.Label(n.Provider)}
	if !n.EmailVerified {
		return w, nil
	}
	invitation, err := s.deps.Store.FindInvitationTo(ctx, n.Email, s.now())
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	if err == nil {
		w.Invitation = invitation
	}
	switch s.deps.Settings.Create {
	case CreateAnyone:
		w.MayCreate = true
	case CreateDomains:
		w.MayCreate = w.Invitation != nil || inDomains(n.Email, s.deps.Settings.Domains)
	case CreateInvited:
		w.MayCreate = w.Invitation != nil
	}
	return w, nil
}

// unlinked finds whom a linking code stands for; app: it must be an app's, else
// a browser's. errLinkingCode: nobody.
func (s *Service) unlinked(ctx context.Context, p Proof, app bool) (*authserver.UnlinkedIdentity, error) {
	code, err := secret.Parse(secret.LinkingCode, p.Code)
	challenge, ok := p.challenge()
	if err != nil || !ok {
		return nil, errLinkingCode
	}
	n, err := s.deps.Store.FindUnlinkedIdentity(ctx, code.Digest(), challenge, s.now())
	if fault.Is(err, fault.NotFound) || err == nil && (n.Device.DeviceID != "") != app {
		return nil, errLinkingCode
	}
	if err != nil {
		return nil, err
	}
	identity, err := s.deps.Store.FindIdentity(ctx, n.Provider, n.Subject)
	switch {
	case err == nil && identity.BlockedAt != nil:
		return nil, errBlockedAPI
	case err == nil && identity.UserID != "":
		return nil, errLinkingCode // connected in the meantime: sign in again
	case err != nil && !fault.Is(err, fault.NotFound):
		return nil, err
	}
	return n, nil
}

// Unlinked returns what the person at this browser, who came with a linking
// code, can do. errLinkingCode: nothing any more.
func (s *Service) Unlinked(ctx context.Context, code secret.Token) (*LinkOptions, error) {
	n, err := s.unlinked(ctx, Proof{Code: code.Reveal()}, false)
	if err != nil {
		return nil, err
	}
	return s.options(ctx, n)
}

// Credentials are how somebody who has an account proves to be its owner.
type Credentials struct {
	Email, Password string
	OTPCode         string
}

// owner checks the credentials that came with a linking code. Every wrong
// password counts against the code, before it is tried. Errors: as
// account.CheckPassword, errMFA, errLinkingCode.
func (s *Service) owner(ctx context.Context, n *authserver.UnlinkedIdentity, c Credentials, v account.Visitor) (*authserver.User, error) {
	counted, err := s.deps.Store.CountLinkTry(ctx, n.Digest, s.now())
	if err != nil {
		return nil, err
	}
	if !counted {
		return nil, errLinkingCode
	}
	u, err := s.deps.People.CheckPassword(ctx, c.Email, c.Password, v)
	if !fault.Is(err, fault.Unauthenticated) { // right, or not even tried
		if err := s.deps.Store.ForgiveLinkTry(context.WithoutCancel(ctx), n.Digest); err != nil {
			return nil, err
		}
	}
	if err != nil {
		return nil, err
	}
	if !u.SecondFactor {
		return u, nil
	}
	if strings.TrimSpace(c.OTPCode) == "" {
		return nil, errMFA
	}
	err = s.deps.People.CheckSecondFactor(ctx, u, c.OTPCode)
	if fault.Is(err, fault.Unauthenticated) {
		return nil, errMFA.WithCause(err)
	}
	return u, err
}

// adopt connects the unlinked identity with u and runs then, in one
// transaction: of parallel tries with one code one wins.
func (s *Service) adopt(ctx context.Context, n *authserver.UnlinkedIdentity, u *authserver.User, then func(ctx context.Context) error) error {
	return s.deps.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.claim(ctx, n); err != nil {
			return err
		}
		if err := s.link(ctx, u, n.Provider, n.Subject, n.Email); err != nil {
			return taken(err)
		}
		return then(ctx)
	})
}

func (s *Service) claim(ctx context.Context, n *authserver.UnlinkedIdentity) error {
	won, err := s.deps.Store.ClaimUnlinkedIdentity(ctx, n.Digest, n.Challenge, s.now())
	if err == nil && !won {
		return errLinkingCode
	}
	return err
}

// taken is an identity that another linking code was quicker to connect.
func taken(err error) error {
	if fault.Is(err, fault.Conflict) {
		return errLinkingCode.WithCause(err)
	}
	return err
}

// Names are what a new person wants to be called; nil: as the provider says.
type Names struct{ First, Last *string }

func (n Names) of(c *authserver.UnlinkedIdentity) account.Signup {
	in := account.Signup{Email: c.Email, FirstName: c.FirstName, LastName: c.LastName}
	if n.First != nil {
		in.FirstName = *n.First
	}
	if n.Last != nil {
		in.LastName = *n.Last
	}
	return in
}

// Family is the family somebody with an open invitation chose.
type Family string

// The choices. An app of the JSON API takes the invitation on behalf of its person
// (docs/contract.md, "Single sign-on"); pages ask.
const (
	FamilyInvited Family = "join"
	FamilyOwn     Family = "own"
)

var errChooseFamily = authserver.Violations{{Field: "family", Rule: "family.blank", Message: "Choose a family"}}

// create makes a user of the unlinked identity and runs then, in one
// transaction. A failure uses nothing up. into is asked for only where there is an
// open invitation. Errors: errNoCreation, fault.Invalid, fault.RateLimited,
// errLinkingCode.
func (s *Service) create(ctx context.Context, n *authserver.UnlinkedIdentity, names Names, into Family, v account.Visitor,
	then func(ctx context.Context, u *authserver.User) error,
) (*authserver.User, error) {
	if err := s.deps.People.AdmitSignup(ctx, v); err != nil {
		return nil, err
	}
	w, err := s.options(ctx, n)
	if err != nil {
		return nil, err
	}
	if !w.MayCreate {
		return nil, errNoCreation
	}
	invitation := w.Invitation
	switch {
	case invitation == nil || into == FamilyInvited:
	case into == FamilyOwn:
		invitation = nil
	default:
		return nil, fault.New(fault.Invalid, errChooseFamily[0].Message).WithErrors(errChooseFamily.Messages()...).WithCause(errChooseFamily)
	}
	var u *authserver.User
	err = s.deps.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.claim(ctx, n); err != nil {
			return err
		}
		if u, err = s.deps.People.SignUpVouched(ctx, names.of(n), invitation); err != nil {
			return err
		}
		if err := s.link(ctx, u, n.Provider, n.Subject, n.Email); err != nil {
			return taken(err)
		}
		return then(ctx, u)
	})
	return u, err
}

// refusedDevice is an account that was deactivated between two steps.
func refusedDevice(err error) error {
	if errors.Is(err, account.ErrBadCredentials) {
		return errRegister.WithCause(err)
	}
	return err
}
