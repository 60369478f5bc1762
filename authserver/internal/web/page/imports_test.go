package page

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Pages import no handler and no use case, generated code included, which lint
// does not look at.
func TestPagesKnowNoHandlerAndNoUseCase(t *testing.T) {
	names, err := filepath.Glob("*.go")
	if err != nil || len(names) == 0 {
		t.Fatalf("%d files: %v", len(names), err)
	}
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range file.Imports {
			path, err := strconv.Unquote(one.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if path == "net/http" || strings.HasPrefix(path, "latchkey/authserver/internal") {
				t.Errorf("%s imports %s", name, path)
			}
		}
	}
}
