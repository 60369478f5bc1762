package grant

import (
	"bytes"
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
