package main

import (
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/pkg/testenv"
)

// TestClientLogoCommand: a picture of a file, and none again.
func TestClientLogoCommand(t *testing.T) {
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newShell(t, set)
		id := s.ok("client", "create", "--name", "App", "--public", "--redirect-uri", "http://127.0.0.1/cb").(map[string]any)["client_id"].(string)
		path := filepath.Join(t.TempDir(), "logo.png")
		file, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := png.Encode(file, image.NewNRGBA(image.Rect(0, 0, 40, 40))); err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
		given := s.ok("client", "logo", id, "--file", path).(map[string]any)
		if address, _ := given["logo"].(string); !strings.HasPrefix(address, "/logos/") || given["logo_shown"] != true {
			t.Errorf("%v", given)
		}
		if out := s.run("client", "show", id); !strings.Contains(out.stdout, "has a logo") {
			t.Errorf("%s", out.stdout)
		}
		if gone := s.ok("client", "logo", id, "--remove").(map[string]any); gone["logo"] != nil {
			t.Errorf("%v", gone)
		}
		s.ok("client", "create", "--name", "API", "--resource-server", "--id", "api")
		for _, args := range [][]string{{id, "--file", path + "x"}, {id, "--file", t.TempDir()}, {id, "--file", "/dev/zero"}, {id, "--file", "logo_test.go"}, {"nobody", "--file", path}, {"api", "--file", path}} {
			if out := s.run(append([]string{"client", "logo"}, args...)...); out.code != 1 {
				t.Errorf("%v: exit %d %s", args, out.code, out.stdout)
			}
		}
	})
}
