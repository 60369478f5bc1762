package secret

import (
	"crypto/rand"
	"crypto/sha256"
	"database/sql/driver"
)

const handleBytes = 12

// Handle is the part that all tokens of one kind of one grant share: the first 12
// of their 32 random bytes. By its digest the grant is found; what makes a token
// good are the other 20 bytes, which are fresh in each.
type Handle [handleBytes]byte

// HandleDigest is how a handle is stored: the first 16 bytes of its SHA-256.
type HandleDigest [16]byte

// NewHandle makes a handle from crypto/rand.
func NewHandle() Handle {
	var h Handle
	_, _ = rand.Read(h[:]) // never fails on Go 1.24 and later
	return h
}

// Access makes of the handle of refresh tokens that of the access tokens of the
// same grant. Who knows the latter learns nothing of h.
func (h Handle) Access() Handle {
	sum := sha256.Sum256(append([]byte("latchkey handle access "), h[:]...))
	return Handle(sum[:handleBytes])
}

// Digest is what the tables know the handle by.
func (h Handle) Digest() HandleDigest {
	sum := sha256.Sum256(h[:])
	return HandleDigest(sum[:16])
}

// Value implements driver.Valuer: the raw bytes.
func (d HandleDigest) Value() (driver.Value, error) { return d[:], nil }

// New makes a credential of kind k that begins with h.
func (h Handle) New(k Kind) Token {
	var raw [randomBytes]byte
	copy(raw[:], h[:])
	if _, err := rand.Read(raw[handleBytes:]); err != nil {
		panic("secret: crypto/rand failed: " + err.Error()) // crypto/rand never fails on Go 1.24 and later
	}
	return encode(k, raw)
}

// HandleDigest returns what the grant of t, an access or refresh token, is found by:
// the digest of the handle of its access tokens. ErrMalformed: as Handle.
func (t Token) HandleDigest() (HandleDigest, error) {
	h, err := t.Handle()
	if err != nil {
		return HandleDigest{}, err
	}
	if t.Kind() == RefreshToken {
		h = h.Access()
	}
	return h.Digest(), nil
}

// Handle returns the handle that t begins with. ErrMalformed: New made no such
// text.
func (t Token) Handle() (Handle, error) {
	raw, err := decodeBase62(t.text[prefixLen : prefixLen+bodyLen])
	if err != nil {
		return Handle{}, err
	}
	return Handle(raw[:handleBytes]), nil
}
