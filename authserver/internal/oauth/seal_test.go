package oauth

import (
	"bytes"
	"strings"
	"testing"

	"latchkey/pkg/secret"
)

func TestSealOpensForTheTokenItWasMadeForOnly(t *testing.T) {
	presented, access, refresh := secret.New(secret.RefreshToken), secret.New(secret.AccessToken), secret.New(secret.RefreshToken)
	sealed, err := seal(presented, access, refresh)
	if err != nil {
		t.Fatal(err)
	}
	for _, made := range []secret.Token{presented, access, refresh} {
		if bytes.Contains(sealed, []byte(made.Reveal()[4:20])) {
			t.Error("the seal shows what it holds")
		}
	}
	gotAccess, gotRefresh, err := openSeal(presented, sealed)
	if err != nil || gotAccess != access || gotRefresh != refresh {
		t.Errorf("opened %v, %v, %v", gotAccess, gotRefresh, err)
	}
	if _, _, err := openSeal(secret.New(secret.RefreshToken), sealed); err == nil {
		t.Error("another token opens the seal")
	}
	for i := range sealed {
		spoiled := bytes.Clone(sealed)
		spoiled[i] ^= 1
		if _, _, err := openSeal(presented, spoiled); err == nil {
			t.Fatalf("the seal opens with byte %d changed", i)
		}
	}
}

// The example of RFC 7636, appendix B.
func TestChallengeOfTheRFC(t *testing.T) {
	const verifier, challenge = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	if got := challengeOf(verifier); got != challenge {
		t.Errorf("challenge %q", got)
	}
	for _, right := range []string{challenge, challenge[:42] + "N", strings.Repeat("x", 43)} {
		if !validChallenge(right) {
			t.Errorf("challenge %q is refused", right)
		}
	}
	for _, wrong := range []string{"", verifier[:42], verifier + "!", verifier[:42] + "é", string(make([]byte, 43))} {
		if got := challengeOf(wrong); got != "" {
			t.Errorf("verifier %q has the challenge %q", wrong, got)
		}
	}
	for _, wrong := range []string{"", challenge[:42], challenge + "A", challenge[:42] + "=", challenge[:42] + "+", challenge[:42] + "\n", challenge + "\n"} {
		if validChallenge(wrong) {
			t.Errorf("challenge %q is accepted", wrong)
		}
	}
}
