package account

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"sync/atomic"

	"latchkey/pkg/settings"
)

// Sealer encrypts what must stay readable: second-factor secrets. It seals under
// the current key and opens under any, so keys can be changed without an outage. Its
// methods are safe for concurrent use.
type Sealer struct{ ring atomic.Pointer[sealRing] }

type sealRing struct {
	current sealKey
	all     map[[keyIDLength]byte]sealKey
}

type sealKey struct {
	id   [keyIDLength]byte
	aead cipher.AEAD
}

const (
	keyIDLength = 4
	keyLength   = 32
)

// NewSealer reads keys of 32 bytes in base64 or hex: the current one and those
// that were current before.
func NewSealer(current string, old ...string) (*Sealer, error) {
	ring := &sealRing{all: map[[keyIDLength]byte]sealKey{}}
	for i, text := range append([]string{current}, old...) {
		raw, err := settings.Bytes(text, keyLength)
		if err != nil {
			return nil, fmt.Errorf("the encryption key %w", err)
		}
		block, err := aes.NewCipher(raw)
		if err != nil {
			return nil, fmt.Errorf("account: encryption key: %w", err)
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, fmt.Errorf("account: encryption key: %w", err)
		}
		sum := sha256.Sum256(append([]byte("latchkey key id\x00"), raw...))
		k := sealKey{id: [keyIDLength]byte(sum[:keyIDLength]), aead: aead}
		if i == 0 {
			ring.current = k
		}
		ring.all[k.id] = k
	}
	s := &Sealer{}
	s.ring.Store(ring)
	return s, nil
}

// Renew takes the keys of next.
func (s *Sealer) Renew(next *Sealer) { s.ring.Store(next.ring.Load()) }

// NewSealKey makes a key for NewSealer.
func NewSealKey() string {
	var raw [keyLength]byte
	_, _ = rand.Read(raw[:]) // crypto/rand never fails on Go 1.24 and later
	return base64.StdEncoding.EncodeToString(raw[:])
}

// seal encrypts plain for owner: it opens for nobody else.
func (s *Sealer) seal(plain []byte, owner string) []byte {
	key := s.ring.Load().current
	nonce := make([]byte, key.aead.NonceSize())
	_, _ = rand.Read(nonce) // crypto/rand never fails on Go 1.24 and later
	head := append(key.id[:], nonce...)
	return key.aead.Seal(head, nonce, plain, []byte(owner))
}

// open decrypts what seal made; outdated: under a key that is not current.
func (s *Sealer) open(sealed []byte, owner string) (plain []byte, outdated bool, err error) {
	if len(sealed) < keyIDLength {
		return nil, false, errors.New("account: sealed value is damaged")
	}
	ring := s.ring.Load()
	k, ok := ring.all[[keyIDLength]byte(sealed[:keyIDLength])]
	if !ok {
		return nil, false, errors.New("account: sealed under a key we do not have")
	}
	rest := sealed[keyIDLength:]
	if len(rest) < k.aead.NonceSize() {
		return nil, false, errors.New("account: sealed value is damaged")
	}
	plain, err = k.aead.Open(nil, rest[:k.aead.NonceSize()], rest[k.aead.NonceSize():], []byte(owner))
	if err != nil {
		return nil, false, fmt.Errorf("account: open sealed value: %w", err)
	}
	return plain, k.id != ring.current.id, nil
}
