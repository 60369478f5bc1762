package event

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash"
	"sync/atomic"

	"latchkey/authserver"
	"latchkey/pkg/settings"
)

const (
	keyLength   = 32
	keyIDLength = 4
)

// Keys prove that events are as this server wrote them. They are derived from the
// encryption key (RFC 5869). MACs are made under the current one and found good
// under any; each begins with the id of its key. Its methods are safe for concurrent
// use.
type Keys struct{ ring atomic.Pointer[keyRing] }

type keyRing struct {
	current [keyIDLength]byte
	all     map[[keyIDLength]byte][]byte
}

// NewKeys derives the keys from encryption keys of 32 bytes in base64 or hex: the
// current one and those that were current before.
func NewKeys(current string, old ...string) (*Keys, error) {
	ring := &keyRing{all: map[[keyIDLength]byte][]byte{}}
	for i, text := range append([]string{current}, old...) {
		raw, err := settings.Bytes(text, keyLength)
		if err != nil {
			return nil, fmt.Errorf("the encryption key %w", err)
		}
		derived, err := hkdf.Key(sha256.New, raw, nil, "latchkey security events", keyIDLength+sha256.Size)
		if err != nil {
			return nil, fmt.Errorf("event: %w", err)
		}
		id := [keyIDLength]byte(derived)
		if i == 0 {
			ring.current = id
		}
		ring.all[id] = derived[keyIDLength:]
	}
	k := &Keys{}
	k.ring.Store(ring)
	return k, nil
}

// Renew takes the keys of next.
func (k *Keys) Renew(next *Keys) { k.ring.Store(next.ring.Load()) }

// outdated reports whether mac was made under a key that is not current.
func (k *Keys) outdated(mac []byte) bool {
	return len(mac) < keyIDLength || [keyIDLength]byte(mac) != k.ring.Load().current
}

// make computes a MAC of what write writes, under the current key.
func (k *Keys) make(write func(h hash.Hash)) []byte {
	ring := k.ring.Load()
	return ring.under(ring.current, write)
}

func (k *keyRing) under(id [keyIDLength]byte, write func(h hash.Hash)) []byte {
	h := hmac.New(sha256.New, k.all[id])
	write(h)
	return h.Sum(id[:])
}

// good reports whether mac is one of what write writes.
func (k *Keys) good(mac []byte, write func(h hash.Hash)) bool {
	if len(mac) < keyIDLength {
		return false
	}
	id, ring := [keyIDLength]byte(mac), k.ring.Load()
	return ring.all[id] != nil && hmac.Equal(mac, ring.under(id, write))
}

// put writes values so that no two lists of values are the same bytes.
func put(h hash.Hash, values ...[]byte) {
	for _, v := range values {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(v)))
		_, _ = h.Write(length[:]) // a hash never fails
		_, _ = h.Write(v)
	}
}

func number(n int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) } //nolint:gosec // the same bits

// marked is what the mark of an event covers: all but the family, which the
// database finds and the seal covers.
func marked(e *authserver.Event) func(h hash.Hash) {
	return func(h hash.Hash) {
		details := []byte("{}")
		if len(e.Details) > 0 {
			details, _ = json.Marshal(e.Details) // strings by name always can be
		}
		put(h, []byte("event"), []byte(e.ID), number(e.At.UnixMicro()), details)
		for _, text := range []string{
			e.Kind, e.Outcome, e.ActorID, e.UserID, e.ClientID, e.SubjectID, e.Address, e.UserAgent, e.RequestID,
		} {
			put(h, []byte(text))
		}
	}
}

// sealing is what the seal of an event covers.
func sealing(e *authserver.SealedEvent, before []byte) func(h hash.Hash) {
	return func(h hash.Hash) {
		put(h, []byte("seal"), number(e.Position), before, e.Mark, []byte(e.FamilyID))
	}
}

// covered is what the mark of the chain covers.
func covered(c *authserver.EventChain) func(h hash.Hash) {
	return func(h hash.Hash) {
		put(h, []byte("chain"), number(c.Position), c.Seal, number(c.Swept), c.SweptSeal)
	}
}
