package oauth

import (
	"strings"
	"testing"
)

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
