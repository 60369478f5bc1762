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
// An example whose interpreter is not installed is passed over.
func TestExamplesRun(t *testing.T) {
	s := start(t, testenv.Embedded)
	c := s.admit(introspection.Answer{
		Active: true, Scope: "read_write", FamilyID: uuid.NewString(), UserID: uuid.NewString(), Role: "admin",
		CredentialID: uuid.NewString(), CredentialKind: introspection.KindAPIKey, CredentialName: "Examples", Source: "web", Tier: "standard",
	})
	for file, program := range map[string]string{"curl.sh": "sh", "example.py": "python3", "example.mjs": "node"} {
		t.Run(file, func(t *testing.T) {
			if file == "curl.sh" {
				if _, err := exec.LookPath("curl"); err != nil {
					t.Skip("curl is not installed")
				}
			}
			if _, err := exec.LookPath(program); err != nil {
				t.Skipf("%s is not installed", program)
			}
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
