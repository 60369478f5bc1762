package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/pkg/e2e/stack"
	"latchkey/pkg/testenv"
)

// mostExposed is what systemd-analyze may find wrong with a unit, of 100.
const mostExposed = "20"

// TestD9_SystemdUnits are what systemd takes, and may little.
func TestD9_SystemdUnits(t *testing.T) {
	t.Parallel()
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil && !testenv.RequireEngines() {
		t.Skip("systemd-analyze is not here")
	}
	root, err := stack.Root()
	if err != nil {
		t.Fatal(err)
	}
	units, err := filepath.Glob(filepath.Join(root, "deploy", "systemd", "latchkey-*"))
	if err != nil || len(units) < 5 {
		t.Fatalf("%v, %v", units, err)
	}
	folder := t.TempDir()
	installed := strings.NewReplacer("/usr/local/bin/authserver", "/bin/true", "/usr/local/bin/resourceapi", "/bin/true",
		"/usr/local/lib/latchkey/backup.sh", "/bin/true") // which are not here
	var here []string
	for _, unit := range units {
		raw, err := os.ReadFile(unit)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(folder, filepath.Base(unit))
		if err := os.WriteFile(file, []byte(installed.Replace(string(raw))), 0o600); err != nil {
			t.Fatal(err)
		}
		here = append(here, strings.Replace(file, "@.", "@8080.", 1))
		if !strings.HasSuffix(file, ".service") {
			continue
		}
		security := exec.CommandContext(t.Context(), analyze, "security", "--offline=yes", "--threshold="+mostExposed, file)
		if out, err := security.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", filepath.Base(unit), err, out)
		}
	}
	verify := exec.CommandContext(t.Context(), analyze, append([]string{"verify", "--man=no"}, here...)...)
	if out, err := verify.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}
