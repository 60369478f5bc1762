package passkey

import (
	"fmt"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"

	"latchkey/authserver"
)

// person is a user and the passkeys that may answer, as the library sees them.
type person struct {
	handle      []byte // the user's id in 16 bytes: says nothing of the person
	user        *authserver.User
	credentials []webauthn.Credential
}

func newPerson(u *authserver.User, keys ...authserver.Passkey) (*person, error) {
	id, err := uuid.Parse(u.ID)
	if err != nil {
		return nil, fmt.Errorf("passkey: user id: %w", err)
	}
	p := &person{handle: id[:], user: u}
	for i := range keys {
		p.credentials = append(p.credentials, credential(&keys[i]))
	}
	return p, nil
}

func credential(k *authserver.Passkey) webauthn.Credential {
	c := webauthn.Credential{
		ID: k.CredentialID, PublicKey: k.PublicKey,
		Flags:         webauthn.CredentialFlags{UserPresent: true, UserVerified: true, BackupEligible: k.BackupEligible, BackupState: k.BackedUp},
		Authenticator: webauthn.Authenticator{AAGUID: k.AAGUID, SignCount: k.SignCount},
	}
	for _, t := range k.Transports {
		c.Transport = append(c.Transport, protocol.AuthenticatorTransport(t))
	}
	return c
}

// WebAuthnID returns the user handle.
func (p *person) WebAuthnID() []byte { return p.handle }

// WebAuthnName is what the person's device lists the passkey under.
func (p *person) WebAuthnName() string { return p.user.Email }

// WebAuthnDisplayName is how the person's device addresses the person.
func (p *person) WebAuthnDisplayName() string { return p.user.DisplayName() }

// WebAuthnCredentials returns the passkeys that may answer.
func (p *person) WebAuthnCredentials() []webauthn.Credential { return p.credentials }
