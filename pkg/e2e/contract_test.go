package e2e

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"latchkey/pkg/e2e/stack"
)

var (
	citation    = regexp.MustCompile(`docs/contract\.md, "([^"]+)"(?: and "([^"]+)")?`)
	commentLine = regexp.MustCompile(`\n\s*// `)
)

// TestCitationsOfTheContractExist holds the comments that cite docs/contract.md
// against its headings.
func TestCitationsOfTheContractExist(t *testing.T) {
	root, err := stack.Root()
	if err != nil {
		t.Fatal(err)
	}
	contract, err := os.ReadFile(filepath.Join(root, "docs", "contract.md"))
	if err != nil {
		t.Fatal(err)
	}
	cited := 0
	for _, module := range []string{"authserver", "resourceapi", "pkg"} {
		err := filepath.WalkDir(filepath.Join(root, module), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" {
				return err
			}
			raw, err := os.ReadFile(path)
			for _, match := range citation.FindAllStringSubmatch(commentLine.ReplaceAllString(string(raw), " "), -1) {
				for _, heading := range match[1:] {
					if cited++; heading != "" && !strings.Contains(string(contract), "\n## "+heading+"\n") {
						t.Errorf("%s cites %q, which is no heading of docs/contract.md", path, heading)
					}
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if cited == 0 {
		t.Error("nothing cites docs/contract.md")
	}
}
