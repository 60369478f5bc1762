//go:build !race

package e2e

import (
	"os"
	"testing"

	"latchkey/pkg/testenv"
)

// A binary grows by a third when one careless import keeps the linker from
// leaving out what nobody calls (docs/decisions/0021).
func TestBinariesAreSmall(t *testing.T) {
	const most = 30_000_000
	built, err := testenv.Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{built.Auth, built.API} {
		file, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if size := file.Size(); size > most {
			t.Errorf("%s: %d bytes, the bound is %d", path, size, most)
		}
	}
}
