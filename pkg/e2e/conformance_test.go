package e2e

import (
	"bufio"
	"encoding/json"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/pkg/testenv/actor"
	"latchkey/pkg/testenv/process"
)

// conformance is a command of the conformance suite of the Model Context Protocol,
// which writes what it found into a folder.
func conformance(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	args = append([]string{"node_modules/@modelcontextprotocol/conformance/dist/index.js"}, append(args, "--output-dir", dir)...)
	cmd := exec.CommandContext(t.Context(), node(t), args...)
	withChildren(cmd)
	cmd.Dir = "clients"
	return cmd
}

// checks counts what the suite wrote into dir by its outcome, and fails for what is
// neither a success nor only informs.
func checks(t *testing.T, dir string) (passed int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(file string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Base(file) != "checks.json" {
			return err
		}
		raw, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		var found []struct{ ID, Status, ErrorMessage string }
		if err := json.Unmarshal(raw, &found); err != nil {
			return err
		}
		for _, check := range found {
			switch check.Status {
			case "SUCCESS":
				passed++
			case "INFO":
			default:
				t.Errorf("%s: %s: %s", check.ID, check.Status, check.ErrorMessage)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return passed
}

// TestConformanceOfAuthorization runs the suite's scenarios for authorization servers:
// no failure, and no warning.
func TestConformanceOfAuthorization(t *testing.T) {
	introducing(t, func(w *world, v *vendor) {
		for _, id := range []string{w.client("http://127.0.0.1/callback", "--public").Client.ID, v.URL + "/client.json"} {
			addr, err := process.FreeAddr()
			if err != nil {
				w.t.Fatal(err)
			}
			dir, port := w.t.TempDir(), strings.TrimPrefix(addr, "127.0.0.1:")
			w.conform(conformance(w.t, dir, "authorization", "--url", w.Auth.URL, "--client-id", id, "--resource", w.API().URL+"/mcp", "--port", port))
			if passed := checks(w.t, dir); passed < 3 {
				w.t.Errorf("%s: %d checks passed", id, passed)
			}
		}
	})
}

// conform runs the suite, and as a person the authorization that it asks for.
func (w *world) conform(suite *exec.Cmd) {
	w.t.Helper()
	out, err := suite.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := suite.Start(); err != nil {
		w.t.Fatal(err)
	}
	var address string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		switch line := lines.Text(); {
		case strings.HasPrefix(line, w.Auth.URL+"/oauth/authorize?"):
			address = line
		case strings.HasPrefix(line, "Callback server started"):
			callback, err := w.person().Decide(w.t.Context(), address, actor.Allow)
			if err != nil {
				w.t.Fatal(err)
			}
			w.send("GET", callback.String(), nil, "")
		}
	}
	if err := suite.Wait(); err != nil {
		w.t.Error(err)
	}
}

// TestConformanceOfTools runs all the suite's scenarios for servers against /mcp, by
// both wires. The file conformance.yml names those that want tools, prompts and
// resources of the suite's own; the suite fails when one that is named there passes.
func TestConformanceOfTools(t *testing.T) {
	eachWorld(t, func(w *world) {
		api, err := url.Parse(w.API().URL)
		if err != nil {
			w.t.Fatal(err)
		}
		pair := w.tokens(w.public(), "read_write")
		// The suite knows no authorization.
		proxy := &httputil.ReverseProxy{
			Rewrite: func(r *httputil.ProxyRequest) {
				r.SetURL(api)
				r.Out.Host = r.In.Host
				r.Out.Header.Set("Authorization", "Bearer "+pair.Access)
			},
			ErrorLog: slog.NewLogLogger(slog.NewTextHandler(w.t.Output(), nil), slog.LevelError),
		}
		signed := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			// The suite sends its bodies in chunks. An answer can come before the last, empty chunk: without
			// this the body is closed then, which breaks the answer off.
			if err := http.NewResponseController(rw).EnableFullDuplex(); err != nil {
				w.t.Error(err)
			}
			proxy.ServeHTTP(rw, r)
		}))
		w.t.Cleanup(signed.Close)
		for _, version := range []string{"2025-06-18", "2025-11-25", "2026-07-28"} {
			suite := conformance(w.t, w.t.TempDir(), "server", "--url", signed.URL+"/mcp", "--spec-version", version, "--suite", "all", "--expected-failures", "conformance.yml")
			if out, err := suite.CombinedOutput(); err != nil {
				w.t.Errorf("%s: %v\n%s", version, err, out)
			}
		}
	})
}
