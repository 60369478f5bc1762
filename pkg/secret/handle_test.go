package secret_test

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"latchkey/pkg/secret"
)

func TestTokensOfAHandleShareItAndNothingElse(t *testing.T) {
	refresh := secret.NewHandle()
	access := refresh.Access()
	if access == refresh || access != refresh.Access() || access == secret.NewHandle().Access() {
		t.Fatal("a derived handle must depend on the handle, and on nothing else")
	}
	for _, token := range []secret.Token{refresh.New(secret.RefreshToken), access.New(secret.AccessToken)} {
		if got, err := token.HandleDigest(); err != nil || got != access.Digest() {
			t.Errorf("a token of kind %v is found by %x, %v, want %x", token.Kind(), got, err, access.Digest())
		}
	}
	seen := map[string]bool{}
	for range 100 {
		token := access.New(secret.AccessToken)
		if seen[token.Reveal()] {
			t.Fatal("two tokens of one handle are equal")
		}
		seen[token.Reveal()] = true
		parsed, err := secret.Parse(secret.AccessToken, token.Reveal())
		if err != nil {
			t.Fatal(err)
		}
		if got, err := parsed.Handle(); err != nil || got != access {
			t.Fatalf("handle %x, %v, want %x", got, err, access)
		}
	}
	if refresh.Digest() == access.Digest() || refresh.Digest() == (secret.HandleDigest{}) {
		t.Error("digests of two handles must differ")
	}
}

func TestEveryNewTokenHasAHandle(t *testing.T) {
	for range 1000 {
		token, err := secret.NewFrom(rand.Reader, secret.RefreshToken)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := token.Handle(); err != nil {
			t.Fatalf("no handle: %v", err)
		}
	}
}

// 43 digits can say more than 256 bits; no token does.
func TestATextBeyond256BitsHasNoHandle(t *testing.T) {
	text := "oat_" + strings.Repeat("z", 43)
	token, err := secret.Parse(secret.AccessToken, secret.WithChecksum(text))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := token.Handle(); !errors.Is(err, secret.ErrMalformed) {
		t.Errorf("got %v", err)
	}
}

func BenchmarkHandle(b *testing.B) {
	token := secret.New(secret.AccessToken)
	for b.Loop() {
		if h, err := token.Handle(); err != nil || h.Digest() == (secret.HandleDigest{}) {
			b.Fatal(err)
		}
	}
}
