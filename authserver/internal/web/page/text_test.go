package page

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// texts reads every catalogue from its files, as the server does.
func texts(t *testing.T) map[string]map[string]string {
	t.Helper()
	names, err := filepath.Glob("text/*.json")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]map[string]string{}
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		language, _, _ := strings.Cut(filepath.Base(name), ".")
		if all[language] == nil {
			all[language] = map[string]string{}
		}
		var part map[string]string
		if err := json.Unmarshal(raw, &part); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for key, text := range part {
			all[language][key] = text
		}
	}
	return all
}

var (
	placeholder = regexp.MustCompile(`%(?:\[\d\])?[a-z]`)
	literalKey  = regexp.MustCompile(`^[a-z0-9_]+(\.[a-z0-9_]+)+$`)
	quoted      = regexp.MustCompile(`"([a-z0-9_.]+)"`)
)

func TestLanguagesSayTheSame(t *testing.T) {
	all := texts(t)
	english := all["en"]
	for language, catalogue := range all {
		for key, text := range english {
			other, ok := catalogue[key]
			switch {
			case !ok:
				t.Errorf("%s has no text for %q", language, key)
			case other == "":
				t.Errorf("%s has an empty text for %q", language, key)
			}
			want, got := placeholder.FindAllString(text, -1), placeholder.FindAllString(other, -1)
			slices.Sort(want)
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" && !strings.HasPrefix(key, "hint.") {
				t.Errorf("%s: %q has other placeholders:\n%s", language, key, diff)
			}
			if strings.Count(text, "\n") != strings.Count(other, "\n") {
				t.Errorf("%s: %q lists another number of things", language, key)
			}
		}
		for key := range catalogue {
			if _, ok := english[key]; !ok && !strings.HasPrefix(key, "say:") {
				t.Errorf("%s has %q, which English has not", language, key)
			}
		}
	}
}

// Whatever looks like the key of a text in a page or its handler is one. The
// pages are read as the generator wrote them, so a part that takes a key is seen
// too.
func TestPagesNameOnlyTextsThatExist(t *testing.T) {
	english := texts(t)["en"]
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	handlers, err := filepath.Glob("../*.go")
	if err != nil || len(handlers) == 0 {
		t.Fatalf("the handlers are not there: %v", err)
	}
	names = append(names, handlers...)
	seen := map[string]bool{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			literal, ok := n.(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				return true
			}
			key, err := strconv.Unquote(literal.Value)
			if err != nil || !literalKey.MatchString(key) {
				return true
			}
			if _, err := os.Stat(filepath.Join("static", key)); err == nil {
				return true
			}
			if seen[key] = true; english[key] == "" {
				t.Errorf("%s names %q, which has no text", name, key)
			}
			return true
		})
	}
	if len(seen) < len(english)/2 {
		t.Errorf("%d keys seen, of %d texts", len(seen), len(english))
	}
}

// TestEveryTextIsUsed: its key stands in a page or its handler, or what it is put
// together from, a beginning ("role." …) or an end (… ".text").
func TestEveryTextIsUsed(t *testing.T) {
	literals := map[string]bool{}
	for _, pattern := range []string{"*.go", "../*.go"} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			t.Fatal(names, err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			source, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, found := range quoted.FindAllStringSubmatch(string(source), -1) {
				literals[found[1]] = true
			}
		}
	}
	for key := range texts(t)["en"] {
		used := literals[key] || strings.HasPrefix(key, "say:")
		for i, c := range key {
			used = used || c == '.' && (literals[key[:i+1]] || literals[key[:i]] && literals[key[i:]])
		}
		if !used {
			t.Errorf("nothing says %q", key)
		}
	}
}
