package guard_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Who else than the guard looks at the credentials of requests could let
// somebody in. Client authentication (RFC 6749 section 2.3) is the OAuth
// endpoints' own business.
func TestNobodyElseReadsCredentials(t *testing.T) {
	const root = "../.."
	reads := regexp.MustCompile(`(?i)(\.Get|\.Values|Header)[(\[]"(Authorization|X-Api-Key)"[)\]]|\.BasicAuth\(\)`)
	seen := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && (strings.HasPrefix(d.Name(), ".") && d.Name() != ".." || d.Name() == "third_party" || d.Name() == "testenv") {
			if err == nil && path != root {
				err = filepath.SkipDir
			}
			return err
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err == nil && reads.Match(text) {
			rel, _ := filepath.Rel(root, path)
			seen[filepath.ToSlash(filepath.Dir(rel))] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if !seen["pkg/guard"] || !seen["authserver/internal/oauth"] || len(seen) != 2 {
		t.Errorf("who reads credentials of requests: %v", seen)
	}
}
