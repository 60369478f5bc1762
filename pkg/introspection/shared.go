package introspection

import (
	"encoding/binary"
	"errors"
)

// In the shared store an active answer stands in a form that is read back
// without a parser, since every process does so once per credential and
// second: the version byte, then numbers as varints and texts by their length.
// A tombstone is JSON and begins with another byte.
const sharedVersion = 1

var errShared = errors.New("introspection: unreadable entry in the shared store")

// texts lists the fields in the order they are written.
func (a *Answer) texts() [15]*string {
	return [...]*string{
		&a.Reason, &a.Scope, &a.ClientID, &a.Username, &a.TokenType, &a.Sub, &a.Aud, &a.Iss, &a.FamilyID,
		&a.UserID, &a.Role, &a.CredentialID, &a.CredentialKind, &a.CredentialName, &a.Source,
	}
}

func encodeShared(a Answer) []byte {
	b := make([]byte, 0, 512)
	b = append(b, sharedVersion)
	b = binary.AppendVarint(b, a.Exp)
	b = binary.AppendVarint(b, a.Iat)
	for _, t := range a.texts() {
		b = appendText(b, *t)
	}
	b = appendText(b, a.Tier)
	b = binary.AppendUvarint(b, uint64(len(a.AllowedCIDRs)))
	for _, c := range a.AllowedCIDRs {
		b = appendText(b, c)
	}
	return b
}

func appendText(b []byte, t string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(t))), t...)
}

// decodeShared reads what encodeShared wrote, or a tombstone.
func decodeShared(raw []byte) (Answer, error) {
	if len(raw) == 0 || raw[0] != sharedVersion {
		a, err := Decode(raw)
		if err == nil && a.Active {
			err = errShared // nobody writes it so: do not believe it
		}
		if err != nil {
			return Answer{}, err
		}
		return a, nil
	}
	a := Answer{Active: true}
	r := reader{rest: string(raw[1:])}
	a.Exp, a.Iat = r.number(), r.number()
	for _, t := range a.texts() {
		*t = r.text()
	}
	a.Tier = r.text()
	n := r.count()
	for range n {
		a.AllowedCIDRs = append(a.AllowedCIDRs, r.text())
	}
	if r.bad || r.rest != "" {
		return Answer{}, errShared
	}
	return a, nil
}

// reader cuts its input into pieces that share its memory.
type reader struct {
	rest string
	bad  bool
}

func (r *reader) uvarint() uint64 {
	var n uint64
	for i := 0; i < len(r.rest) && i < binary.MaxVarintLen64; i++ {
		c := r.rest[i]
		n |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			r.rest = r.rest[i+1:]
			return n
		}
	}
	r.bad, r.rest = true, ""
	return 0
}

func (r *reader) number() int64 {
	n := r.uvarint()
	return int64(n>>1) ^ -int64(n&1) // zigzag, the inverse of AppendVarint
}

// count is a length, never more than what is left: each item takes a byte.
func (r *reader) count() int {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.bad, r.rest = true, ""
		return 0
	}
	return int(n) //nolint:gosec // bounded by a length
}

func (r *reader) text() string {
	n := r.count()
	t := r.rest[:n]
	r.rest = r.rest[n:]
	return t
}
