package secret

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Pattern is a regular expression that every credential matches, for scanners
// that search files for leaked ones. What matches it and has no right checksum
// is none of ours; Scan looks at both.
const Pattern = `\b(?:oat|ort|oac|key|ocs|sig|vis|inv|rst|eml|rsr|del|sso|lnk|iat|rat|odc)_[0-9A-Za-z]{49}\b`

// Name says what a kind is in words.
func (k Kind) Name() string {
	switch k {
	case AccessToken:
		return "access token"
	case RefreshToken:
		return "refresh token"
	case Code:
		return "authorization code"
	case APIKey:
		return "API key"
	case ClientSecret:
		return "client secret"
	case Signin:
		return "sign-in cookie"
	case Visit:
		return "visit cookie"
	case InviteCode:
		return "invite code"
	case ResetLink:
		return "reset link"
	case EmailLink:
		return "email link"
	case RestoreLink:
		return "restore link"
	case DeletionLink:
		return "deletion link"
	case ExchangeCode:
		return "exchange code"
	case LinkingCode:
		return "linking code"
	case RegistrationToken:
		return "initial access token"
	case ManagementToken:
		return "registration access token"
	case DeviceCode:
		return "device code"
	}
	return "credential"
}

// Match is a credential found in a text.
type Match struct {
	Kind Kind
	Stub string // prefix and last four characters
	Line int    // from 1
}

const scanChunk = 64 << 10

// Scan reads r to its end and calls found for every credential in it, told by
// pattern and checksum. NUL bytes are passed over, so UTF-16 text is read too.
// The error is r's.
func Scan(r io.Reader, found func(Match)) error {
	buf := make([]byte, 0, scanChunk+totalLen)
	fresh := make([]byte, scanChunk)
	line := 1
	for {
		n, err := r.Read(fresh)
		for _, c := range fresh[:n] {
			if c != 0 {
				buf = append(buf, c)
			}
		}
		end := errors.Is(err, io.EOF)
		keep := 0 // what may be the beginning of one
		if !end {
			keep = min(len(buf), totalLen-1)
		}
		done := len(buf) - keep
		line = scanFrom(buf, done, line, found)
		buf = append(buf[:0], buf[done:]...)
		if end {
			return nil
		}
		if err != nil {
			return fmt.Errorf("secret: scan: %w", err)
		}
	}
}

// scanFrom looks at every place before done and returns the line there.
func scanFrom(buf []byte, done, line int, found func(Match)) int {
	at := 0
	for at < done {
		next := bytes.IndexByte(buf[at:], '_')
		if next < 0 || at+next-prefixLen+1 >= done {
			break
		}
		start := at + next - prefixLen + 1
		if start >= 0 && start+totalLen <= len(buf) {
			text := string(buf[start : start+totalLen])
			if kind, err := KindOf(text); err == nil {
				found(Match{kind, Token{text: text}.String(), line + bytes.Count(buf[:start], []byte{'\n'})})
			}
		}
		at += next + 1
	}
	return line + bytes.Count(buf[:done], []byte{'\n'})
}
