package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/authserver/internal/places/placestest"
	"latchkey/pkg/testenv"
)

// TestD10_ACommandInTheWrongFolderMakesNoDatabase, and no key file: it says where it
// looked.
func TestD10_ACommandInTheWrongFolderMakesNoDatabase(t *testing.T) {
	s := newShell(t, testenv.Embedded)
	s.url = "" // nobody names it
	for _, args := range [][]string{{"client", "list"}, {"user", "list"}, {"migrate", "status"}, {"seed"}, {"encryption-key", "rotate"}} {
		out := s.run(args...)
		if out.code != 1 || out.stdout != "" || !strings.Contains(out.stderr, "AUTH_DATABASE_URL is not set") || !strings.Contains(out.stderr, s.dir) {
			t.Errorf("%v: exit %d: %s%s", args, out.code, out.stdout, out.stderr)
		}
	}
	if left, err := os.ReadDir(s.dir); err != nil || len(left) > 0 {
		t.Fatalf("left behind: %v, %v", left, err)
	}
	s.ok("migrate", "up")
	if out := s.run("client", "list"); out.code != 0 || !strings.Contains(out.stderr, "using sqlite:data/auth.db") {
		t.Errorf("exit %d: %s", out.code, out.stderr)
	}
	if _, err := os.Stat(filepath.Join(s.dir, "data", "encryption.key")); err == nil {
		t.Error("a command that needs no key made one")
	}
}

// TestD12_AMisspeltSettingIsRefused where it is nearly one.
func TestD12_AMisspeltSettingIsRefused(t *testing.T) {
	s := newShell(t, testenv.Embedded)
	s.env = []string{"AUTH_SINGUP=closed"}
	if out := s.run("client", "list"); out.code != 1 || !strings.Contains(out.stderr, "AUTH_SINGUP is no setting: is AUTH_SIGNUP meant?") {
		t.Errorf("exit %d: %s", out.code, out.stderr)
	}
	s.env = []string{"AUTH_SERVICE_HOST=x", "API_ADR=x", "AUTH_SSO_GOOGLE_ISSUER=x"}
	if out := s.run("client", "list"); out.code != 0 {
		t.Errorf("exit %d: %s", out.code, out.stderr)
	}
}

// TestPlacesThatCannotBeRead keep the server from starting, and say which setting is meant.
func TestPlacesThatCannotBeRead(t *testing.T) {
	s := newShell(t, testenv.Embedded)
	for _, file := range []string{filepath.Join(s.dir, "nothing.mmdb"), s.dir, "place_test.go"} {
		s.env = []string{"AUTH_PLACES=" + file}
		if out := s.run("client", "list"); out.code != 1 || !strings.Contains(out.stderr, "AUTH_PLACES: ") {
			t.Errorf("%s: exit %d: %s", file, out.code, out.stderr)
		}
	}
	s.env = []string{"AUTH_PLACES=" + placestest.File(t)}
	if out := s.run("client", "list"); out.code != 0 {
		t.Errorf("exit %d: %s", out.code, out.stderr)
	}
}
