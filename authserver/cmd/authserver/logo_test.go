package main

import (
	"encoding/pem"
	"errors"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/pkg/database"
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

// TestClientLogoIsFetched: the picture that a client names, which people see once somebody
// has looked at it; and nothing where it names none.
func TestClientLogoIsFetched(t *testing.T) {
	testenv.EachSet(t, func(t *testing.T, set testenv.Set) {
		s := newShell(t, set)
		id := s.ok("client", "create", "--name", "App", "--public", "--redirect-uri", "http://127.0.0.1/cb").(map[string]any)["client_id"].(string)
		if out := s.run("client", "logo", id, "--fetch"); out.code != 1 || !strings.Contains(out.stderr, "name a logo") {
			t.Errorf("%d %s", out.code, out.stderr)
		}
		host := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "image/png")
			_ = png.Encode(w, image.NewNRGBA(image.Rect(0, 0, 40, 40)))
		}))
		defer host.Close()
		trusted := filepath.Join(t.TempDir(), "host.pem")
		if err := os.WriteFile(trusted, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: host.Certificate().Raw}), 0o600); err != nil {
			t.Fatal(err)
		}
		db, err := database.Open(t.Context(), s.url, database.Options{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.Exec(t.Context(), `UPDATE clients SET introduced = 'registration', logo_uri = $1 WHERE id = $2`, host.URL+"/logo.png", id)
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
		s.env = append(s.env, "SSL_CERT_FILE="+trusted)
		if out := s.run("client", "logo", id, "--fetch"); out.code != 1 {
			t.Errorf("fetched from inside: %d %s", out.code, out.stdout)
		}
		s.env = append(s.env, "AUTH_CLIENT_DOCUMENT_NETWORKS=127.0.0.0/8")
		got := s.ok("client", "logo", id, "--fetch").(map[string]any)
		if address, _ := got["logo"].(string); !strings.HasPrefix(address, "/logos/") || got["logo_shown"] != nil {
			t.Errorf("%v", got)
		}
	})
}
