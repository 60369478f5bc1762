package passkey

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"latchkey/authserver"
	"latchkey/pkg/fault"
	"latchkey/pkg/secret"
)

// BeginSignIn returns what the browser hands to navigator.credentials.get
// (CredentialRequestOptions in JSON) for somebody we do not know yet.
func (s *Service) BeginSignIn(ctx context.Context, browser secret.Digest) (any, error) {
	if !s.Available() {
		return nil, errUnavailable
	}
	options, _, err := s.party.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, fmt.Errorf("passkey: %w", err)
	}
	return options, s.remember(ctx, options.Response.Challenge, authserver.PasskeySignin, browser, "")
}

// SignIn returns the user whose passkey answered, as they were before it was used: answer
// is the browser's AuthenticationResponseJSON. The device has verified the person (by
// fingerprint, PIN …), so this is two factors: something one has, and something
// one is or knows. Errors: fault.Malformed, fault.Unauthenticated.
func (s *Service) SignIn(ctx context.Context, browser secret.Digest, answer []byte) (*authserver.User, error) {
	parsed, err := s.read(answer)
	if err != nil {
		return nil, err
	}
	challenge := parsed.Response.CollectedClientData.Challenge
	if err := s.claim(ctx, challenge, authserver.PasskeySignin, browser, "", fault.Unauthenticated); err != nil {
		return nil, err
	}
	key, err := s.deps.Store.FindPasskey(ctx, parsed.RawID)
	var u *authserver.User
	if err == nil {
		u, err = s.deps.Store.FindUser(ctx, key.UserID)
	}
	if fault.Is(err, fault.NotFound) {
		s.failed(ctx, "", "unknown passkey")
		return nil, fault.Wrap(fault.Unauthenticated, err, errRefused)
	}
	if err != nil {
		return nil, err
	}
	who, err := newPerson(u, *key)
	if err != nil {
		return nil, err
	}
	_, found, err := s.party.ValidatePasskeyLogin(
		func(_, _ []byte) (webauthn.User, error) { return who, nil },
		s.session(challenge, protocol.VerificationRequired), parsed)
	if err != nil {
		s.failed(ctx, key.UserID, "passkey")
		return nil, fault.Wrap(fault.Unauthenticated, explain(err), errRefused)
	}
	return u, s.used(ctx, key, found)
}

// BeginSecondFactor is BeginSignIn for u, who gave the password already: any of
// the user's passkeys may answer. fault.NotFound: there is none.
func (s *Service) BeginSecondFactor(ctx context.Context, u *authserver.User, browser secret.Digest) (any, error) {
	if !s.Available() {
		return nil, errUnavailable
	}
	keys, err := s.deps.Store.ListPasskeys(ctx, u.ID)
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, fault.New(fault.NotFound, "You have no passkey.")
	}
	who, err := newPerson(u, keys...)
	if err != nil {
		return nil, err
	}
	options, _, err := s.party.BeginLogin(who, webauthn.WithUserVerification(protocol.VerificationPreferred))
	if err != nil {
		return nil, fmt.Errorf("passkey: %w", err)
	}
	return options, s.remember(ctx, options.Response.Challenge, authserver.PasskeySecondFactor, browser, u.ID)
}

// CheckSecondFactor accepts the answer of a passkey of u. Errors:
// fault.Malformed, fault.Unauthenticated.
func (s *Service) CheckSecondFactor(ctx context.Context, u *authserver.User, browser secret.Digest, answer []byte) error {
	parsed, err := s.read(answer)
	if err != nil {
		return err
	}
	challenge := parsed.Response.CollectedClientData.Challenge
	if err := s.claim(ctx, challenge, authserver.PasskeySecondFactor, browser, u.ID, fault.Unauthenticated); err != nil {
		return err
	}
	key, err := s.deps.Store.FindPasskey(ctx, parsed.RawID)
	if err == nil && key.UserID != u.ID {
		err = fault.New(fault.NotFound, "another user's passkey")
	}
	if fault.Is(err, fault.NotFound) {
		s.failed(ctx, u.ID, "unknown passkey")
		return fault.Wrap(fault.Unauthenticated, err, errRefused)
	}
	if err != nil {
		return err
	}
	who, err := newPerson(u, *key)
	if err != nil {
		return err
	}
	session := s.session(challenge, protocol.VerificationPreferred)
	session.UserID, session.AllowedCredentialIDs = who.handle, [][]byte{key.CredentialID}
	found, err := s.party.ValidateLogin(who, session, parsed)
	if err != nil {
		s.failed(ctx, u.ID, "passkey")
		return fault.Wrap(fault.Unauthenticated, explain(err), errRefused)
	}
	return s.used(ctx, key, found)
}

func (s *Service) read(answer []byte) (*protocol.ParsedCredentialAssertionData, error) {
	if !s.Available() {
		return nil, errUnavailable
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return nil, errUnreadable.WithCause(explain(err))
	}
	return parsed, nil
}

// session is what the library checks an answer against. The challenge is the
// answer's own: that it is one of ours was decided when it was claimed.
func (s *Service) session(challenge string, uv protocol.UserVerificationRequirement) webauthn.SessionData {
	return webauthn.SessionData{Challenge: challenge, RelyingPartyID: s.party.Config.RPID, UserVerification: uv}
}

// used moves the counter on in one statement, so that of two copies of a key
// that answer with one count at most one is believed.
func (s *Service) used(ctx context.Context, key *authserver.Passkey, found *webauthn.Credential) error {
	ok := !found.Authenticator.CloneWarning
	if ok {
		var err error
		ok, err = s.deps.Store.UsePasskey(ctx, key.ID, found.Authenticator.SignCount, found.Flags.BackupState, s.now())
		if err != nil {
			return err
		}
	}
	if !ok {
		s.deps.Events.Refused(ctx, authserver.Event{Kind: authserver.EventPasskeyCopied, UserID: key.UserID, SubjectID: key.ID})
		s.failed(ctx, key.UserID, "passkey counter")
		return fault.Wrap(fault.Unauthenticated, errors.New("the signature counter did not go up"), errRefused)
	}
	return nil
}

func (s *Service) failed(ctx context.Context, userID, reason string) {
	s.deps.Events.Refused(ctx, authserver.Event{
		Kind: authserver.EventSigninFailed, UserID: userID, Details: map[string]string{"reason": reason},
	})
}
