// Package passkey is Web Authentication: people register a public key with their
// account, and later prove with its private half that they are present, instead
// of a password or as a second factor. It knows no HTTP and no SQL.
//
// The service remembers nothing between two requests: a challenge is a row that
// is claimed by whoever answers first, and it counts only from the browser that
// asked for it.
package passkey

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"latchkey/authserver"
	"latchkey/authserver/internal/event"
	"latchkey/pkg/branding"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

// Store is what the use cases need of the database. Every method joins the
// transaction in its context.
type Store interface {
	InTx(ctx context.Context, fn func(ctx context.Context) error) error
	HoldUser(ctx context.Context, userID string) error
	FindUser(ctx context.Context, id string) (*authserver.User, error)
	CreatePasskey(ctx context.Context, p *authserver.Passkey) error
	ListPasskeys(ctx context.Context, userID string) ([]authserver.Passkey, error)
	FindPasskey(ctx context.Context, credentialID []byte) (*authserver.Passkey, error)
	UsePasskey(ctx context.Context, id string, count uint32, backedUp bool, now time.Time) (bool, error)
	RenamePasskey(ctx context.Context, userID, id, seen, name string) (bool, error)
	DeletePasskey(ctx context.Context, userID, id string) (bool, error)
	CreatePasskeyChallenge(ctx context.Context, c *authserver.PasskeyChallenge) error
	ClaimPasskeyChallenge(ctx context.Context, challenge secret.Digest, purpose string, browser secret.Digest, now time.Time) (string, error)
	WaysIn(ctx context.Context, userID string) (int, error)
}

// Dependencies of a Service.
type Dependencies struct {
	Store  Store
	Issuer string // public address; its host is the relying party's id
	Name   string // of the instance, for who is asked for a passkey; "": Latchkey
	Events *event.Recorder
	Now    func() time.Time
}

// Service carries out the use cases. Its methods are safe for concurrent use.
type Service struct {
	deps Dependencies

	party *webauthn.WebAuthn // nil: browsers would not do it at this address
}

// Life of a challenge: as long as the browser's own dialogue stays open.
const Life = 5 * time.Minute

// New returns a Service. At an address for which browsers refuse passkeys (an IP
// address, or http elsewhere than on localhost) it is not Available.
func New(d Dependencies) (*Service, error) {
	u, err := url.Parse(d.Issuer)
	if err != nil || u.Host == "" {
		return nil, errors.New("passkey: the issuer must be an absolute URL")
	}
	s := &Service{deps: d}
	if !trusted(u) {
		return s, nil
	}
	timeout := webauthn.TimeoutConfig{Timeout: Life, TimeoutUVD: Life}
	s.party, err = webauthn.New(&webauthn.Config{
		RPID: u.Hostname(), RPDisplayName: cmp.Or(d.Name, branding.DefaultName), RPOrigins: []string{u.Scheme + "://" + u.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(),
			UserVerification: protocol.VerificationRequired,
		},
		Timeouts: webauthn.TimeoutsConfig{Login: timeout, Registration: timeout},
	})
	if err != nil {
		return nil, fmt.Errorf("passkey: %w", err)
	}
	return s, nil
}

// trusted reports whether browsers do Web Authentication at u (section 5.1.3:
// a secure context whose host is a domain).
func trusted(u *url.URL) bool {
	if _, err := netip.ParseAddr(u.Hostname()); err == nil {
		return false
	}
	return u.Scheme == "https" || u.Hostname() == "localhost"
}

// Available reports whether people can use passkeys at this server's address.
func (s *Service) Available() bool { return s != nil && s.party != nil }

var errUnavailable = fault.New(fault.NotFound, "Passkeys don't work at this server's address.")

// The refusals. None says which of the checks failed; the log does.
var (
	errUnreadable = fault.New(fault.Malformed, "The passkey's answer could not be read.")
	errExpired    = "That took too long, or was used before. Try again."
	errRefused    = "The passkey was not accepted."
)

func (s *Service) now() time.Time { return s.deps.Now().UTC().Truncate(time.Microsecond) }

// remember stores the challenge of session for the browser.
func (s *Service) remember(ctx context.Context, challenge protocol.URLEncodedBase64, purpose string, browser secret.Digest, userID string) error {
	now := s.now()
	return s.deps.Store.CreatePasskeyChallenge(ctx, &authserver.PasskeyChallenge{
		Digest: secret.DigestOf(challenge.String()), Purpose: purpose, Browser: browser, UserID: userID,
		CreatedAt: now, ExpiresAt: now.Add(Life),
	})
}

// claim uses up the challenge that an answer names. It must have been given to
// this browser for this purpose, and to userID.
func (s *Service) claim(ctx context.Context, challenge, purpose string, browser secret.Digest, userID string, kind fault.Kind) error {
	asked, err := s.deps.Store.ClaimPasskeyChallenge(ctx, secret.DigestOf(challenge), purpose, browser, s.now())
	if fault.Is(err, fault.NotFound) {
		return fault.Wrap(kind, err, errExpired)
	}
	if err != nil {
		return err
	}
	if asked != userID {
		return fault.Wrap(kind, errors.New("the challenge was given to another user"), errRefused)
	}
	return nil
}

// explain adds what the library keeps out of its errors' text.
func explain(err error) error {
	if e, ok := errors.AsType[*protocol.Error](err); ok && e.DevInfo != "" {
		return fmt.Errorf("%w (%s)", err, e.DevInfo)
	}
	return err
}
