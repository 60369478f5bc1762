package oauth

import (
	"crypto/sha256"
	"encoding/base64"
)

// challengeOf is the S256 challenge of a verifier (RFC 7636 section 4.6). A
// verifier of the wrong shape has none, and "" matches no code.
func challengeOf(verifier string) string {
	if len(verifier) < 43 || len(verifier) > 128 {
		return ""
	}
	for i := range len(verifier) {
		if !unreserved(verifier[i]) {
			return ""
		}
	}
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func unreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
		c == '-' || c == '.' || c == '_' || c == '~'
}

// validChallenge reports whether challenge has the shape of an S256 challenge:
// base64url of 32 bytes. One whose last character sets unused bits is accepted and
// matches no verifier.
func validChallenge(challenge string) bool {
	raw, err := base64.RawURLEncoding.DecodeString(challenge)
	return err == nil && len(raw) == sha256.Size && len(challenge) == 43
}
