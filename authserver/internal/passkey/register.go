package passkey

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

var errTooMany = fault.Newf(fault.Conflict, "You have %d passkeys, which is the most one person can have. Remove one first.", authserver.MaxPasskeys)

// BeginRegistration returns what the browser hands to navigator.credentials.create
// (CredentialCreationOptions in JSON). The challenge waits for Life and counts
// from this browser only. fault.Conflict: u has as many passkeys as can be.
func (s *Service) BeginRegistration(ctx context.Context, u *authserver.User, browser secret.Digest) (any, error) {
	if !s.Available() {
		return nil, errUnavailable
	}
	keys, err := s.deps.Store.ListPasskeys(ctx, u.ID)
	if err != nil {
		return nil, err
	}
	if len(keys) >= authserver.MaxPasskeys {
		return nil, errTooMany
	}
	who, err := newPerson(u, keys...)
	if err != nil {
		return nil, err
	}
	options, _, err := s.party.BeginRegistration(who, webauthn.WithExclusions(webauthn.Credentials(who.credentials).CredentialDescriptors()))
	if err != nil {
		return nil, fmt.Errorf("passkey: %w", err)
	}
	return options, s.remember(ctx, options.Response.Challenge, authserver.PasskeyRegister, browser, u.ID)
}

// Register stores the passkey that the browser made: answer is its
// RegistrationResponseJSON. An empty name becomes that of the authenticator's
// make. Errors: fault.Malformed, fault.Invalid (name, or the answer was not
// accepted), fault.Conflict (known already, or too many).
func (s *Service) Register(ctx context.Context, u *authserver.User, browser secret.Digest, name string, answer []byte) error {
	if !s.Available() {
		return errUnavailable
	}
	name = strings.TrimSpace(name)
	if name != "" {
		if broken := authserver.CheckPasskeyName(name); len(broken) > 0 {
			return invalid(broken)
		}
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return errUnreadable.WithCause(explain(err))
	}
	challenge := parsed.Response.CollectedClientData.Challenge
	if err := s.claim(ctx, challenge, authserver.PasskeyRegister, browser, u.ID, fault.Invalid); err != nil {
		return err
	}
	made, err := s.verifyNew(u, challenge, parsed)
	if err != nil {
		return fault.Wrap(fault.Invalid, explain(err), errRefused)
	}
	made.ID, made.UserID, made.CreatedAt = uuid.NewString(), u.ID, s.now()
	return s.deps.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.deps.Store.HoldUser(ctx, u.ID); err != nil {
			return err
		}
		keys, err := s.deps.Store.ListPasskeys(ctx, u.ID)
		if err != nil {
			return err
		}
		if len(keys) >= authserver.MaxPasskeys {
			return errTooMany
		}
		made.Name = name
		if name == "" {
			made.Name = freeName(maker(made.AAGUID), keys)
		}
		if err := s.deps.Store.CreatePasskey(ctx, made); err != nil {
			return err
		}
		return s.deps.Events.Record(ctx, authserver.Event{Kind: authserver.EventPasskeyAdded, UserID: u.ID, SubjectID: made.ID})
	})
}

func (s *Service) verifyNew(u *authserver.User, challenge string, parsed *protocol.ParsedCredentialCreationData) (*authserver.Passkey, error) {
	who, err := newPerson(u)
	if err != nil {
		return nil, err
	}
	c, err := s.party.CreateCredential(who, webauthn.SessionData{
		Challenge: challenge, RelyingPartyID: s.party.Config.RPID, UserID: who.handle,
		UserVerification: protocol.VerificationRequired, CredParams: webauthn.CredentialParametersDefault(),
	}, parsed)
	if err != nil {
		return nil, err
	}
	if len(c.ID) == 0 || len(c.ID) > authserver.MaxCredentialID || len(c.PublicKey) > authserver.MaxPasskeyPublic {
		return nil, errors.New("the credential is out of bounds")
	}
	p := &authserver.Passkey{
		CredentialID: c.ID, PublicKey: c.PublicKey, SignCount: c.Authenticator.SignCount,
		BackupEligible: c.Flags.BackupEligible, BackedUp: c.Flags.BackupState, AAGUID: c.Authenticator.AAGUID,
	}
	for _, t := range c.Transport {
		if slices.Contains(knownTransports, t) && !slices.Contains(p.Transports, string(t)) {
			p.Transports = append(p.Transports, string(t))
		}
	}
	return p, nil
}

var knownTransports = []protocol.AuthenticatorTransport{
	protocol.USB, protocol.NFC, protocol.BLE, protocol.SmartCard, protocol.Hybrid, protocol.Internal,
}

// invalid turns violations into the error of docs/contract.md, "Other error
// shapes".
func invalid(v authserver.Violations) error {
	return fault.New(fault.Invalid, v[0].Message).WithErrors(v.Messages()...).WithCause(v)
}

// freeName numbers a name that the person has used already.
func freeName(name string, keys []authserver.Passkey) string {
	taken := func(name string) bool {
		return slices.ContainsFunc(keys, func(k authserver.Passkey) bool { return k.Name == name })
	}
	free := name
	for n := 2; taken(free); n++ {
		free = fmt.Sprintf("%s %d", name, n)
	}
	return free
}

// makers are the names of common password managers and devices by AAGUID.
var makers = map[string]string{
	"ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4": "Google Password Manager",
	"fbfc3007-154e-4ecc-8c0b-6e020557d7bd": "Apple Passwords",
	"08987058-cadc-4b81-b6e1-30de50dcbe96": "Windows Hello",
	"9ddd1817-af5a-4672-a2b9-3e3dd95000a9": "Windows Hello",
	"6028b017-b1d4-4c02-b4b3-afcdafc96bb2": "Windows Hello",
	"adce0002-35bc-c60a-648b-0b25f1f05503": "Chrome on Mac",
	"bada5566-a7aa-401f-bd96-45619a55120d": "1Password",
	"d548826e-79b4-db40-a3d8-11116f7e8349": "Bitwarden",
	"531126d6-e717-415c-9320-3d9aa6981239": "Dashlane",
	"50726f74-6f6e-5061-7373-50726f746f6e": "Proton Pass",
	"53414d53-554e-4700-0000-000000000000": "Samsung Pass",
	"fdb141b2-5d84-443e-8a35-4698c205a502": "KeePassXC",
}

func maker(aaguid []byte) string {
	id, err := uuid.FromBytes(aaguid)
	if err != nil {
		return "Passkey"
	}
	if name, ok := makers[id.String()]; ok {
		return name
	}
	return "Passkey"
}
