package actor

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// Authenticator is a person's device that makes passkeys and answers with them
// (Web Authentication Level 2, sections 6.3.2 and 6.3.3), together with the
// browser around it. Its fields may be changed to make it lie.
type Authenticator struct {
	Origin   string // of the page that asks, as the browser writes it
	RPID     string // "": what the options ask for
	Verifies bool   // it asks the person for a finger or a PIN
	Keys     []*AuthenticatorKey
}

// AuthenticatorKey is one passkey.
type AuthenticatorKey struct {
	ID      []byte
	User    []byte // the user handle it was made for
	RPID    string
	Count   uint32 // of signatures; goes up with each
	Private *ecdsa.PrivateKey
}

// NewAuthenticator returns a device with no passkeys in a browser at origin.
func NewAuthenticator(origin string) *Authenticator {
	return &Authenticator{Origin: origin, Verifies: true}
}

type credentialOptions struct {
	PublicKey struct {
		Challenge string `json:"challenge"`
		RPID      string `json:"rpId"`
		RP        struct {
			ID string `json:"id"`
		} `json:"rp"`
		User struct {
			ID string `json:"id"`
		} `json:"user"`
		Allow   []descriptor `json:"allowCredentials"`
		Exclude []descriptor `json:"excludeCredentials"`
	} `json:"publicKey"`
}

type descriptor struct {
	ID string `json:"id"`
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (a *Authenticator) clientData(kind, challenge string) ([]byte, error) {
	return json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": a.Origin, "crossOrigin": false})
}

const (
	flagPresent  = 0x01
	flagVerified = 0x04
	flagAttested = 0x40
)

func (a *Authenticator) authenticatorData(rpID string, flags byte, count uint32) []byte {
	if a.RPID != "" {
		rpID = a.RPID
	}
	if a.Verifies {
		flags |= flagVerified
	}
	sum := sha256.Sum256([]byte(rpID))
	data := append(sum[:], flags|flagPresent)
	return binary.BigEndian.AppendUint32(data, count)
}

// Create does what navigator.credentials.create does with options in JSON, and
// returns the RegistrationResponseJSON.
func (a *Authenticator) Create(options []byte) (string, error) {
	var o credentialOptions
	if err := json.Unmarshal(options, &o); err != nil {
		return "", fmt.Errorf("actor: creation options: %w", err)
	}
	user, err := base64.RawURLEncoding.DecodeString(o.PublicKey.User.ID)
	if err != nil || len(user) == 0 {
		return "", errors.Join(errors.New("actor: the options have no user handle"), err)
	}
	for _, d := range o.PublicKey.Exclude {
		if a.find(d.ID) != nil {
			return "", errors.New("actor: InvalidStateError: the device has a passkey of this account")
		}
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", fmt.Errorf("actor: %w", err)
	}
	k := &AuthenticatorKey{ID: make([]byte, 32), User: user, RPID: o.PublicKey.RP.ID, Count: 1, Private: private}
	_, _ = rand.Read(k.ID) // crypto/rand never fails on Go 1.24 and later
	a.Keys = append(a.Keys, k)
	data := a.authenticatorData(k.RPID, flagAttested, k.Count)
	data = append(data, make([]byte, 16)...)                      // no AAGUID
	data = binary.BigEndian.AppendUint16(data, uint16(len(k.ID))) //nolint:gosec // made above, 32 bytes
	data = append(data, k.ID...)
	if data, err = appendCOSE(data, private); err != nil {
		return "", err
	}
	client, err := a.clientData("webauthn.create", o.PublicKey.Challenge)
	if err != nil {
		return "", err
	}
	return answer(k.ID, map[string]any{
		"clientDataJSON": b64(client), "attestationObject": b64(attestation(data)), "transports": []string{"internal", "made-up"},
	})
}

// appendCOSE appends the public key as an EC2 key for ES256 (RFC 9053 section 2.1).
func appendCOSE(data []byte, private *ecdsa.PrivateKey) ([]byte, error) {
	point, err := private.PublicKey.Bytes() // 0x04, x, y
	if err != nil {
		return nil, fmt.Errorf("actor: %w", err)
	}
	data = append(data, 0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20)
	data = append(data, point[1:33]...)
	data = append(data, 0x22, 0x58, 0x20)
	return append(data, point[33:]...), nil
}

// attestation is the CBOR of {"fmt": "none", "attStmt": {}, "authData": data}.
func attestation(data []byte) []byte {
	object := []byte("\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59")
	object = binary.BigEndian.AppendUint16(object, uint16(len(data))) //nolint:gosec // a few hundred bytes
	return append(object, data...)
}

// Get does what navigator.credentials.get does with options in JSON, and
// returns the AuthenticationResponseJSON. It answers with the passkey made last
// of those the options allow.
func (a *Authenticator) Get(options []byte) (string, error) {
	var o credentialOptions
	if err := json.Unmarshal(options, &o); err != nil {
		return "", fmt.Errorf("actor: request options: %w", err)
	}
	for _, k := range slices.Backward(a.Keys) {
		allowed := len(o.PublicKey.Allow) == 0 || slices.Contains(o.PublicKey.Allow, descriptor{b64(k.ID)})
		if allowed && k.RPID == o.PublicKey.RPID {
			return a.Sign(k, o.PublicKey.Challenge)
		}
	}
	return "", errors.New("actor: NotAllowedError: the device has no such passkey")
}

// Sign answers a challenge with one passkey, whatever the options said.
func (a *Authenticator) Sign(k *AuthenticatorKey, challenge string) (string, error) {
	k.Count++
	data := a.authenticatorData(k.RPID, 0, k.Count)
	client, err := a.clientData("webauthn.get", challenge)
	if err != nil {
		return "", err
	}
	clientSum := sha256.Sum256(client)
	sum := sha256.Sum256(append(bytes.Clone(data), clientSum[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, k.Private, sum[:])
	if err != nil {
		return "", fmt.Errorf("actor: %w", err)
	}
	return answer(k.ID, map[string]any{
		"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signature), "userHandle": b64(k.User),
	})
}

func answer(id []byte, response map[string]any) (string, error) {
	raw, err := json.Marshal(map[string]any{
		"id": b64(id), "rawId": b64(id), "type": "public-key", "response": response,
		"authenticatorAttachment": "platform", "clientExtensionResults": map[string]any{},
	})
	return string(raw), err
}

func (a *Authenticator) find(id string) *AuthenticatorKey {
	for _, k := range a.Keys {
		if b64(k.ID) == id {
			return k
		}
	}
	return nil
}
