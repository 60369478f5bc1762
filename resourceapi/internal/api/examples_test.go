package api_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"latchkey/pkg/introspection"
	"latchkey/pkg/testenv"
)

// TestExamplesRun runs the examples of the documentation against the service.
// An example whose interpreter is not installed is passed over, unless engines are required.
func TestExamplesRun(t *testing.T) {
	s := start(t, testenv.Embedded)
	c := s.admit(introspection.Answer{
		Active: true, Scope: "read_write", FamilyID: uuid.NewString(), UserID: uuid.NewString(), Role: "admin",
		CredentialID: uuid.NewString(), CredentialKind: introspection.KindAPIKey, CredentialName: "Examples", Source: "web", Tier: "standard",
	})
	for file, programs := range map[string]string{"curl.sh": "sh curl", "example.py": "python3", "example.mjs": "node"} {
		t.Run(file, func(t *testing.T) {
			for _, needed := range strings.Fields(programs) {
				if _, err := exec.LookPath(needed); err != nil && !testenv.RequireEngines() {
					t.Skipf("%s is not installed", needed)
				}
			}
			program, _, _ := strings.Cut(programs, " ")
			cmd := exec.CommandContext(t.Context(), program, filepath.Join("..", "..", "..", "docs", "examples", file))
			cmd.Env = append(os.Environ(), "API="+s.url, "KEY="+c.header.Get("X-Api-Key"))
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(out), "Cash") {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	for _, id := range []string{"example-curl", "example-python", "example-javascript"} {
		if list := string(c.get("/api/v1/transactions").raw); strings.Count(list, id) > 1 {
			t.Errorf("%s was recorded twice: %s", id, list)
		}
	}
}
