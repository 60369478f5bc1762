// Package secret makes, recognises, digests and redacts credentials.
//
// A credential is a prefix that names its kind, 32 random bytes in base62 (43
// characters) and a CRC-32 checksum in base62 (6 characters). The checksum is a
// guard against typing errors and a help to secret scanners, not a MAC: what
// makes a credential good is that its SHA-256 digest is in our tables.
package secret

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"strings"
)

// Kind names what a credential is for; its value is the prefix people see.
type Kind string

// The kinds.
const (
	AccessToken  Kind = "oat_"
	RefreshToken Kind = "ort_"
	Code         Kind = "oac_" // authorization code
	APIKey       Kind = "key_"
	ClientSecret Kind = "ocs_"
	Signin       Kind = "sig_" // the cookie of a sign-in
	Visit        Kind = "vis_" // the cookie of a browser that has not signed in yet
	Browser      Kind = "brw_" // the cookie by which a browser is known again
	InviteCode   Kind = "inv_"
	ResetLink    Kind = "rst_"
	EmailLink    Kind = "eml_"
	RestoreLink  Kind = "rsr_"
	DeletionLink Kind = "del_" // shows how far the deletion of an account is
	ExchangeCode Kind = "sso_" // single sign-on code of a mobile app
	LinkingCode  Kind = "lnk_"

	RegistrationToken Kind = "iat_" // lets its holder register clients (initial access token)
	ManagementToken   Kind = "rat_" // manages the client it was issued with (registration access token)
	DeviceCode        Kind = "odc_" // of a device that waits for somebody's approval
)

var kinds = []Kind{
	AccessToken, RefreshToken, Code, APIKey, ClientSecret, Signin, Visit, Browser,
	InviteCode, ResetLink, EmailLink, RestoreLink, DeletionLink, ExchangeCode, LinkingCode, RegistrationToken, ManagementToken, DeviceCode,
}

const (
	randomBytes = 32
	bodyLen     = 43 // 32 bytes in base62
	checkLen    = 6  // a CRC-32 in base62
	prefixLen   = 4
	totalLen    = prefixLen + bodyLen + checkLen
)

// ErrMalformed is returned by Parse for anything that New cannot have made.
var ErrMalformed = errors.New("malformed credential")

// Token is a credential in the clear. It exists in memory for one request and
// prints as a stub wherever it meets fmt or slog.
type Token struct{ text string }

// New makes a credential of kind k from crypto/rand.
func New(k Kind) Token {
	t, err := NewFrom(rand.Reader, k)
	if err != nil {
		panic("secret: crypto/rand failed: " + err.Error()) // crypto/rand never fails on Go 1.24 and later
	}
	return t
}

// NewFrom makes a credential of kind k from random.
func NewFrom(random io.Reader, k Kind) (Token, error) {
	var raw [randomBytes]byte
	if _, err := io.ReadFull(random, raw[:]); err != nil {
		return Token{}, fmt.Errorf("secret: %w", err)
	}
	return encode(k, raw), nil
}

func encode(k Kind, raw [randomBytes]byte) Token {
	buf := make([]byte, 0, totalLen)
	buf = append(buf, k...)
	buf = appendBase62(buf, raw[:], bodyLen)
	return Token{text: string(appendChecksum(buf))}
}

// Parse recognises a credential of kind k without any lookup. The error is
// ErrMalformed and holds nothing of the text.
func Parse(k Kind, text string) (Token, error) {
	if len(text) != totalLen || !strings.HasPrefix(text, string(k)) || !wellFormed(text) {
		return Token{}, ErrMalformed
	}
	return Token{text: text}, nil
}

// KindOf returns the kind of a well-formed credential, or ErrMalformed.
func KindOf(text string) (Kind, error) {
	if len(text) != totalLen || !wellFormed(text) {
		return "", ErrMalformed
	}
	for _, k := range kinds {
		if text[:prefixLen] == string(k) {
			return k, nil
		}
	}
	return "", ErrMalformed
}

// ParseAny recognises a credential of whatever kind. The error is ErrMalformed
// and holds nothing of the text.
func ParseAny(text string) (Token, error) {
	if _, err := KindOf(text); err != nil {
		return Token{}, err
	}
	return Token{text: text}, nil
}

func wellFormed(text string) bool {
	for i := prefixLen; i < len(text); i++ {
		if !isBase62[text[i]] {
			return false
		}
	}
	// crc32.ChecksumIEEE, which would need a copy of the text.
	crc := ^uint32(0)
	for i := range totalLen - checkLen {
		crc = crc32.IEEETable[byte(crc)^text[i]] ^ crc>>8 //nolint:gosec // the low byte, and within the 256 of the table
	}
	var sum [checkLen]byte
	encodeUint32(&sum, ^crc)
	return string(sum[:]) == text[totalLen-checkLen:]
}

// Reveal returns the credential in the clear: for the one answer that hands it out.
func (t Token) Reveal() string { return t.text }

// IsZero reports whether t is no credential at all.
func (t Token) IsZero() bool { return t.text == "" }

// Digest returns what the tables know the credential by.
func (t Token) Digest() Digest { return DigestOf(t.text) }

// Kind returns what t is for; empty for the zero Token.
func (t Token) Kind() Kind {
	if len(t.text) < prefixLen {
		return ""
	}
	return Kind(t.text[:prefixLen])
}

// LastFour returns the last four characters, by which a person recognises a key.
func (t Token) LastFour() string {
	if len(t.text) < 4 {
		return ""
	}
	return t.text[len(t.text)-4:]
}

// String returns the stub: prefix, ellipsis, last four characters.
func (t Token) String() string {
	if len(t.text) < prefixLen+4 {
		return "…"
	}
	return t.text[:prefixLen] + "…" + t.LastFour()
}

// GoString keeps %#v from printing the credential.
func (t Token) GoString() string { return "secret.Token(" + t.String() + ")" }

// LogValue keeps slog from printing the credential.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalText refuses: a credential leaves the process only through Reveal.
func (t Token) MarshalText() ([]byte, error) {
	return nil, errors.New("secret: a credential is not marshalled")
}

// Digest is the SHA-256 of a credential: how it is stored and found. It prints
// as lower-case hex.
type Digest [sha256.Size]byte

// DigestOf returns the digest of text.
func DigestOf(text string) Digest {
	var space [64]byte // a credential fits, and is not copied to the heap
	return sha256.Sum256(append(space[:0], text...))
}

// DigestFromBytes reads a digest as Value stored it.
func DigestFromBytes(b []byte) (Digest, error) {
	var d Digest
	if len(b) != len(d) {
		return Digest{}, fmt.Errorf("secret: a digest has %d bytes, not %d", len(d), len(b))
	}
	copy(d[:], b)
	return d, nil
}

// String returns lower-case hex.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// IsZero reports whether d is the zero value, which is no credential's digest.
func (d Digest) IsZero() bool { return d == Digest{} }

// Equal compares in constant time.
func (d Digest) Equal(other Digest) bool { return subtle.ConstantTimeCompare(d[:], other[:]) == 1 }

// Value stores the 32 bytes as they are.
func (d Digest) Value() (driver.Value, error) { return d[:], nil }

// Scan reads what Value stored; NULL is the zero digest.
func (d *Digest) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*d = Digest{}
		return nil
	case []byte:
		got, err := DigestFromBytes(v)
		*d = got
		return err
	}
	return fmt.Errorf("secret: cannot scan %T into a digest", src)
}
