package e2e

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"latchkey/pkg/e2e/stack"
)

// TestThreatListNamesRealTests holds docs/threats.md against the tests there are.
func TestThreatListNamesRealTests(t *testing.T) {
	root, err := stack.Root()
	if err != nil {
		t.Fatal(err)
	}
	list, err := os.ReadFile(filepath.Join(root, "docs", "threats.md"))
	if err != nil {
		t.Fatal(err)
	}
	var source strings.Builder
	for _, module := range []string{"authserver", "resourceapi", "pkg"} {
		err := filepath.WalkDir(filepath.Join(root, module), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			raw, err := os.ReadFile(path)
			source.Write(raw)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	names := regexp.MustCompile("`(Test[A-Za-z0-9_]+)`").FindAllStringSubmatch(string(list), -1)
	for _, name := range names {
		if !strings.Contains(source.String(), "\nfunc "+name[1]+"(t *testing.T)") {
			t.Errorf("docs/threats.md names %s, which is not there", name[1])
		}
	}
	var all strings.Builder
	for _, name := range names {
		all.WriteString(name[1] + " ")
	}
	for kind, last := range map[string]int{"S": 45, "T": 32} {
		for n := 1; n <= last; n++ {
			if id := fmt.Sprintf("%s%02d_", kind, n); !strings.Contains(all.String(), id) {
				t.Errorf("no test is named after %s", strings.TrimSuffix(id, "_"))
			}
		}
	}
}

// TestArchitectureNamesEveryPackage holds docs/architecture.md against the tree.
func TestArchitectureNamesEveryPackage(t *testing.T) {
	root, err := stack.Root()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "docs", "architecture.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, module := range []string{"authserver", "resourceapi", "pkg"} {
		err := filepath.WalkDir(filepath.Join(root, module), func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() {
				return err
			}
			if d.Name() == "third_party" {
				return filepath.SkipDir
			}
			files, err := filepath.Glob(filepath.Join(path, "*.go"))
			if err != nil || len(files) == 0 {
				return err
			}
			folder, err := filepath.Rel(root, path)
			if err == nil && !strings.Contains(string(text), "`"+folder+"`") {
				t.Errorf("docs/architecture.md does not say what %s owns", folder)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestEveryInternalPackageHasAnImportRule holds .golangci.yml against the tree: a new
// package says on which side of the arrows of docs/architecture.md it is.
func TestEveryInternalPackageHasAnImportRule(t *testing.T) {
	root, err := stack.Root()
	if err != nil {
		t.Fatal(err)
	}
	rules, err := os.ReadFile(filepath.Join(root, ".golangci.yml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, module := range []string{"authserver", "resourceapi"} {
		folders, err := os.ReadDir(filepath.Join(root, module, "internal"))
		if err != nil || len(folders) == 0 {
			t.Fatal(folders, err)
		}
		for _, folder := range folders {
			if of := "**/" + module + "/internal/" + folder.Name() + "/"; !strings.Contains(string(rules), of) {
				t.Errorf("no rule of .golangci.yml is about %s", of)
			}
		}
	}
}
