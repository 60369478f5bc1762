//go:build !race

package e2e

import (
	"bytes"
	"os"
	"testing"

	"latchkey/pkg/e2e/stack"
)

// A binary grows by a third when one careless import keeps the linker from
// leaving out what nobody calls (docs/decisions/0021).
func TestBinariesAreSmall(t *testing.T) {
	const most = 40_000_000
	built, err := stack.Build(t.Context(), t.Output())
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

// What tests need stays out of what is shipped (docs/decisions/0026).
func TestBinariesHoldNoTestEngine(t *testing.T) {
	t.Parallel()
	built, err := stack.Build(t.Context(), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{built.Auth, built.API} {
		program, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(program, []byte("latchkey/pkg/httpserver.")) {
			t.Fatalf("%s does not name its packages: this test cannot see", path)
		}
		for _, name := range []string{
			"latchkey/pkg/testenv", "latchkey/pkg/e2e", "github.com/getkin/kin-openapi", "github.com/zitadel/", "github.com/chromedp/", "github.com/compose-spec/",
		} {
			if bytes.Contains(program, []byte(name)) {
				t.Errorf("%s holds %s", path, name)
			}
		}
	}
}
