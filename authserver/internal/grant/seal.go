package grant

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"

	"latchkey/pkg/secret"
)

// sealInfo separates this use of a refresh token from every other.
const sealInfo = "latchkey refresh retry v1"

// seal encrypts a new pair under a key derived from the refresh token that was
// presented for it. The token is stored nowhere, so the tables alone open no
// seal; and the seal is not in the token, so a stolen old token alone opens
// nothing either. A key seals once, so the nonce is fixed.
func seal(presented secret.Token, access, refresh secret.Token) ([]byte, error) {
	aead, err := sealer(presented)
	if err != nil {
		return nil, err
	}
	plain := []byte(access.Reveal() + refresh.Reveal())
	return aead.Seal(nil, make([]byte, aead.NonceSize()), plain, nil), nil //nolint:gosec // the key is used for this one message
}

// openSeal returns the pair that seal was given.
func openSeal(presented secret.Token, sealed []byte) (access, refresh secret.Token, err error) {
	aead, err := sealer(presented)
	if err != nil {
		return secret.Token{}, secret.Token{}, err
	}
	plain, err := aead.Open(nil, make([]byte, aead.NonceSize()), sealed, nil)
	if err != nil {
		return secret.Token{}, secret.Token{}, errors.New("grant: the seal does not open")
	}
	half := len(plain) / 2
	access, errAccess := secret.Parse(secret.AccessToken, string(plain[:half]))
	refresh, errRefresh := secret.Parse(secret.RefreshToken, string(plain[half:]))
	return access, refresh, errors.Join(errAccess, errRefresh)
}

func sealer(presented secret.Token) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, []byte(presented.Reveal()), nil, sealInfo, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
